//! The credentials for AWS, loaded beside the calls that use them, and kept.
//!
//! The SDK loads credentials inside an attempt of a call, and drops the load if the attempt's time is over. A source that
//! takes longer than an attempt would never answer. Here a load is a task of its own, one at a time, which goes on when
//! its callers give up, and which begins some minutes before the credentials at hand expire.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use aws_credential_types::{
    Credentials,
    provider::{self, ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future},
};
use aws_sdk_dynamodb::{
    config::{
        ConfigBag, Intercept, RuntimeComponents, interceptors::AfterDeserializationInterceptorContextRef,
    },
    error::BoxError,
};
use domain::Error;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use super::error;

/// How long a call waits for credentials if there are none at hand.
const WAIT: Duration = Duration::from_secs(5);

/// How long a load may take: the metadata service of EC2 alone is asked four times with a second each.
const LOAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long before they expire credentials are loaded again: a place to send an upload to is signed for ten minutes, and
/// ends with them. EC2 may have new ones only five minutes before.
const EARLY: Duration = Duration::from_mins(15);

/// How long before they expire they are not used any more: a request takes a moment to arrive.
const LATE: Duration = Duration::from_secs(10);

/// When credentials without an end are loaded again: a file may have changed.
const RELOAD: Duration = Duration::from_mins(15);

/// How long after a load another one is not begun while there are credentials to use: a source may return the same
/// ones, and a wrong clock may take new ones for expired.
const PAUSE: Duration = Duration::from_secs(15);

/// How long after a failure, or after a load of what AWS rejects, the source is not asked again if there are none to use.
/// It doubles up to [`PAUSE`] with each load that AWS rejects.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Codes of AWS for credentials that it does not accept any more, or not yet.
const REJECTED: [&str; 5] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
];

/// Credentials of a source. Clones share them.
#[derive(Clone)]
pub(super) struct KeptCredentials(Arc<Shared>);

struct Shared {
    source: SharedCredentialsProvider,
    /// The clock of this machine, by which credentials expire. It may be wrong.
    clock: fn() -> SystemTime,
    state: Mutex<State>,
    /// Number of loads that have ended.
    ended: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    kept: Option<Credentials>,
    /// How long before they expire these are loaded again.
    early: Duration,
    /// AWS has rejected them.
    were_rejected: bool,
    /// How many loads in a row replaced what AWS had rejected.
    rejected_loads: u32,
    is_loading: bool,
    /// When the last load ended, and why it failed, if it did.
    last: Option<(Instant, Option<Arc<CredentialsError>>)>,
}

/// What to do with the credentials at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    AsTheyAre,
    /// And load new ones meanwhile.
    AndRenew,
    Not,
}

impl KeptCredentials {
    pub(super) fn new(source: SharedCredentialsProvider) -> Self {
        Self::with_clock(source, SystemTime::now)
    }

    fn with_clock(source: SharedCredentialsProvider, clock: fn() -> SystemTime) -> Self {
        let (state, ended) = (Mutex::default(), watch::Sender::new(0));
        Self(Arc::new(Shared { source, clock, state, ended }))
    }

    /// Credentials to use now: those at hand, or else those that the source returns within some seconds.
    ///
    /// # Errors
    /// [`Error::Unavailable`], which says why.
    pub(super) async fn get(&self) -> Result<Credentials, Error> {
        let mut ended = self.0.ended.subscribe();
        {
            let mut state = self.0.lock();
            let usable = self.0.how_to_use(&state);
            let just_failed =
                state.last.clone().and_then(|(at, why)| why.filter(|_| at.elapsed() < RETRY_AFTER));
            match (usable, just_failed) {
                (Use::AsTheyAre, _) => {}
                (Use::Not, Some(why)) => return Err(error::of_credentials(why)),
                _ => self.load(&mut state),
            }
            if let (Use::AsTheyAre | Use::AndRenew, Some(kept)) = (usable, &state.kept) {
                return Ok(kept.clone());
            }
            ended.mark_unchanged();
        }
        if timeout(WAIT, ended.changed()).await.is_err() {
            return Err(error::of_slow_credentials(WAIT));
        }
        let state = self.0.lock();
        match (&state.kept, &state.last) {
            (_, Some((_, Some(why)))) => Err(error::of_credentials(why.clone())),
            (Some(kept), _) => Ok(kept.clone()),
            (None, _) => Err(Error::unavailable("the load of AWS credentials panicked")),
        }
    }

