//! The images that the worker failed to process.

use std::collections::HashSet;

use domain::{DeadLetters, Error, UploadId};

use crate::{event_json::payload, letters::LetterWalk, retry::Retries};

/// The uploads in the dead letters. The letters are received, read and released, even after an error.
pub(super) async fn uploads(letters: &dyn DeadLetters, retries: Retries) -> Result<HashSet<UploadId>, Error> {
    let (mut uploads, mut walk) = (HashSet::new(), LetterWalk::new(letters, retries));
    let read = async {
        loop {
            let some = walk.next().await?;
            if some.is_empty() {
                return Ok(());
            }
            for letter in some {
                uploads.extend(UploadId::all_in(&payload(&letter.delivery)));
                walk.hold(letter);
            }
        }
    };
    let read: Result<(), Error> = read.await;
    let released = walk.release().await;
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
