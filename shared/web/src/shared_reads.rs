//! Reads that several requests share.

use std::{
    collections::HashMap,
    future::pending,
    hash::Hash,
    panic::{AssertUnwindSafe, resume_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared, WeakShared},
};
use runtime::telemetry::on_behalf;
use tokio::{
    task::{JoinError, JoinSet},
    time::timeout,
};

/// How long a read waits for the one before it. A slow read delays no other by more.
const PATIENCE: Duration = Duration::from_millis(20);

/// At most one read of each key at a time, as long as it is fast. Requests that come meanwhile share the one that
/// follows, never the one in progress, so each is shown every write that was acknowledged before it came. Clones share
/// them.
pub struct SharedReads<K, T: Clone>(Arc<Mutex<State<K, T>>>);

struct State<K, T: Clone> {
    /// Those with requests that wait.
    reads: HashMap<K, Reads<T>>,
    last_id: u64,
}

/// Those of a key.
struct Reads<T: Clone> {
    begun: Option<Read<T>>,
    next: Option<Read<T>>,
}

/// Ends when no request waits for it any more.
struct Read<T: Clone> {
    id: u64,
    future: WeakShared<BoxFuture<'static, T>>,
}

impl<K, T: Clone> Clone for SharedReads<K, T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, T: Clone> Default for SharedReads<K, T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State { reads: HashMap::new(), last_id: 0 })))
    }
}

impl<K, T> SharedReads<K, T>
where
    K: Eq + Hash + Clone + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// What `read` returns, or another read of `key` that begins after this call.
    ///
    /// A request that goes away ends no read that others wait for. A panic of a read panics in all of them.
    pub async fn get(&self, key: &K, read: impl Future<Output = T> + Send + 'static) -> T {
        let shared = self.join(key, on_behalf(read));
        shared.await
    }

    fn join(&self, key: &K, read: BoxFuture<'static, T>) -> Shared<BoxFuture<'static, T>> {
        // No read may be dropped while the lock is held: `Ended` takes it.
        let mut state = lock(&self.0);
        let (begun, next) = match state.reads.get(key) {
            Some(reads) => (upgrade(reads.begun.as_ref()), upgrade(reads.next.as_ref())),
            None => (None, None),
        };
        if let Some(next) = next {
            drop(state);
            return next;
        }
        state.last_id += 1;
        let id = state.last_id;
        let follows = begun.is_some();
        let place = Place { state: self.0.clone(), key: key.clone(), id };
        let ended = Ended(place.clone());
        let future = match begun {
            Some(begun) => follow(place, ended, begun, read).boxed(),
            None => first(ended, read).boxed(),
        };
        let future = future.shared();
        let Some(weak) = future.downgrade() else { return future };
        let reads = state.reads.entry(key.clone()).or_insert(Reads { begun: None, next: None });
        let slot = if follows { &mut reads.next } else { &mut reads.begun };
        *slot = Some(Read { id, future: weak });
        drop(state);
        future
    }
}

async fn first<K: Eq + Hash, T: Clone>(_ended: Ended<K, T>, read: BoxFuture<'static, T>) -> T {
    read.await
}

/// Runs `read` once the one that has `begun` ended, or took too long. In a task of its own, so that its progress does
/// not wake all requests that wait.
async fn follow<K, T>(
    place: Place<K, T>,
    _ended: Ended<K, T>,
    begun: Shared<BoxFuture<'static, T>>,
    read: BoxFuture<'static, T>,
) -> T
where
    K: Eq + Hash + Clone + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    let mut task = JoinSet::new();
    task.spawn(async move {
        // If it panics, the requests that share it fail, and none of those here.
        let _ = timeout(PATIENCE, AssertUnwindSafe(begun).catch_unwind()).await;
        place.begin();
        read.await
    });
    match task.join_next().await.expect("there is one task").map_err(JoinError::try_into_panic) {
        Ok(answer) => answer,
        Err(Ok(panic)) => resume_unwind(panic),
        // The process ends.
        Err(Err(_cancelled)) => pending().await,
    }
}

/// That of a read.
struct Place<K, T: Clone> {
    state: Arc<Mutex<State<K, T>>>,
    key: K,
    id: u64,
}

impl<K: Clone, T: Clone> Clone for Place<K, T> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), key: self.key.clone(), id: self.id }
    }
}

