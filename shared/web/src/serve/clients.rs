//! All connections of a listener: their number, and which of them has waited longest for its client.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tokio::{
    sync::Notify,
    time::{Duration, Instant, timeout},
};

/// Time until the next search for a connection that waits for its client, when all are taken.
const SEARCH_EVERY: Duration = Duration::from_millis(10);

/// The number of candidates that one search finds.
const LONGEST: usize = 64;

/// Connections, at most `max`.
pub(super) struct Clients {
    max: usize,
    began: Instant,
    open: Mutex<Open>,
    last_number: AtomicU64,
    closed: Notify,
}

#[derive(Default)]
struct Open {
    clients: HashMap<u64, Client>,
    /// Start of the wait and number of the connections that had waited longest at the last search, the longest at the end. A
    /// connection that began to wait later has waited for less time than each of them.
    longest: Vec<(u64, u64)>,
}

/// The state of a connection.
#[derive(Clone)]
pub(super) struct Client(Arc<State>);

struct State {
    began: Instant,
    /// When it began to wait for the client: milliseconds since `began`, plus 1; 0 while it does not wait; [`EVICTED`].
    waits_since: AtomicU64,
    /// Whether a request is being answered.
    is_answering: AtomicBool,
    /// How many requests have arrived.
    requests: AtomicU64,
    evicted: Notify,
}

/// Another connection has taken the slot: no request begins any more.
const EVICTED: u64 = u64::MAX;

/// A slot among them.
pub(super) struct Slot {
    clients: Arc<Clients>,
    number: u64,
    pub(super) client: Client,
}

