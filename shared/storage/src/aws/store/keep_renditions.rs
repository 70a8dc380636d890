//! Storing renditions of an image that its user still has.

use std::sync::Arc;

use domain::{AvatarKey, Error, Rendition};
use tokio::task::JoinSet;

use crate::aws::{calls::Calls, item};

pub(super) async fn keep_renditions(
    calls: &Arc<Calls>,
    of: &AvatarKey,
    renditions: Vec<Rendition>,
) -> Result<(), Error> {
    // Concurrently: there are eight of them, and each takes a round trip to S3.
    let mut puts = JoinSet::new();
    for Rendition { size, image } in renditions {
        let (calls, key) = (calls.clone(), of.rendition(size, image.format));
        puts.spawn(async move { calls.bucket()?.put_rendition(&key, &image).await });
    }
    // All must finish: one that is still in flight must not arrive after the check below.
    let outcome = puts.join_all().await.into_iter().collect::<Result<Vec<()>, _>>();
    match calls.table.get(&of.user).await? {
        Some(now) if item::names(&now, of) => outcome.map(drop),
        _ => {
            calls.remove_renditions(of).await?;
            Err(Error::NotFound)
        }
    }
}
