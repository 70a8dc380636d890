//! Memory for bodies.

use std::{pin::pin, sync::Arc, task::Poll, time::Duration};

use bytes::Bytes;
use futures_util::poll;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::BodyError;

/// How long a finished image waits for memory.
const WAIT: Duration = Duration::from_secs(5);

/// Memory for bodies, shared by all requests, those that wait for their turn included.
#[derive(Clone)]
pub struct BodyMemory(Arc<Semaphore>);

impl BodyMemory {
    /// Room for `max_bytes` in all.
    pub fn new(max_bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(max_bytes)))
    }

    /// Counts `bytes` until their last part is dropped.
    pub fn keep(&self, bytes: Bytes) -> Result<Bytes, BodyError> {
        let held = self.take(bytes.len())?;
        Ok(Bytes::from_owner(Counted { bytes, _held: held }))
    }

    /// The same for `bytes` made from `original`. Without room it waits up to 5 s, and takes precedence over bodies
    /// that are still being read.
    pub async fn replace(&self, original: Bytes, bytes: Bytes) -> Result<Bytes, BodyError> {
        let mut held = pin!(self.0.clone().acquire_many_owned(permits(bytes.len())?));
        let held = match poll!(held.as_mut()) {
            Poll::Ready(held) => held,
            Poll::Pending => {
                // Only now: it is first in the queue for the memory that this releases.
                drop(original);
                timeout(WAIT, held).await.map_err(|_| BodyError::Busy)?
            }
        };
        let held = held.map_err(|_| BodyError::Busy)?;
        Ok(Bytes::from_owner(Counted { bytes, _held: held }))
    }

    pub(super) fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, BodyError> {
        self.0.clone().try_acquire_many_owned(permits(bytes)?).map_err(|_| BodyError::Busy)
    }
}

fn permits(bytes: usize) -> Result<u32, BodyError> {
    u32::try_from(bytes).map_err(|_| BodyError::Busy)
}

/// Bytes assembled from pieces, counted by what is allocated for them.
pub struct Whole {
    bytes: Vec<u8>,
    most: usize,
    memory: BodyMemory,
    held: Option<OwnedSemaphorePermit>,
}

impl Whole {
    /// Nothing yet, and probably at most `most` bytes.
    pub fn new(memory: &BodyMemory, most: usize) -> Self {
        Self { bytes: Vec::new(), most, memory: memory.clone(), held: None }
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Appends a piece. Capacity grows by a quarter: doubling would take up to twice the size.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), BodyError> {
        let (needed, allocated) = (self.bytes.len() + piece.len(), self.bytes.capacity());
        if needed > allocated {
            let larger = needed.max((allocated + allocated / 4).min(self.most));
            let more = self.memory.take(larger - allocated)?;
            match self.held.as_mut() {
                Some(held) => held.merge(more),
                None => self.held = Some(more),
            }
            self.bytes.reserve_exact(larger - self.bytes.len());
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    /// All of it, counted until it is dropped.
    pub fn into_bytes(self) -> Bytes {
        Bytes::from_owner(Counted { bytes: self.bytes, _held: self.held })
    }
}

struct Counted<B, H> {
    bytes: B,
    _held: H,
}

impl<B: AsRef<[u8]>, H> AsRef<[u8]> for Counted<B, H> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allocated_memory_is_counted_until_the_last_part_is_dropped() {
        let memory = BodyMemory::new(1000);
        let mut whole = Whole::new(&memory, 700);
        for _ in 0..70 {
            whole.push(&[7; 10]).unwrap();
            let counted = 1000 - memory.0.available_permits();
            assert!(
                counted >= whole.bytes.capacity() && counted <= whole.len() + whole.len() / 4,
                "{counted}"
            );
        }
        assert_eq!(memory.0.available_permits(), 300, "no more than was expected");
        let part = whole.into_bytes().slice(..1);
        assert!(memory.take(301).is_err(), "a part is still there");
        drop(part);
        assert!(memory.take(1000).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_finished_image_gets_memory_before_bodies_that_are_still_read() {
        let memory = BodyMemory::new(1000);
        let filled = |bytes| {
            let mut whole = Whole::new(&memory, bytes);
            whole.push(&vec![0; bytes]).map(|()| whole.into_bytes())
        };
        let (original, other) = (filled(600).unwrap(), filled(400).unwrap());
        let mut image = pin!(memory.replace(original, Bytes::from_static(&[1; 700])));
        assert!(poll!(image.as_mut()).is_pending());
        assert!(filled(1).is_err(), "what the original gave back is the image's");
        drop(other);
        let image = image.await.unwrap();
        assert!(filled(300).is_ok());
        drop(image);
        let held = filled(1000).unwrap();
        assert!(
            memory.replace(Bytes::new(), Bytes::from_static(&[1; 700])).await.is_err(),
            "5 s, and no longer"
        );
        drop(held);
    }

    #[test]
    fn a_piece_beyond_the_memory_is_refused() {
        let memory = BodyMemory::new(1000);
        let (mut one, mut other) = (Whole::new(&memory, 690), Whole::new(&memory, 690));
        one.push(&[0; 600]).unwrap();
        assert!(matches!(other.push(&[0; 600]), Err(BodyError::Busy)));
        drop(one);
        other.push(&[0; 600]).unwrap();
    }
}