impl Clients {
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            max,
            began: Instant::now(),
            open: Mutex::default(),
            last_number: AtomicU64::new(0),
            closed: Notify::new(),
        })
    }

    /// A slot for a new connection. When all are taken, it closes the connection that has waited longest for its client; while
    /// none waits, the new one waits.
    pub(super) async fn enter(self: &Arc<Self>) -> Slot {
        loop {
            let closed = self.closed.notified();
            if let Some(slot) = self.try_enter() {
                return slot;
            }
            let _ = timeout(SEARCH_EVERY, closed).await;
        }
    }

    fn try_enter(self: &Arc<Self>) -> Option<Slot> {
        let mut open = self.lock();
        if open.clients.len() >= self.max && !open.evict_longest() {
            return None;
        }
        let number = self.last_number.fetch_add(1, Ordering::Relaxed);
        let client = Client::new(self.began);
        open.clients.insert(number, client.clone());
        Some(Slot { clients: self.clone(), number, client })
    }

    /// The number of connections.
    pub(super) fn len(&self) -> usize {
        self.lock().clients.len()
    }

    /// Waits until there are none.
    pub(super) async fn all_closed(&self) {
        loop {
            let closed = self.closed.notified();
            if self.len() == 0 {
                return;
            }
            closed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Frees the slot of the connection that has waited longest for its client, if any waits; its task is about to end.
    fn evict_longest(&mut self) -> bool {
        if self.evict_known() {
            return true;
        }
        let waiting = |(number, client): (&u64, &Client)| Some((client.waits_since()?, *number));
        self.longest = self.clients.iter().filter_map(waiting).collect();
        if self.longest.len() > LONGEST {
            self.longest.select_nth_unstable(LONGEST);
            self.longest.truncate(LONGEST);
        }
        self.longest.sort_unstable_by(|a, b| b.cmp(a));
        self.evict_known()
    }

    /// The next of `longest` that is still open and still waits.
    fn evict_known(&mut self) -> bool {
        while let Some((since, number)) = self.longest.pop() {
            if self.clients.get(&number).is_some_and(|client| client.evict(since)) {
                self.clients.remove(&number);
                return true;
            }
        }
        false
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.clients.lock().clients.remove(&self.number);
        self.clients.closed.notify_waiters();
    }
}

impl Client {
    /// Not waiting until the first read finds nothing: its request may have arrived already.
    pub(super) fn new(began: Instant) -> Self {
        Self(Arc::new(State {
            began,
            waits_since: AtomicU64::new(0),
            is_answering: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            evicted: Notify::new(),
        }))
    }

    /// From now on it waits for the client, unless it already does.
    pub(super) fn mark_waiting(&self) {
        let now = u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(EVICTED - 2) + 1;
        let _ = self.0.waits_since.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The client has sent or taken data; this process is next. Fails if another connection has taken the slot.
    pub(super) fn mark_working(&self) -> Result<(), Evicted> {
        let working = |since| (since != EVICTED).then_some(0);
        let was = self.0.waits_since.fetch_update(Ordering::Relaxed, Ordering::Relaxed, working);
        was.map(drop).map_err(|_| Evicted)
    }

    /// A request has arrived: until the start of its response only its body can wait for the client.
    pub(super) fn mark_answering(&self) -> Result<(), Evicted> {
        self.0.is_answering.store(true, Ordering::Relaxed);
        self.0.requests.fetch_add(1, Ordering::Relaxed);
        self.mark_working()
    }

    /// How many requests have arrived, unless one of them is being answered: what comes next is the head of another one.
    pub(super) fn next_head(&self) -> Option<u64> {
        let is_answering = self.0.is_answering.load(Ordering::Relaxed);
        (!is_answering).then(|| self.0.requests.load(Ordering::Relaxed))
    }

    /// The response has begun.
    pub(super) fn mark_answered(&self) {
        self.0.is_answering.store(false, Ordering::Relaxed);
        let _ = self.mark_working();
    }

    /// The socket has given or taken data, or could not.
    pub(super) fn note_socket(&self, is_ready: bool) {
        if self.0.is_answering.load(Ordering::Relaxed) {
            return;
        }
        if is_ready {
            let _ = self.mark_working();
        } else {
            self.mark_waiting();
        }
    }

    /// Resolves once another connection has taken its slot.
    pub(super) async fn evicted(&self) {
        self.0.evicted.notified().await;
    }

    /// Gives its slot up, if it has waited ever since.
    fn evict(&self, since: u64) -> bool {
        let claimed =
            self.0.waits_since.compare_exchange(since, EVICTED, Ordering::Relaxed, Ordering::Relaxed);
        if claimed.is_ok() {
            self.0.evicted.notify_one();
        }
        claimed.is_ok()
    }

    pub(super) fn waits_since(&self) -> Option<u64> {
        Some(self.0.waits_since.load(Ordering::Relaxed)).filter(|since| ![0, EVICTED].contains(since))
    }
}

/// Another connection has taken the slot of this one.
#[derive(Debug, thiserror::Error)]
#[error("the connection was closed to make room for another")]
pub(super) struct Evicted;

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn at_the_limit_the_longest_waiting_connection_is_evicted() {
        let clients = Clients::new(3);
        let mut slots = Vec::new();
        for _ in 0..3 {
            slots.push(clients.enter().await);
            slots.last().unwrap().client.mark_waiting();
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        // The first has sent a request, and the second has just got its answer.
        slots[0].client.mark_working().unwrap();
        slots[1].client.mark_working().unwrap();
        slots[1].client.mark_waiting();
        let new = clients.enter().await;
        assert_eq!(clients.len(), 3);
        assert!(poll!(Box::pin(slots[2].client.evicted())).is_ready());
        assert!(slots[2].client.mark_answering().is_err(), "no request begins on it any more");
        for kept in [&slots[0], &slots[1], &new] {
            assert!(poll!(Box::pin(kept.client.evicted())).is_pending());
        }
        drop(slots);
        assert_eq!(clients.len(), 1, "an evicted one gives no second slot back");
    }

    #[tokio::test(start_paused = true)]
    async fn while_all_are_busy_a_new_connection_waits() {
        let clients = Clients::new(2);
        let (one, other) = (clients.enter().await, clients.enter().await);
        let mut third = Box::pin(clients.enter());
        assert!(poll!(third.as_mut()).is_pending());
        drop(other);
        let _third = third.await;
        let mut fourth = Box::pin(clients.enter());
        assert!(poll!(fourth.as_mut()).is_pending());
        one.client.mark_waiting();
        fourth.await;
        assert!(poll!(Box::pin(one.client.evicted())).is_ready());
    }
}
