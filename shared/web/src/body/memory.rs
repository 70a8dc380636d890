//! Memory for bodies.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::BodyError;

/// Memory for bodies, shared by all requests: what waits for its turn counts as well as what is under way.
#[derive(Clone)]
pub struct BodyMemory(Arc<Semaphore>);

impl BodyMemory {
    /// Room for `max_bytes` in all.
    pub fn new(max_bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(max_bytes)))
    }

    /// Counts `bytes` for as long as they, or a part of them, are kept.
    pub fn keep(&self, bytes: Bytes) -> Result<Bytes, BodyError> {
        let held = Held::default();
        held.add(self.take(bytes.len())?);
        Ok(held.keep(bytes))
    }

    pub(super) fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, BodyError> {
        let count = u32::try_from(bytes).map_err(|_| BodyError::Busy)?;
        self.0.clone().try_acquire_many_owned(count).map_err(|_| BodyError::Busy)
    }
}

/// The memory that one body was given; the last clone gives it back.
#[derive(Clone, Default)]
pub struct Held(Arc<Mutex<Option<OwnedSemaphorePermit>>>);

impl Held {
    pub(super) fn add(&self, more: OwnedSemaphorePermit) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match held.as_mut() {
            Some(held) => held.merge(more),
            None => *held = Some(more),
        }
    }

    /// `bytes` that hold this memory until they are dropped.
    pub fn keep(&self, bytes: impl AsRef<[u8]> + Send + 'static) -> Bytes {
        Bytes::from_owner(Counted { bytes, _held: self.clone() })
    }
}

struct Counted<B> {
    bytes: B,
    _held: Held,
}

impl<B: AsRef<[u8]>> AsRef<[u8]> for Counted<B> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}
