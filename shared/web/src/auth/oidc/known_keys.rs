//! The keys of the issuer, kept in memory.
//!
//! One task fetches them: when it starts, every few minutes, and when a token names an unknown key. So there
//! is one fetch at a time, however many requests wait for it, and a dropped request cancels nothing.

use std::{
    error::Error,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt as _;
use jsonwebtoken::{Algorithm, DecodingKey};
use tokio::{
    sync::{Notify, watch},
    time::sleep,
};

use super::{
    keys::Keys,
    moment::{Moment, WallClock},
};
use crate::auth::AuthError;
use runtime::error::chain;

/// How old keys become while the issuer responds: a withdrawn key stays valid this long.
const REFRESH_EVERY: Duration = Duration::from_mins(5);
/// Time between retries while it does not respond.
const RETRY_EVERY: Duration = Duration::from_secs(30);
/// Minimum time between fetches for unknown keys, however many tokens have one.
const TRIGGER_EVERY: Duration = Duration::from_secs(5);
/// How late the task may be. If it is later, the process was frozen, as Lambda does between two invocations.
const FROZEN_AFTER: Duration = Duration::from_secs(2);
/// How long keys stay valid that cannot be refreshed. An outage of a day is noticed, and after it the issuer
/// may have withdrawn them.
const KEEP_FOR: Duration = Duration::from_hours(24);

/// The keys that are known now, and the means to fetch others.
pub(super) struct KnownKeys {
    known: watch::Receiver<KeyState>,
    shared: Arc<Shared>,
    triggered: Mutex<TriggeredFetch>,
    clock: WallClock,
}

#[derive(Default)]
struct KeyState {
    keys: Option<(Keys, Moment)>,
    /// Whether the last fetch succeeded.
    answered: bool,
    /// Number of fetches that have ended.
    ended: u64,
    /// When the last one ended, and how long after that the next one is due.
    next: Option<(Moment, Duration)>,
}

#[derive(Default)]
struct Shared {
    wake: Notify,
    /// Number of fetches that have begun.
    begun: AtomicU64,
}

/// The last fetch that a token triggered.
#[derive(Default)]
struct TriggeredFetch {
    at: Option<Moment>,
    /// The number of the fetch, from one.
    number: u64,
}

impl KnownKeys {
    /// Starts to call `fetch`, until it is dropped.
    pub(super) fn start<F, E>(fetch: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Keys, E>> + Send + 'static,
        E: Error + Send + 'static,
    {
        Self::start_by(WallClock::default(), fetch)
    }

    fn start_by<F, E>(clock: WallClock, fetch: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Keys, E>> + Send + 'static,
        E: Error + Send + 'static,
    {
        let (sender, known) = watch::channel(KeyState::default());
        let shared = Arc::<Shared>::default();
        tokio::spawn(keep_fresh(fetch, sender, shared.clone(), clock.clone()));
        Self { known, shared, triggered: Mutex::default(), clock }
    }

    /// The keys that may have signed a token with this key id and algorithm: at least one.
    ///
    /// # Errors
    /// If the issuer has no such key, or is not responding.
    pub(super) async fn find(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Vec<DecodingKey>, AuthError> {
        self.wait_for_fetch(1).await?;
        if let Some(fetch) = self.overdue() {
            self.wait_for_fetch(fetch).await?;
        }
        if let Some(keys) = self.lookup(id, algorithm) {
            return Ok(keys);
        }
        self.wait_for_fetch(self.trigger_fetch()).await?;
        let unknown = if self.known.borrow().answered {
            AuthError::Invalid("its key is unknown")
        } else {
            AuthError::IssuerAway
        };
        self.lookup(id, algorithm).ok_or(unknown)
    }

    /// The fetch that should have ended by now.
    fn overdue(&self) -> Option<u64> {
        let overdue = {
            let known = self.known.borrow();
            let (ended, pause) = known.next?;
            let by = self.clock.elapsed(&ended);
            (by > pause + FROZEN_AFTER).then_some((known.ended + 1, ended.is_older(pause)))
        };
        match overdue? {
            (fetch, true) => Some(fetch),
            // The clock of the task stood still: it would go on sleeping.
            (_, false) => Some(self.trigger_fetch()),
        }
    }

    fn lookup(&self, id: Option<&str>, algorithm: Algorithm) -> Option<Vec<DecodingKey>> {
        let known = self.known.borrow();
        let (keys, at) = known.keys.as_ref()?;
        let found = if self.clock.elapsed(at) < KEEP_FOR { keys.find(id, algorithm) } else { Vec::new() };
        Some(found).filter(|keys| !keys.is_empty())
    }

    /// Triggers a fetch, unless one was triggered a moment ago; returns the fetch to wait for.
    fn trigger_fetch(&self) -> u64 {
        let mut triggered = self.triggered.lock().unwrap_or_else(PoisonError::into_inner);
        if triggered.at.is_none_or(|at| self.clock.elapsed(&at) >= TRIGGER_EVERY) {
            // The one in progress, if any, may have been answered before the key was published.
            let number = self.shared.begun.load(Ordering::Acquire) + 1;
            *triggered = TriggeredFetch { at: Some(self.clock.now()), number };
            self.shared.wake.notify_one();
        }
        triggered.number
    }

    /// Waits for the end of a fetch.
    async fn wait_for_fetch(&self, fetch: u64) -> Result<(), AuthError> {
        let mut known = self.known.clone();
        // Fails if the task is gone: at the end of the process.
        known.wait_for(|known| known.ended >= fetch).await.map_err(|_| AuthError::IssuerAway)?;
        Ok(())
    }
}

async fn keep_fresh<F, E>(
    fetch: impl Fn() -> F,
    known: watch::Sender<KeyState>,
    shared: Arc<Shared>,
    clock: WallClock,
) where
    F: Future<Output = Result<Keys, E>>,
    E: Error + 'static,
{
    loop {
        shared.begun.fetch_add(1, Ordering::AcqRel);
        // A panic must not end this task: without it the process would refuse every new key for good.
        let fetched = AssertUnwindSafe(async { fetch().await }).catch_unwind().await;
        let fetched = match fetched {
            Ok(Ok(keys)) => Some(keys),
            Ok(Err(error)) => {
                tracing::warn!(
                    error = chain(&error),
                    "could not fetch the issuer's keys; keeping the previous ones and retrying"
                );
                None
            }
            Err(_) => {
                tracing::error!(
                    "fetching the issuer's keys panicked; keeping the previous ones and retrying"
                );
                None
            }
        };
        let pause = if fetched.is_some() { REFRESH_EVERY } else { RETRY_EVERY };
        known.send_modify(|known| {
            known.ended += 1;
            known.answered = fetched.is_some();
            known.next = Some((clock.now(), pause));
            if let Some(keys) = fetched {
                known.keys = Some((keys, clock.now()));
            }
        });
        tokio::select! {
            () = sleep(pause) => {}
            () = shared.wake.notified() => {}
            () = known.closed() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{io, sync::atomic::AtomicBool};

    use super::*;

    /// An issuer with one key: named by a number, which a test changes.
    #[derive(Default)]
    struct FakeIssuer {
        key: AtomicU64,
        away: AtomicBool,
        fetches: AtomicU64,
    }

    impl FakeIssuer {
        fn keys(&self) -> io::Result<Keys> {
            self.fetches.fetch_add(1, Ordering::SeqCst);
            if self.away.load(Ordering::SeqCst) {
                return Err(io::Error::other("away"));
            }
            let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
            let key = self.key.load(Ordering::SeqCst);
            let set = format!(r#"{{"keys":[{{"kid":"{key}","kty":"OKP","crv":"Ed25519","x":"{x}"}}]}}"#);
            Ok(Keys::parse(set.as_bytes()).unwrap())
        }

        fn fetches(&self) -> u64 {
            self.fetches.load(Ordering::SeqCst)
        }
    }

    fn start() -> (Arc<FakeIssuer>, KnownKeys) {
        let issuer = Arc::<FakeIssuer>::default();
        let source = issuer.clone();
        let keys = KnownKeys::start(move || {
            let issuer = source.clone();
            async move {
                sleep(Duration::from_millis(50)).await;
                issuer.keys()
            }
        });
        (issuer, keys)
    }

    async fn find(keys: &KnownKeys, id: &str) -> Result<(), AuthError> {
        keys.find(Some(id), Algorithm::EdDSA).await.map(|_| ())
    }

    const UNKNOWN: Result<(), AuthError> = Err(AuthError::Invalid("its key is unknown"));

    #[tokio::test(start_paused = true)]
    async fn a_withdrawn_key_is_valid_no_longer_than_until_the_next_refresh() {
        let (issuer, keys) = start();
        assert_eq!(find(&keys, "0").await, Ok(()));
        issuer.key.store(1, Ordering::SeqCst);
        sleep(REFRESH_EVERY / 2).await;
        assert_eq!(find(&keys, "0").await, Ok(()), "not refreshed yet");
        sleep(REFRESH_EVERY).await;
        assert_eq!(find(&keys, "0").await, UNKNOWN);
        assert_eq!(find(&keys, "1").await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_frozen_process_refreshes_before_it_trusts_an_old_key() {
        let issuer = Arc::<FakeIssuer>::default();
        let source = issuer.clone();
        let keys = KnownKeys::start(move || {
            let issuer = source.clone();
            async move {
                // As slow as a fetch that was frozen halfway.
                if issuer.fetches() > 0 {
                    sleep(FROZEN_AFTER * 2).await;
                }
                issuer.keys()
            }
        });
        assert_eq!(find(&keys, "0").await, Ok(()));
        issuer.key.store(1, Ordering::SeqCst);
        sleep(REFRESH_EVERY + FROZEN_AFTER + Duration::from_millis(1)).await;
        assert_eq!(find(&keys, "0").await, UNKNOWN);
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_whose_clock_stood_still_refreshes_before_it_trusts_an_old_key() {
        let issuer = Arc::<FakeIssuer>::default();
        let (source, slept) = (issuer.clone(), Arc::new(AtomicU64::new(0)));
        let wall = slept.clone();
        let clock = WallClock::new(move || {
            std::time::UNIX_EPOCH + Duration::from_secs(1_000_000 + wall.load(Ordering::SeqCst))
        });
        let keys = KnownKeys::start_by(clock, move || {
            let keys = source.keys();
            async move { keys }
        });
        assert_eq!(find(&keys, "0").await, Ok(()));
        for hours in [1, 2] {
            issuer.key.fetch_add(1, Ordering::SeqCst);
            slept.store(hours * 3600, Ordering::SeqCst);
            assert_eq!(find(&keys, &(hours - 1).to_string()).await, UNKNOWN, "withdrawn while it slept");
            assert_eq!(find(&keys, &hours.to_string()).await, Ok(()));
        }
        issuer.away.store(true, Ordering::SeqCst);
        slept.store(30 * 3600, Ordering::SeqCst);
        assert_eq!(find(&keys, "2").await, Err(AuthError::IssuerAway), "kept for more than a day");
    }

    #[tokio::test(start_paused = true)]
    async fn fetches_for_unknown_keys_are_rate_limited() {
        let (issuer, keys) = start();
        assert_eq!(find(&keys, "0").await, Ok(()));
        for _ in 0..3 {
            let before = issuer.fetches();
            let ids: Vec<_> = (10..110).map(|id| id.to_string()).collect();
            let answers = futures_util::future::join_all(ids.iter().map(|id| find(&keys, id))).await;
            assert!(answers.iter().all(|answer| *answer == UNKNOWN));
            assert_eq!(find(&keys, "x").await, UNKNOWN);
            assert_eq!(issuer.fetches(), before + 1);
            sleep(TRIGGER_EVERY).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn all_requests_for_a_new_key_get_it_from_one_fetch() {
        let (issuer, keys) = start();
        assert_eq!(find(&keys, "0").await, Ok(()));
        issuer.key.store(1, Ordering::SeqCst);
        let answers = futures_util::future::join_all((0..100).map(|_| find(&keys, "1"))).await;
        assert!(answers.iter().all(Result::is_ok));
        assert_eq!(issuer.fetches(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn without_the_issuer_known_keys_stay_valid_for_a_day() {
        let (issuer, keys) = start();
        assert_eq!(find(&keys, "0").await, Ok(()));
        issuer.away.store(true, Ordering::SeqCst);
        sleep(KEEP_FOR.saturating_sub(REFRESH_EVERY)).await;
        assert_eq!(find(&keys, "0").await, Ok(()));
        assert_eq!(find(&keys, "1").await, Err(AuthError::IssuerAway));
        sleep(REFRESH_EVERY * 2).await;
        assert_eq!(find(&keys, "0").await, Err(AuthError::IssuerAway));
        issuer.away.store(false, Ordering::SeqCst);
        sleep(RETRY_EVERY * 2).await;
        assert_eq!(find(&keys, "0").await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_fetch_that_panics_is_retried() {
        let issuer = Arc::<FakeIssuer>::default();
        let source = issuer.clone();
        let keys = KnownKeys::start(move || {
            let issuer = source.clone();
            async move {
                let keys = issuer.keys();
                assert!(issuer.fetches() > 1, "a defect");
                keys
            }
        });
        assert_eq!(find(&keys, "0").await, Ok(()));
        assert_eq!(issuer.fetches(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_request_cancels_no_fetch() {
        let (issuer, keys) = start();
        assert!(tokio::time::timeout(Duration::from_millis(1), find(&keys, "0")).await.is_err());
        assert_eq!(find(&keys, "0").await, Ok(()));
        assert_eq!(issuer.fetches(), 1);
    }
}
