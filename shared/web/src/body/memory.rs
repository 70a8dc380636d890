//! Memory for bodies.

use std::{
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time,
};

use super::BodyError;

/// How long a body that is being read waits for memory. It holds what it has meanwhile: where all wait for each other,
/// the first that gives up lets the others go on.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many bodies wait at once. The next is refused: a body that waits keeps its connection, so stalled uploads that have
/// the memory would take all connections from clients who need none of it.
const WAITING: usize = 16;

/// Memory for bodies, shared by all requests, those that wait for their turn included.
#[derive(Clone, Debug)]
pub struct BodyMemory(Arc<Memory>);

#[derive(Debug)]
struct Memory {
    free: Arc<Semaphore>,
    /// Places for bodies that wait.
    waiting: Semaphore,
    /// Notified when bytes that were kept are dropped.
    released: Notify,
}

impl BodyMemory {
    /// Room for `max_bytes` in all.
    pub fn new(max_bytes: usize) -> Self {
        let free = Arc::new(Semaphore::new(max_bytes));
        Self(Arc::new(Memory { free, waiting: Semaphore::new(WAITING), released: Notify::new() }))
    }

    /// Counts `bytes` until their last part is dropped.
    pub fn keep(&self, bytes: Bytes) -> Result<Bytes, BodyError> {
        Ok(self.room(bytes.len())?.hold(bytes))
    }

