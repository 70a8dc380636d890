//! Memory for bodies.

use std::{
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::BodyError;

/// Memory for bodies, shared by all requests, those that wait for their turn included.
#[derive(Clone, Debug)]
pub struct BodyMemory(Arc<Memory>);

#[derive(Debug)]
struct Memory {
    free: Arc<Semaphore>,
    /// Notified when bytes that were kept are dropped.
    released: Notify,
}

impl BodyMemory {
    /// Room for `max_bytes` in all.
    pub fn new(max_bytes: usize) -> Self {
        Self(Arc::new(Memory { free: Arc::new(Semaphore::new(max_bytes)), released: Notify::new() }))
    }

    /// Counts `bytes` until their last part is dropped.
    pub fn keep(&self, bytes: Bytes) -> Result<Bytes, BodyError> {
        Ok(self.room(bytes.len())?.hold(bytes))
    }

    /// Room for at most `most` bytes, if there is any.
    pub fn room(&self, most: usize) -> Result<Room, BodyError> {
        Ok(Room { held: Some(self.take(most)?), memory: self.0.clone() })
    }

    /// The same, as soon as there is room. Those that wait reserve nothing, so that others can begin.
    pub async fn room_when_free(&self, most: usize) -> Room {
        loop {
            let released = self.0.released.notified();
            tokio::pin!(released);
            released.as_mut().enable();
            if let Ok(room) = self.room(most) {
                return room;
            }
            released.await;
        }
    }

    pub(super) fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, BodyError> {
        self.0.free.clone().try_acquire_many_owned(permits(bytes)?).map_err(|_| BodyError::Busy)
    }
}

/// Memory that bytes will take.
#[derive(Debug)]
pub struct Room {
    held: Option<OwnedSemaphorePermit>,
    memory: Arc<Memory>,
}

impl Room {
    /// Counts `bytes` until their last part is dropped. The rest of the room is free again.
    pub fn hold(mut self, bytes: Bytes) -> Bytes {
        if let Some(held) = &mut self.held {
            drop(held.split(held.num_permits().saturating_sub(bytes.len())));
            self.memory.released.notify_waiters();
        }
        Bytes::from_owner(Owner { bytes, _held: self })
    }
}

impl Room {
    /// The same for a whole body, whose room can pass to what is made of it.
    pub fn hold_body(mut self, bytes: Bytes) -> BodyBytes {
        let held = Arc::new(Mutex::new(self.held.take()));
        let memory = BodyMemory(self.memory.clone());
        let bytes = Bytes::from_owner(Owner { bytes, _held: held.clone() });
        BodyBytes { bytes, held, memory }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        drop(self.held.take());
        self.memory.released.notify_waiters();
    }
}

fn permits(bytes: usize) -> Result<u32, BodyError> {
    u32::try_from(bytes).map_err(|_| BodyError::Busy)
}

/// Bytes assembled from pieces, counted by what is allocated for them.
pub struct BodyBuffer {
    bytes: Vec<u8>,
    most: usize,
    memory: BodyMemory,
    held: Option<OwnedSemaphorePermit>,
}

/// Bytes that are counted until the last part of them is dropped.
#[derive(Clone, Debug)]
pub struct BodyBytes {
    bytes: Bytes,
    held: Held,
    memory: BodyMemory,
}

type Held = Arc<Mutex<Option<OwnedSemaphorePermit>>>;

impl BodyBuffer {
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

    /// All of it.
    pub fn finish(self) -> BodyBytes {
        let held = Arc::new(Mutex::new(self.held));
        let bytes = Bytes::from_owner(Owner { bytes: self.bytes, _held: held.clone() });
        BodyBytes { bytes, held, memory: self.memory }
    }
}

impl BodyBytes {
    /// The bytes.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// Replaces these bytes by `bytes` that were made of them, which take over their memory: what was accepted is refused
    /// only if it grew and there is no more.
    pub fn replace(self, bytes: Bytes) -> Result<Bytes, BodyError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner).take();
        let before = held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if bytes.len() > before {
            let more = self.memory.take(bytes.len() - before)?;
            match held.as_mut() {
                Some(held) => held.merge(more),
                None => held = Some(more),
            }
        } else if let Some(held) = held.as_mut() {
            drop(held.split(before - bytes.len()));
        }
        Ok(Bytes::from_owner(Owner { bytes, _held: held }))
    }
}

impl Deref for BodyBytes {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        &self.bytes
    }
}

struct Owner<B, H> {
    bytes: B,
    _held: H,
}

impl<B: AsRef<[u8]>, H> AsRef<[u8]> for Owner<B, H> {
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
        let mut buffer = BodyBuffer::new(&memory, 700);
        for _ in 0..70 {
            buffer.push(&[7; 10]).unwrap();
            let counted = 1000 - memory.0.free.available_permits();
            assert!(
                counted >= buffer.bytes.capacity() && counted <= buffer.len() + buffer.len() / 4,
                "{counted}"
            );
        }
        assert_eq!(memory.0.free.available_permits(), 300, "no more than was expected");
        let part = buffer.finish().slice(..1);
        assert!(memory.take(301).is_err(), "a part is still there");
        drop(part);
        assert!(memory.take(1000).is_ok());
    }

    #[test]
    fn a_replaced_body_takes_over_the_memory() {
        let memory = BodyMemory::new(1000);
        let filled = |bytes| {
            let mut buffer = BodyBuffer::new(&memory, bytes);
            buffer.push(&vec![0; bytes]).map(|()| buffer.finish())
        };
        let (first, second, third) = (filled(600).unwrap(), filled(200).unwrap(), filled(200).unwrap());
        let smaller = first.replace(Bytes::from_static(&[1; 500])).unwrap();
        assert_eq!(memory.0.free.available_permits(), 100);
        assert!(second.replace(Bytes::from_static(&[1; 301])).is_err(), "it grew past the memory");
        assert_eq!(memory.0.free.available_permits(), 300);
        let larger = third.replace(Bytes::from_static(&[1; 450])).unwrap();
        assert_eq!(memory.0.free.available_permits(), 50);
        drop((smaller, larger));
        assert_eq!(memory.0.free.available_permits(), 1000);
    }

    #[test]
    fn a_piece_beyond_the_memory_is_refused() {
        let memory = BodyMemory::new(1000);
        let (mut one, mut other) = (BodyBuffer::new(&memory, 690), BodyBuffer::new(&memory, 690));
        one.push(&[0; 600]).unwrap();
        assert!(matches!(other.push(&[0; 600]), Err(BodyError::Busy)));
        drop(one);
        other.push(&[0; 600]).unwrap();
    }
}
