//! Storing renditions of an image that its user still has.

use std::sync::Arc;

use domain::{AvatarKey, Error, Rendition};
use tokio::task::JoinSet;

use crate::aws::{aws_clients::AwsClients, item};

pub(super) async fn keep_renditions(
    aws: &Arc<AwsClients>,
    of: &AvatarKey,
    renditions: Vec<Rendition>,
) -> Result<(), Error> {
    // Concurrently: there are several, and each takes a round trip to S3.
    let mut puts = JoinSet::new();
    for Rendition { size, image } in renditions {
        let (aws, key) = (aws.clone(), of.rendition(size, image.format));
        puts.spawn(async move { aws.bucket()?.put_rendition(&key, &image).await });
    }
    // All must finish: one that is still in flight must not arrive after the check below.
    let outcome = puts.join_all().await.into_iter().collect::<Result<Vec<()>, _>>();
    match aws.table.get(&of.user).await? {
        Some(now) if item::references(&now, of) => outcome.map(drop),
        // Without a marker the bucket may belong to another table, whose user has this image: a sweep decides.
        _ if !aws.owner().await?.is_marked => Err(Error::NotFound),
        _ => {
            aws.remove_renditions(of).await?;
            Err(Error::NotFound)
        }
    }
}
