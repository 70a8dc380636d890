//! A bounded queue from the runtime to threads.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::Error;

/// Waiting items in order, each with its weight in bytes. Items past the bounds are refused.
pub(super) struct Queue<T> {
    waiting: Mutex<Waiting<T>>,
    changed: Condvar,
    bounds: Bounds,
}

/// How much may be in a queue or a group.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub(super) items: usize,
    /// One item alone may weigh more.
    pub(super) bytes: usize,
}

/// What a thread takes.
pub(super) enum Batch<T> {
    /// At least one item.
    Items(Vec<T>),
    /// Nothing for the time given.
    Idle,
    /// Nothing, and nothing more will come.
    Closed,
}

struct Waiting<T> {
    items: VecDeque<(T, usize)>,
    bytes: usize,
    closed: bool,
}

impl Bounds {
    fn admit(self, items: usize, bytes: usize, next: usize) -> bool {
        items == 0 || (items < self.items && bytes + next <= self.bytes)
    }
}

impl<T> Queue<T> {
    pub(super) fn new(bounds: Bounds) -> Self {
        let waiting = Waiting { items: VecDeque::new(), bytes: 0, closed: false };
        Self { waiting: Mutex::new(waiting), changed: Condvar::new(), bounds }
    }

    /// # Errors
    /// [`Error::Throttled`] if the queue is full, [`Error::Unavailable`] after [`close`](Self::close).
    pub(super) fn push(&self, item: T, bytes: usize) -> Result<(), Error> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(Error::unavailable("store is closed"));
        }
        if !self.bounds.admit(waiting.items.len(), waiting.bytes, bytes) {
            return Err(Error::Throttled);
        }
        waiting.items.push_back((item, bytes));
        waiting.bytes += bytes;
        drop(waiting);
        self.changed.notify_one();
        Ok(())
    }

    /// The next item; `None` once the queue is closed and empty.
    pub(super) fn take(&self) -> Option<T> {
        let mut waiting = self.lock();
        loop {
            if let Some(item) = waiting.pop() {
                return Some(item);
            }
            if waiting.closed {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// All waiting items, up to `group`. Waits for the first one up to `idle`, forever for `None`.
    pub(super) fn take_group(&self, group: Bounds, idle: Option<Duration>) -> Batch<T> {
        let mut waiting = self.lock();
        while waiting.items.is_empty() {
            if waiting.closed {
                return Batch::Closed;
            }
            waiting = match idle {
                None => self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner),
                Some(idle) => {
                    let (waiting, timeout) =
                        self.changed.wait_timeout(waiting, idle).unwrap_or_else(PoisonError::into_inner);
                    if timeout.timed_out() && waiting.items.is_empty() && !waiting.closed {
                        return Batch::Idle;
                    }
                    waiting
                }
            };
        }
        let mut taken = Vec::new();
        let mut bytes = 0;
        while let Some((_, next)) = waiting.items.front() {
            if !group.admit(taken.len(), bytes, *next) {
                break;
            }
            bytes += next;
            taken.extend(waiting.pop());
        }
        Batch::Items(taken)
    }

    /// Refuses new items; waiting ones can still be taken.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Closes and drops the waiting items: no thread will take them.
    pub(super) fn abandon(&self) {
        let mut waiting = self.lock();
        waiting.closed = true;
        waiting.bytes = 0;
        let dropped = std::mem::take(&mut waiting.items);
        drop(waiting);
        drop(dropped);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Waiting<T> {
    fn pop(&mut self) -> Option<T> {
        let (item, bytes) = self.items.pop_front()?;
        self.bytes -= bytes;
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { items: 3, bytes: 10 };

    fn group<T>(queue: &Queue<T>, bounds: Bounds) -> Vec<T> {
        match queue.take_group(bounds, None) {
            Batch::Items(items) => items,
            Batch::Idle | Batch::Closed => Vec::new(),
        }
    }

    #[test]
    fn a_group_is_what_waits_in_order_up_to_its_bounds() {
        let queue = Queue::new(Bounds { items: 9, bytes: 99 });
        for item in 1..=5 {
            queue.push(item, 4).unwrap();
        }
        assert_eq!(group(&queue, BOUNDS), [1, 2]);
        assert_eq!(group(&queue, Bounds { items: 1, bytes: 99 }), [3]);
        assert_eq!(group(&queue, Bounds { items: 9, bytes: 0 }), [4]);
        assert_eq!(group(&queue, BOUNDS), [5]);
    }

    #[test]
    fn past_its_bounds_it_refuses_until_there_is_room() {
        let queue = Queue::new(BOUNDS);
        queue.push(1, 20).unwrap();
        assert!(matches!(queue.push(2, 1), Err(Error::Throttled)));
        assert_eq!(queue.take(), Some(1));
        queue.push(2, 5).unwrap();
        queue.push(3, 5).unwrap();
        assert!(matches!(queue.push(4, 1), Err(Error::Throttled)));
    }

    #[test]
    fn a_closed_queue_yields_what_waits_and_refuses_more() {
        let queue = Queue::new(BOUNDS);
        queue.push(1, 1).unwrap();
        queue.close();
        assert!(matches!(queue.push(2, 1), Err(Error::Unavailable(_))));
        assert_eq!(queue.take(), Some(1));
        assert_eq!(queue.take(), None);
        assert!(matches!(queue.take_group(BOUNDS, None), Batch::Closed));
    }

    #[test]
    fn an_abandoned_queue_drops_what_waits() {
        let queue = Queue::new(BOUNDS);
        let item = std::sync::Arc::new(());
        queue.push(item.clone(), 1).unwrap();
        queue.abandon();
        assert_eq!(std::sync::Arc::strong_count(&item), 1);
        assert_eq!(queue.take(), None);
    }
}