    /// Room for at most `most` bytes, if there is any.
    pub fn room(&self, most: usize) -> Result<Room, BodyError> {
        let most = u32::try_from(most).map_err(|_| BodyError::Busy)?;
        let held = self.0.free.clone().try_acquire_many_owned(most).map_err(|_| BodyError::Busy)?;
        Ok(Room { held: Some(held), memory: self.0.clone() })
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

    /// The same, for a body that is being read.
    pub(super) async fn room_soon(&self, most: usize) -> Result<Room, BodyError> {
        if let Ok(room) = self.room(most) {
            return Ok(room);
        }
        let _place = self.0.waiting.try_acquire().map_err(|_| BodyError::Busy)?;
        time::timeout(PATIENCE, self.room_when_free(most)).await.map_err(|_| BodyError::Busy)
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
        self.shrink(bytes.len());
        Bytes::from_owner(Owner { bytes, _held: self })
    }

    /// The same for a whole body, whose room can pass to what is made of it.
    pub fn hold_body(self, bytes: Bytes) -> BodyBytes {
        let memory = BodyMemory(self.memory.clone());
        let held = Arc::new(Mutex::new(Some(self)));
        let bytes = Bytes::from_owner(Owner { bytes, _held: held.clone() });
        BodyBytes { bytes, held, memory }
    }

    fn bytes(&self) -> usize {
        self.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }

    fn shrink(&mut self, bytes: usize) {
        if let Some(held) = &mut self.held {
            drop(held.split(held.num_permits().saturating_sub(bytes)));
            self.memory.released.notify_waiters();
        }
    }

    fn add(&mut self, mut more: Self) {
        match (&mut self.held, more.held.take()) {
            (Some(held), Some(more)) => held.merge(more),
            (held, more) => *held = more,
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        drop(self.held.take());
        self.memory.released.notify_waiters();
    }
}

/// Bytes assembled from pieces, counted by what is allocated for them.
pub struct BodyBuffer {
    bytes: Vec<u8>,
    most: usize,
    memory: BodyMemory,
    held: Option<Room>,
}

/// Bytes that are counted until the last part of them is dropped.
#[derive(Clone, Debug)]
pub struct BodyBytes {
    bytes: Bytes,
    held: Held,
    memory: BodyMemory,
}

type Held = Arc<Mutex<Option<Room>>>;

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

    /// Appends a piece, as soon as there is memory for it. Capacity grows by a quarter: doubling would take up to
    /// twice the size.
    ///
    /// # Errors
    /// [`BodyError::Busy`] if there is still none after five seconds, or too many wait for it.
    pub async fn push(&mut self, piece: &[u8]) -> Result<(), BodyError> {
        let (needed, allocated) = (self.bytes.len() + piece.len(), self.bytes.capacity());
        if needed > allocated {
            let larger = needed.max((allocated + allocated / 4).min(self.most));
            let more = self.memory.room_soon(larger - allocated).await?;
            match self.held.as_mut() {
                Some(held) => held.add(more),
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
        let before = held.as_ref().map_or(0, Room::bytes);
        if bytes.len() > before {
            let more = self.memory.room(bytes.len() - before)?;
            match held.as_mut() {
                Some(held) => held.add(more),
                None => held = Some(more),
            }
        } else if let Some(held) = held.as_mut() {
            held.shrink(bytes.len());
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

    #[tokio::test]
    async fn allocated_memory_is_counted_until_the_last_part_is_dropped() {
        let memory = BodyMemory::new(1000);
        let mut buffer = BodyBuffer::new(&memory, 700);
        for _ in 0..70 {
            buffer.push(&[7; 10]).await.unwrap();
            let counted = 1000 - memory.0.free.available_permits();
            assert!(
                counted >= buffer.bytes.capacity() && counted <= buffer.len() + buffer.len() / 4,
                "{counted}"
            );
        }
        assert_eq!(memory.0.free.available_permits(), 300, "no more than was expected");
        let part = buffer.finish().slice(..1);
        assert!(memory.room(301).is_err(), "a part is still there");
        drop(part);
        assert!(memory.room(1000).is_ok());
    }

    #[tokio::test]
    async fn a_replaced_body_takes_over_the_memory() {
        let memory = BodyMemory::new(1000);
        let filled = async |bytes| {
            let mut buffer = BodyBuffer::new(&memory, bytes);
            buffer.push(&vec![0; bytes]).await.unwrap();
            buffer.finish()
        };
        let (first, second, third) = (filled(600).await, filled(200).await, filled(200).await);
        let smaller = first.replace(Bytes::from_static(&[1; 500])).unwrap();
        assert_eq!(memory.0.free.available_permits(), 100);
        assert!(second.replace(Bytes::from_static(&[1; 301])).is_err(), "it grew past the memory");
        assert_eq!(memory.0.free.available_permits(), 300);
        let larger = third.replace(Bytes::from_static(&[1; 450])).unwrap();
        assert_eq!(memory.0.free.available_permits(), 50);
        drop((smaller, larger));
        assert_eq!(memory.0.free.available_permits(), 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_piece_beyond_the_memory_waits_for_it() {
        let memory = BodyMemory::new(1000);
        let (mut one, mut other) = (BodyBuffer::new(&memory, 690), BodyBuffer::new(&memory, 690));
        one.push(&[0; 600]).await.unwrap();
        let piece = [0; 600];
        let mut pushed = Box::pin(other.push(&piece));
        assert!(futures_util::poll!(&mut pushed).is_pending());
        assert!(memory.room(400).is_ok(), "what waits reserves nothing");
        drop(one);
        pushed.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn past_a_few_bodies_that_wait_for_memory_the_next_is_refused_at_once() {
        let memory = BodyMemory::new(1000);
        let stalled = memory.room(1000).unwrap();
        let mut waiting: Vec<_> = (0..WAITING).map(|_| Box::pin(memory.room_soon(10))).collect();
        for body in &mut waiting {
            assert!(futures_util::poll!(body).is_pending());
        }
        let next = futures_util::poll!(Box::pin(memory.room_soon(10)));
        assert!(matches!(next, std::task::Poll::Ready(Err(BodyError::Busy))), "{next:?}");
        drop(stalled);
        for body in waiting {
            body.await.unwrap();
        }
        assert!(memory.room_soon(1000).await.is_ok(), "those that are done leave their places");
    }

    #[tokio::test(start_paused = true)]
    async fn of_bodies_that_wait_for_each_other_one_is_refused_and_the_other_is_read() {
        let memory = BodyMemory::new(1000);
        let body = async |bytes, pause_ms| {
            let mut buffer = BodyBuffer::new(&memory, 800);
            buffer.push(&vec![0; bytes]).await?;
            time::sleep(Duration::from_millis(pause_ms)).await;
            buffer.push(&vec![0; 700 - bytes]).await.map(|()| buffer.len())
        };
        let (one, other) = tokio::join!(body(500, 1), body(400, 2));
        assert!(matches!(one, Err(BodyError::Busy)), "{one:?}");
        assert_eq!(other.unwrap(), 700);
    }
}