    /// AWS has rejected the credentials at hand, whatever this clock says: the next call loads others.
    fn reject(&self) {
        self.0.lock().were_rejected = true;
    }

    /// Begins a load, unless there is one.
    fn load(&self, state: &mut State) {
        if std::mem::replace(&mut state.is_loading, true) {
            return;
        }
        let ends = Ends(self.0.clone());
        tokio::spawn(async move {
            let Ends(shared) = &ends;
            let answer = timeout(LOAD_TIMEOUT, shared.source.provide_credentials()).await;
            let answer = answer.unwrap_or_else(|_| Err(CredentialsError::provider_timed_out(LOAD_TIMEOUT)));
            shared.keep(answer);
        });
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, answer: provider::Result) {
        let mut state = self.lock();
        let failed = match answer {
            Ok(credentials) => {
                // Those of a source that has them for a quarter of an hour would always be loaded again.
                state.early = EARLY.min(self.left(&credentials) / 3);
                state.kept = Some(credentials);
                state.rejected_loads = if state.were_rejected { state.rejected_loads + 1 } else { 0 };
                state.were_rejected = false;
                None
            }
            Err(error) => {
                if state.kept.is_some() {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "could not renew the AWS credentials; using the previous ones until they expire, and retrying"
                    );
                }
                Some(Arc::new(error))
            }
        };
        state.last = Some((Instant::now(), failed));
    }

    fn how_to_use(&self, state: &State) -> Use {
        let Some(kept) = &state.kept else { return Use::Not };
        let since_load = state.last.as_ref().map_or(Duration::MAX, |(at, _)| at.elapsed());
        let has_failed = state.last.as_ref().is_some_and(|(_, why)| why.is_some());
        // Not as long as by a clock that may be wrong: AWS itself says that they are of no use.
        let pause = RETRY_AFTER.saturating_mul(1 << state.rejected_loads.min(16)).min(PAUSE);
        if state.were_rejected && (has_failed || since_load >= pause) {
            return Use::Not;
        }
        if since_load < PAUSE {
            return if has_failed && self.left(kept) < LATE { Use::Not } else { Use::AsTheyAre };
        }
        if self.left(kept) < LATE {
            return Use::Not;
        }
        let is_old = kept.expiry().is_none() && since_load > RELOAD;
        if is_old || self.left(kept) < state.early { Use::AndRenew } else { Use::AsTheyAre }
    }

    /// How long they are valid, by this clock.
    fn left(&self, credentials: &Credentials) -> Duration {
        let now = (self.clock)();
        credentials.expiry().map_or(Duration::MAX, |end| end.duration_since(now).unwrap_or_default())
    }
}

/// Ends a load, also one that panicked.
struct Ends(Arc<Shared>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.lock().is_loading = false;
        self.0.ended.send_modify(|ended| *ended += 1);
    }
}

impl std::fmt::Debug for KeptCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeptCredentials")
    }
}

impl ProvideCredentials for KeptCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.get().await.map_err(|error| CredentialsError::provider_error(error.reason()))
        })
    }
}

/// Notices that AWS rejects the credentials, although by this clock they are valid.
impl Intercept for KeptCredentials {
    fn name(&self) -> &'static str {
        "KeptCredentials"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        if context.output_or_error().is_err() && matches!(response.status().as_u16(), 400 | 401 | 403) {
            let code = error_code(response.body().bytes().unwrap_or_default());
            if code.is_some_and(|code| REJECTED.contains(&code.as_str())) {
                self.reject();
            }
        }
        Ok(())
    }
}

