//! Which image work begins next: rules alone, without threads and without a clock.
//!
//! | share | what | places | waits |
//! |---|---|---|---|
//! | [`Share::Upload`] | uploads | all | up to 64, in turn with renditions on demand |
//! | [`Share::OnDemand`] | pictures made of stored images on request | all but one | up to 64 |
//! | [`Share::Generated`] | pictures that need no token | those that the row above leaves | up to 8, behind both |
//! | [`Share::Event`] | renditions for the worker | threads of their own, of low priority | without limit, behind all |
//!
//! So pictures never take the last place, nor a place in the queue of uploads. While there are requests,
//! events get a tenth of the cores' time ([`Budget`]); without requests, and after a single one, all of it. All shares use
//! the same memory.

use std::{collections::VecDeque, time::Duration};

use super::budget::Budget;

/// What image work is done for, by priority as in the table above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// A request that sends an image.
    Upload,
    /// A request for a picture of a stored image.
    OnDemand,
    /// A request for a generated picture.
    Generated,
    /// An event: no one waits for it.
    Event,
}

impl Share {
    /// How many may wait before the next is refused. Photographs of 100 kB take a few milliseconds each;
    /// images of 32 megapixels take a tenth of a second, so that the last of 64 is served well within the
    /// time limit of a request. A generated picture takes up to 20 ms, and the client can retry. The worker
    /// takes no more events than it has cores.
    const fn queue(self) -> usize {
        match self {
            Self::Upload | Self::OnDemand => 64,
            Self::Generated => 8,
            Self::Event => usize::MAX,
        }
    }

    /// Whether events have to wait for it.
    const fn is_request(self) -> bool {
        matches!(self, Self::Upload | Self::OnDemand)
    }
}

/// Identifies work that waits.
pub(super) type Id = u64;

/// Work that may begin now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ReadyWork<T> {
    pub(super) share: Share,
    pub(super) bytes: u64,
    pub(super) what: T,
}

/// What waits and what runs.
pub(super) struct Scheduler<T> {
    /// For requests; at least two, so that one is left to uploads.
    places: usize,
    cores: usize,
    free_bytes: u64,
    waiting: [VecDeque<Waiting<T>>; 4],
    running: [usize; 4],
    last_id: Id,
    budget: Budget,
}

struct Waiting<T> {
    id: Id,
    bytes: u64,
    what: T,
}

impl<T> Scheduler<T> {
    pub(super) fn new(bytes: u64, cores: usize) -> Self {
        Self {
            places: cores.max(2),
            cores,
            free_bytes: bytes,
            waiting: std::array::from_fn(|_| VecDeque::new()),
            running: [0; 4],
            last_id: 0,
            budget: Budget::new(cores),
        }
    }

    /// Takes a place in the queue of `share`; returns `what` if the queue is full.
    pub(super) fn enter(&mut self, share: Share, bytes: u64, what: T, now: Duration) -> Result<Id, T> {
        self.spend(now);
        if self.waiting[share as usize].len() >= share.queue() {
            return Err(what);
        }
        if share.is_request() {
            let has_requests = self.has_requests();
            self.budget.request_came(has_requests, now);
        }
        let queue = &mut self.waiting[share as usize];
        self.last_id += 1;
        queue.push_back(Waiting { id: self.last_id, bytes, what });
        Ok(self.last_id)
    }

    /// Leaves the queue, if the work has not begun.
    pub(super) fn leave(&mut self, share: Share, id: Id, now: Duration) {
        self.spend(now);
        self.waiting[share as usize].retain(|waiting| waiting.id != id);
    }

    /// Work has ended.
    pub(super) fn end(&mut self, share: Share, bytes: u64, now: Duration) {
        self.spend(now);
        self.running[share as usize] -= 1;
        self.free_bytes += bytes;
        if share.is_request() {
            self.budget.request_ended(now);
        }
    }

    /// The work that begins next, if any can: to be called until it returns `None`.
    pub(super) fn next(&mut self, now: Duration) -> Option<ReadyWork<T>> {
        self.spend(now);
        if self.is_event_due(now) {
            // If requests hold the memory that it needs, no other begins until they release it: else a large
            // image would wait for as long as requests arrive.
            return self.begin(Share::Event);
        }
        let share = self.first_request().or_else(|| self.idle_event(now))?;
        // Nothing overtakes what waits for memory.
        self.begin(share)
    }

    /// When an event that waits may begin, if nothing else happens.
    pub(super) fn event_at(&self, now: Duration) -> Option<Duration> {
        let waits =
            !self.waiting[Share::Event as usize].is_empty() && self.running[Share::Event as usize] == 0;
        waits.then(|| self.budget.event_at(self.has_requests(), now)).flatten()
    }

    pub(super) fn has_waiting_events(&self) -> bool {
        !self.waiting[Share::Event as usize].is_empty()
    }

    fn spend(&mut self, now: Duration) {
        self.budget.spend(self.has_requests(), self.running[Share::Event as usize], now);
    }

    fn has_requests(&self) -> bool {
        [Share::Upload, Share::OnDemand]
            .into_iter()
            .any(|share| self.running[share as usize] > 0 || !self.waiting[share as usize].is_empty())
    }

    fn is_event_due(&self, now: Duration) -> bool {
        !self.waiting[Share::Event as usize].is_empty()
            && self.running[Share::Event as usize] == 0
            && self.budget.is_busy(self.has_requests(), now)
            && self.budget.allows_event()
    }

    fn first_request(&self) -> Option<Share> {
        let running = |share: Share| self.running[share as usize];
        let pictures = running(Share::OnDemand) + running(Share::Generated);
        if running(Share::Upload) + pictures >= self.places {
            return None;
        }
        let first = |share: Share| self.waiting[share as usize].front().map(|waiting| (waiting.id, share));
        let picture = |share| if pictures + 1 < self.places { first(share) } else { None };
        let requests = [first(Share::Upload), picture(Share::OnDemand)];
        let request = requests.into_iter().flatten().min_by_key(|(id, _)| *id);
        request.or_else(|| picture(Share::Generated)).map(|(_, share)| share)
    }

    fn idle_event(&self, now: Duration) -> Option<Share> {
        let may = self.running[Share::Event as usize] < self.cores
            && !self.budget.is_busy(self.has_requests(), now)
            && self.has_waiting_events();
        may.then_some(Share::Event)
    }

    fn begin(&mut self, share: Share) -> Option<ReadyWork<T>> {
        let queue = &mut self.waiting[share as usize];
        let Waiting { bytes, what, .. } = queue.pop_front_if(|first| first.bytes <= self.free_bytes)?;
        self.free_bytes -= bytes;
        self.running[share as usize] += 1;
        Some(ReadyWork { share, bytes, what })
    }
}

#[cfg(test)]
mod tests;