impl<K: Eq + Hash, T: Clone> Place<K, T> {
    /// From here on, requests share the read after this one.
    fn begin(&self) {
        let mut state = lock(&self.state);
        if let Some(reads) = state.reads.get_mut(&self.key)
            && let Some(next) = reads.next.take_if(|next| next.id == self.id)
        {
            reads.begun = Some(next);
        }
    }
}

/// Gives the place of a read back when it ends, or when no request waits for it.
struct Ended<K: Eq + Hash, T: Clone>(Place<K, T>);

impl<K: Eq + Hash, T: Clone> Drop for Ended<K, T> {
    fn drop(&mut self) {
        let Place { state, key, id } = &self.0;
        let mut state = lock(state);
        let Some(reads) = state.reads.get_mut(key) else { return };
        reads.begun.take_if(|begun| begun.id == *id);
        reads.next.take_if(|next| next.id == *id);
        if reads.begun.is_none() && reads.next.is_none() {
            state.reads.remove(key);
        }
    }
}

fn upgrade<T: Clone>(read: Option<&Read<T>>) -> Option<Shared<BoxFuture<'static, T>>> {
    read.and_then(|read| read.future.upgrade())
}

fn lock<S>(state: &Mutex<S>) -> MutexGuard<'_, S> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::atomic::{AtomicU32, Ordering::SeqCst},
        task::Poll,
    };

    use futures_util::{future::join_all, poll};
    use tokio::{
        sync::Semaphore,
        task::yield_now,
        time::{Instant, advance},
    };

    use super::*;

    /// Counts reads; each ends as soon as it may.
    #[derive(Clone)]
    struct Store {
        begun: Arc<AtomicU32>,
        dropped: Arc<AtomicU32>,
        may_end: Arc<Semaphore>,
    }

    struct Dropped(Arc<AtomicU32>);

    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    impl Store {
        fn new() -> Self {
            Self { begun: Arc::default(), dropped: Arc::default(), may_end: Arc::new(Semaphore::new(0)) }
        }

        /// The number of the read.
        fn read(&self) -> impl Future<Output = u32> + Send + 'static {
            let Self { begun, dropped, may_end } = self.clone();
            async move {
                let _dropped = Dropped(dropped);
                let number = begun.fetch_add(1, SeqCst) + 1;
                may_end.acquire().await.unwrap().forget();
                number
            }
        }

        fn begun(&self) -> u32 {
            self.begun.load(SeqCst)
        }

        fn dropped(&self) -> u32 {
            self.dropped.load(SeqCst)
        }
    }

    /// Lets tasks run until this holds.
    async fn until(holds: impl Fn() -> bool) {
        for _ in 0..1000 {
            if holds() {
                return;
            }
            yield_now().await;
        }
        panic!("it never holds");
    }

    fn is_empty<K, T: Clone>(reads: &SharedReads<K, T>) -> bool {
        lock(&reads.0).reads.is_empty()
    }

    #[tokio::test]
    async fn requests_that_come_during_a_read_share_the_one_after_it() {
        let (reads, store) = (SharedReads::default(), Store::new());
        let get = || reads.get(&'a', store.read());
        let (mut first, mut second, mut third) = (pin!(get()), pin!(get()), pin!(get()));
        for request in [first.as_mut(), second.as_mut(), third.as_mut()] {
            assert_eq!(poll!(request), Poll::Pending);
        }
        assert_eq!(store.begun(), 1);

        store.may_end.add_permits(1);
        assert_eq!(first.await, 1);
        assert_eq!(poll!(second.as_mut()), Poll::Pending);
        until(|| store.begun() == 2).await;
        let mut fourth = pin!(get());
        assert_eq!(poll!(fourth.as_mut()), Poll::Pending);
        store.may_end.add_permits(2);
        assert_eq!((second.await, third.await, fourth.await), (2, 2, 3));
        assert!(is_empty(&reads));
    }

    #[tokio::test]
    async fn reads_of_other_keys_do_not_wait() {
        let (reads, store) = (SharedReads::default(), Store::new());
        let mut other = pin!(reads.get(&'a', store.read()));
        assert_eq!(poll!(other.as_mut()), Poll::Pending);
        assert_eq!(reads.get(&'b', async { 7 }).await, 7);
    }

    #[tokio::test]
    async fn a_request_that_goes_away_ends_no_read_that_others_wait_for() {
        let (reads, store) = (SharedReads::default(), Store::new());
        let get = || Box::pin(reads.get(&'a', store.read()));
        let (mut first, mut second, mut third) = (get(), get(), get());
        for request in [&mut first, &mut second, &mut third] {
            assert_eq!(poll!(request), Poll::Pending);
        }
        // That of the read in progress, and one of two that wait.
        drop((first, second));
        assert_eq!(store.dropped(), 0);
        store.may_end.add_permits(2);
        assert_eq!(third.await, 2);
        assert!(is_empty(&reads));
    }

    #[tokio::test]
    async fn a_read_that_no_request_waits_for_ends_and_leaves_nothing() {
        let (reads, store) = (SharedReads::default(), Store::new());
        let get = || Box::pin(reads.get(&'a', store.read()));
        let (mut first, mut second) = (get(), get());
        assert_eq!((poll!(&mut first), poll!(&mut second)), (Poll::Pending, Poll::Pending));
        drop(second);
        drop(first);
        until(|| store.dropped() == 1).await;
        assert_eq!(store.begun(), 1);
        assert!(is_empty(&reads));
        store.may_end.add_permits(1);
        assert_eq!(get().await, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_read_delays_the_next_one_by_a_bounded_time() {
        let reads = SharedReads::default();
        let mut slow = pin!(reads.get(&'a', pending()));
        assert_eq!(poll!(slow.as_mut()), Poll::Pending);
        let start = Instant::now();
        let mut second = pin!(reads.get(&'a', async { 2 }));
        assert_eq!(poll!(second.as_mut()), Poll::Pending);
        yield_now().await;
        advance(PATIENCE / 2).await;
        let third = reads.get(&'a', async { 3 });
        let both = timeout(10 * PATIENCE, async { tokio::join!(second, third) });
        assert_eq!(both.await.unwrap(), (2, 2));
        assert_eq!(start.elapsed().as_millis(), PATIENCE.as_millis());
        assert_eq!(reads.get(&'a', async { 4 }).await, 4);
    }

    #[tokio::test]
    async fn a_panic_leaves_nothing() {
        let reads = SharedReads::default();
        let panic = reads.get(&'a', async { resume_unwind(Box::new("no")) });
        assert!(AssertUnwindSafe(panic).catch_unwind().await.is_err());
        assert!(is_empty(&reads));
        assert_eq!(reads.get(&'a', async { 1 }).await, 1);
    }

    #[tokio::test]
    async fn a_panic_fails_no_request_that_waits_for_the_next_read() {
        let (reads, may_end) = (SharedReads::default(), Arc::new(Semaphore::new(0)));
        let panics = {
            let may_end = may_end.clone();
            async move {
                let _turn = may_end.acquire().await;
                resume_unwind(Box::new("no"))
            }
        };
        let mut first = Box::pin(AssertUnwindSafe(reads.get(&'a', panics)).catch_unwind());
        let mut second = pin!(reads.get(&'a', async { 2 }));
        assert!(poll!(&mut first).is_pending());
        assert_eq!(poll!(second.as_mut()), Poll::Pending);
        may_end.add_permits(1);
        assert!(first.await.is_err());
        assert_eq!(second.await, 2);
        assert!(is_empty(&reads));
    }

    /// On several threads, with requests that go away at any time.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn every_request_is_shown_what_was_written_before_it() {
        let (reads, written) = (SharedReads::default(), Arc::new(AtomicU32::new(0)));
        let requests = (0..16_u32).map(|client| {
            let (reads, written) = (reads.clone(), written.clone());
            tokio::spawn(async move {
                for round in 0..500 {
                    let before = written.fetch_add(1, SeqCst) + 1;
                    let (key, store) = (round % 2, written.clone());
                    let read = async move {
                        let found = store.load(SeqCst);
                        yield_now().await;
                        found
                    };
                    let mut found = pin!(reads.get(&key, read));
                    if (client + round) % 7 == 0 {
                        let _ = poll!(found.as_mut());
                    } else {
                        assert!(found.await >= before);
                    }
                }
            })
        });
        for ended in join_all(requests).await {
            ended.unwrap();
        }
        assert!(is_empty(&reads));
    }
}
