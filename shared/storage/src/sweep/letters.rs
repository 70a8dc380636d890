//! The images that the worker failed to process.

use std::collections::HashSet;

use domain::{DeadLetters, Error, UploadId};

use crate::{
    event_json::payload,
    retry::{Retries, with_retries},
};

/// The uploads in the dead letters. The letters are received, read and released, even after an error.
pub(super) async fn uploads(letters: &dyn DeadLetters, retries: Retries) -> Result<HashSet<UploadId>, Error> {
    let (mut uploads, mut ids, mut received) = (HashSet::new(), HashSet::new(), Vec::new());
    let read = async {
        loop {
            let some = with_retries(retries, || letters.receive()).await?;
            let is_over = some.is_empty();
            // A letter that is redelivered was released when its lease ended: all were seen.
            let is_known = some.iter().any(|letter| !ids.insert(letter.delivery.id.clone()));
            for letter in &some {
                uploads.extend(UploadId::all_in(&payload(&letter.delivery)));
            }
            received.extend(some);
            if is_over || is_known {
                return Ok(());
            }
        }
    };
    let read: Result<(), Error> = read.await;
    let released = with_retries(retries, || letters.release(&received)).await;
    read?;
    // A letter that stays hidden becomes visible by itself within a minute.
    if let Err(error) = released {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "could not release dead letters; they are hidden for up to a minute"
        );
    }
    Ok(uploads)
}
