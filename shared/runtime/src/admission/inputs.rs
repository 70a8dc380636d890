//! Memory for stored images that were read to be rendered, and wait or are being rendered.

use std::sync::Arc;

use bytes::Bytes;
use domain::Image;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// For all of them.
const ALL_BYTES: usize = 2 * EXPECTED_BYTES;

/// Reserved for an image whose size is not known yet. A larger one, which the setting allowed, counts as this.
const EXPECTED_BYTES: usize = Image::DEFAULT_MAX_BYTES;

#[derive(Clone)]
pub(super) struct Inputs(Arc<Semaphore>);

/// Memory for an image that is about to be read.
pub struct InputRoom(OwnedSemaphorePermit);

impl Default for Inputs {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ALL_BYTES)))
    }
}

impl Inputs {
    pub(super) async fn room(&self) -> InputRoom {
        let expected = u32::try_from(EXPECTED_BYTES).expect("it is small");
        let held = self.0.clone().acquire_many_owned(expected).await;
        InputRoom(held.expect("the semaphore is never closed"))
    }
}

impl InputRoom {
    /// Counts `bytes` until their last part is dropped. The rest of the room is free again.
    pub fn hold(mut self, bytes: Bytes) -> Bytes {
        drop(self.0.split(EXPECTED_BYTES.saturating_sub(bytes.len())));
        Bytes::from_owner(Held { bytes, _room: self })
    }
}

struct Held {
    bytes: Bytes,
    _room: InputRoom,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_free(inputs: &Inputs) -> bool {
        inputs.0.available_permits() >= EXPECTED_BYTES
    }

    #[tokio::test]
    async fn two_large_images_are_held_at_once_or_many_small_ones() {
        let inputs = Inputs::default();
        let large = || Bytes::from(vec![0; EXPECTED_BYTES]);
        let first = inputs.room().await.hold(large());
        let second = inputs.room().await.hold(large());
        assert!(!is_free(&inputs));
        drop(second);
        let part = first.slice(..1);
        drop(first);
        let mut small = Vec::new();
        while is_free(&inputs) && small.len() < 100 {
            small.push(inputs.room().await.hold(Bytes::from_static(&[0; 1000])));
        }
        assert_eq!(small.len(), 1, "the first is still held");
        drop(part);
        for _ in 0..100 {
            small.push(inputs.room().await.hold(Bytes::from_static(&[0; 1000])));
        }
        assert_eq!(inputs.0.available_permits(), ALL_BYTES - 101_000);
    }
}
