//! The images that the worker failed to process.

use std::collections::HashSet;

use domain::{DeadLetters, Error, UploadId};

use super::retry::{Retries, again};

/// The uploads in the dead letters. The letters are received, read and released, even after an error.
pub(super) async fn uploads(letters: &dyn DeadLetters, retries: Retries) -> Result<HashSet<UploadId>, Error> {
    let (mut uploads, mut ids, mut taken) = (HashSet::new(), HashSet::new(), Vec::new());
    let read = async {
        loop {
            let some = again(retries, || letters.take()).await?;
            let is_over = some.is_empty();
            // A letter that is redelivered was released when its lease ended: all were seen.
            let is_known = some.iter().any(|letter| !ids.insert(letter.delivery.id.clone()));
            uploads.extend(some.iter().flat_map(|letter| UploadId::all_in(&letter.delivery.payload)));
            taken.extend(some);
            if is_over || is_known {
                return Ok(());
            }
        }
    };
    let read: Result<(), Error> = read.await;
    let put_back = again(retries, || letters.put_back(&taken)).await;
    read?;
    // A letter that stays hidden becomes visible by itself within a minute.
    if let Err(error) = put_back {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "could not release dead letters; they are hidden for up to a minute"
        );
    }
    Ok(uploads)
}