/// The code of an error document, JSON or XML. The rest of it may have anything, such as a user's name.
fn error_code(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    if let Ok(document) = serde_json::from_str::<serde_json::Value>(text) {
        let code = document.get("__type")?.as_str()?;
        return Some(code.rsplit('#').next().unwrap_or(code).to_owned());
    }
    let (_, code) = text.split_once("<Code>")?;
    Some(code.split_once("</Code>")?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::time::sleep;

    use super::*;

    /// A source whose answers a test decides: the number of the load is the name of the key.
    #[derive(Debug)]
    struct Source {
        takes: Duration,
        lifetime: Duration,
        loads: Arc<AtomicU32>,
        /// The loads from this one on fail.
        fails_from: u32,
    }

    impl Source {
        async fn load(&self) -> provider::Result {
            let number = self.loads.fetch_add(1, Ordering::SeqCst) + 1;
            sleep(self.takes).await;
            if number >= self.fails_from {
                return Err(CredentialsError::not_loaded("the metadata service is away"));
            }
            let end = now() + self.lifetime;
            Ok(Credentials::new(number.to_string(), "secret", None, Some(end), "test"))
        }
    }

    impl ProvideCredentials for Source {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::new(self.load())
        }
    }

    /// By tokio's clock, which a test moves.
    fn now() -> SystemTime {
        use std::sync::OnceLock;
        thread_local! {
            static BEGAN: OnceLock<Instant> = const { OnceLock::new() };
        }
        let began = BEGAN.with(|began| *began.get_or_init(Instant::now));
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000) + began.elapsed()
    }

    fn kept(takes: Duration, lifetime: Duration, fails_from: u32) -> (KeptCredentials, Arc<AtomicU32>) {
        kept_by(now, takes, lifetime, fails_from)
    }

    fn kept_by(
        clock: fn() -> SystemTime,
        takes: Duration,
        lifetime: Duration,
        fails_from: u32,
    ) -> (KeptCredentials, Arc<AtomicU32>) {
        let loads = Arc::<AtomicU32>::default();
        let source = Source { takes, lifetime, loads: loads.clone(), fails_from };
        (KeptCredentials::with_clock(SharedCredentialsProvider::new(source), clock), loads)
    }

    async fn key(kept: &KeptCredentials) -> Result<String, String> {
        let chain = |error: Error| error.reason();
        kept.get().await.map(|credentials| credentials.access_key_id().to_owned()).map_err(chain)
    }

    const HOUR: Duration = Duration::from_hours(1);
    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_source_slower_than_an_attempt_is_waited_for_and_asked_once() {
        let (kept, loads) = kept(SECOND * 3, HOUR, u32::MAX);
        // As the SDK does at the end of an attempt.
        assert!(timeout(SECOND, kept.get()).await.is_err());
        let (one, other) = tokio::join!(key(&kept), key(&kept));
        assert_eq!((one.as_deref(), other.as_deref(), loads.load(Ordering::SeqCst)), (Ok("1"), Ok("1"), 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_takes_too_long_is_named_and_its_answer_is_used_when_it_comes() {
        let (kept, loads) = kept(SECOND * 12, HOUR, u32::MAX);
        for _ in 0..2 {
            let slow = key(&kept).await.unwrap_err();
            assert_eq!(slow, "AWS credentials: their source is slow; calls go on when it answers");
        }
        assert_eq!((key(&kept).await.as_deref(), loads.load(Ordering::SeqCst)), (Ok("1"), 1));
    }

    #[tokio::test(start_paused = true)]
    async fn credentials_are_renewed_before_they_expire_and_no_call_waits_for_that() {
        let (kept, _) = kept(SECOND * 3, HOUR, u32::MAX);
        key(&kept).await.unwrap();
        sleep(HOUR.checked_sub(EARLY).unwrap() + SECOND).await;
        let began = Instant::now();
        assert_eq!((key(&kept).await.as_deref(), began.elapsed()), (Ok("1"), Duration::ZERO));
        sleep(SECOND * 4).await;
        assert_eq!(key(&kept).await.as_deref(), Ok("2"));
    }

    #[tokio::test(start_paused = true)]
    async fn without_their_source_credentials_are_used_until_they_expire() {
        let (kept, loads) = kept(Duration::ZERO, HOUR, 2);
        key(&kept).await.unwrap();
        sleep(HOUR.checked_sub(SECOND * 60).unwrap()).await;
        for _ in 0..100 {
            assert_eq!(key(&kept).await.as_deref(), Ok("1"));
            tokio::task::yield_now().await;
        }
        assert_eq!(loads.load(Ordering::SeqCst), 2, "a source that fails is not asked by every call");
        sleep(SECOND * 60).await;
        assert_eq!(key(&kept).await.unwrap_err(), "AWS credentials: they could not be loaded");
        assert_eq!(loads.load(Ordering::SeqCst), 3);
        key(&kept).await.unwrap_err();
        assert_eq!(loads.load(Ordering::SeqCst), 3);
        sleep(SECOND * 2).await;
        key(&kept).await.unwrap_err();
        assert_eq!(loads.load(Ordering::SeqCst), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn new_credentials_that_a_clock_ahead_takes_for_expired_are_used() {
        let ahead = || now() + HOUR * 2;
        let (kept, loads) = kept_by(ahead, Duration::ZERO, HOUR, u32::MAX);
        for _ in 0..3 {
            assert_eq!(key(&kept).await.as_deref(), Ok("1"));
        }
        sleep(PAUSE).await;
        assert_eq!((key(&kept).await.as_deref(), loads.load(Ordering::SeqCst)), (Ok("2"), 2));
    }

    #[tokio::test(start_paused = true)]
    async fn credentials_that_aws_rejects_are_loaded_again_whatever_the_clock_says() {
        let (kept, loads) = kept(Duration::ZERO, HOUR, u32::MAX);
        key(&kept).await.unwrap();
        kept.reject();
        assert_eq!(key(&kept).await.as_deref(), Ok("1"), "they are new: another load would not help");
        sleep(PAUSE).await;
        assert_eq!((key(&kept).await.as_deref(), loads.load(Ordering::SeqCst)), (Ok("2"), 2));
        sleep(PAUSE).await;
        assert_eq!((key(&kept).await.as_deref(), loads.load(Ordering::SeqCst)), (Ok("2"), 2));
    }

    #[tokio::test(start_paused = true)]
    async fn credentials_of_a_quarter_of_an_hour_are_renewed_after_ten_minutes() {
        let (kept, loads) = kept(Duration::ZERO, HOUR / 4, u32::MAX);
        for minute in 0..10 {
            key(&kept).await.unwrap();
            assert_eq!(loads.load(Ordering::SeqCst), 1, "{minute}");
            sleep(SECOND * 60).await;
        }
        sleep(SECOND).await;
        key(&kept).await.unwrap();
        tokio::task::yield_now().await;
        assert_eq!(loads.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_whose_credentials_aws_keeps_rejecting_is_asked_at_ever_longer_intervals() {
        let (kept, loads) = kept(Duration::ZERO, HOUR, u32::MAX);
        for _ in 0..60 {
            key(&kept).await.unwrap();
            kept.reject();
            sleep(SECOND).await;
        }
        assert_eq!(loads.load(Ordering::SeqCst), 7, "after 0, 1, 3, 7, 15, 30 and 45 s");
    }

    #[test]
    fn the_code_of_an_error_is_not_looked_for_in_what_users_wrote() {
        for (body, code) in [
            (r#"{"__type":"com.amazon.coral.service#ExpiredTokenException"}"#, Some("ExpiredTokenException")),
            (
                r#"{"__type":"UnrecognizedClientException","message":"no"}"#,
                Some("UnrecognizedClientException"),
            ),
            (
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
                    "Item":{"name":{"S":"ExpiredToken"},"email":{"S":"<Code>ExpiredToken</Code>@example.org"}}}"#,
                Some("ConditionalCheckFailedException"),
            ),
            (
                "<Error><Code>ExpiredToken</Code><Message>InvalidAccessKeyId</Message></Error>",
                Some("ExpiredToken"),
            ),
            ("<html>ExpiredToken", None),
            (r#"{"message":"ExpiredToken"}"#, None),
        ] {
            assert_eq!(error_code(body.as_bytes()).as_deref(), code, "{body}");
        }
    }
}
