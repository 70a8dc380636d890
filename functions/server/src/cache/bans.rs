//! Sends bans: those that wait go together, so that one request at a time is enough for any number of writes.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt as _, future::BoxFuture};
use runtime::Telemetry;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{
    CacheAddress,
    keys::{EVERYTHING, value},
};

/// How long a write waits for the cache at most.
pub const MAX_WAIT: Duration = Duration::from_millis(50);

/// Bans that wait to be sent, and those that wait to be repeated.
const MAX_WAITING: usize = 1024;

/// Keys in one request, at which no user is added: they take 6.5 kB, and a header of the cache 8 kB.
const MAX_KEYS: usize = 128;

/// Attempts of a ban, with a pause that doubles. After them everything is banned, once the cache answers.
const ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// How often a cache that does not answer is tried.
const RETRY: Duration = Duration::from_secs(1);

/// When a ban is repeated: by then a response that was being made while the write was done has reached the cache,
/// and an index that is eventually consistent has the write.
const REPEAT: Duration = Duration::from_millis(500);

/// How long the end of the process waits for writes that run on without their clients.
const MAX_WRITE: Duration = Duration::from_secs(2);

/// The keys of one user: two, or four where the e-mail has two forms.
type UserKeys = Vec<String>;

/// Bans these keys.
type Post = Box<dyn Fn(String) -> BoxFuture<'static, anyhow::Result<()>> + Send + Sync>;

/// Takes bans. Clones share one queue.
#[derive(Clone)]
pub struct Bans {
    queue: mpsc::Sender<Waiting>,
    /// A ban found no place in the queue.
    overflowed: Arc<AtomicBool>,
    /// Bans fail: everything is banned once the cache answers, and until then no write waits for it.
    failing: Arc<AtomicBool>,
    /// Has a receiver for each write that runs.
    writes: watch::Sender<()>,
    telemetry: Telemetry,
}

/// A write that runs: the process does not end before it is dropped.
pub struct Write {
    _running: watch::Receiver<()>,
}

struct Waiting {
    keys: UserKeys,
    /// Dropped when the cache has confirmed the ban, or could not be reached.
    _done: oneshot::Sender<()>,
}

impl Bans {
    /// The queue, and what sends it to this cache.
    pub fn new(cache: CacheAddress, telemetry: Telemetry) -> (Self, BanSender) {
        let post = move |keys: String| {
            let cache = cache.clone();
            async move { cache.ban(&keys).await }.boxed()
        };
        Self::through(Box::new(post), telemetry)
    }

    fn through(post: Post, telemetry: Telemetry) -> (Self, BanSender) {
        let (queue, waiting) = mpsc::channel(MAX_WAITING);
        let (overflowed, failing) = <(Arc<AtomicBool>, Arc<AtomicBool>)>::default();
        let writes = watch::Sender::new(());
        let sender = BanSender {
            post,
            waiting,
            overflowed: overflowed.clone(),
            failing: failing.clone(),
            writes: writes.clone(),
            telemetry: telemetry.clone(),
            repeats: VecDeque::new(),
            everything_at: None,
        };
        (Self { queue, overflowed, failing, writes, telemetry }, sender)
    }

    /// Begins a write, whose ban the process sends before it ends.
    pub fn begin_write(&self) -> Write {
        Write { _running: self.writes.subscribe() }
    }

    /// Bans what a write of this user changed: waits for the cache, but at most [`MAX_WAIT`]. After that, and if
    /// the caller goes away, it is sent all the same. While bans fail no write waits.
    pub async fn ban(&self, keys: UserKeys) {
        if self.failing.load(Ordering::Acquire) {
            self.telemetry.bans_failed(1);
            return;
        }
        let (done, sent) = oneshot::channel();
        if self.queue.try_send(Waiting { keys, _done: done }).is_err() {
            self.telemetry.bans_failed(1);
            self.overflowed.store(true, Ordering::Release);
            return;
        }
        // Either way the write is answered: the ban stays in the queue.
        let _ = timeout(MAX_WAIT, sent).await;
    }
}

/// Sends the bans of one queue.
pub struct BanSender {
    post: Post,
    waiting: mpsc::Receiver<Waiting>,
    overflowed: Arc<AtomicBool>,
    failing: Arc<AtomicBool>,
    writes: watch::Sender<()>,
    telemetry: Telemetry,
    repeats: VecDeque<(Instant, UserKeys)>,
    /// When everything is banned: after a lost ban, again half a second later, and instead of too many repeats.
    everything_at: Option<Instant>,
}

impl BanSender {
    /// Sends bans until the sender of `stopped` is dropped; then those that are left.
    pub async fn run(mut self, stopped: oneshot::Receiver<()>) {
        tokio::pin!(stopped);
        loop {
            let due = self.due();
            tokio::select! {
                biased;
                _ = &mut stopped => break,
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => self.catch_up().await,
                first = self.waiting.recv() => match first {
                    Some(first) => self.send(first).await,
                    None => break,
                },
            }
            if self.overflowed.swap(false, Ordering::AcqRel) {
                self.failed();
            }
        }
        self.finish().await;
    }

    /// When something is to be sent that no write waits for.
    fn due(&self) -> Option<Instant> {
        let repeat = self.repeats.front().map(|(at, _)| *at);
        self.everything_at.into_iter().chain(repeat.filter(|_| !self.is_failing())).min()
    }

    /// Everything, if that is due; else the repeats that are.
    async fn catch_up(&mut self) {
        let now = Instant::now();
        if self.everything_at.is_some_and(|at| at <= now) {
            self.ban_everything().await;
            return;
        }
        let mut keys = BTreeSet::new();
        while keys.len() < MAX_KEYS
            && let Some((_, due)) = self.repeats.pop_front_if(|(at, _)| *at <= now)
        {
            keys.extend(due);
        }
        if let Err(error) = (self.post)(value(&keys)).await {
            warn(&error);
            self.failed();
        }
    }

    async fn ban_everything(&mut self) {
        match (self.post)(EVERYTHING.to_owned()).await {
            Ok(()) if self.failing.swap(false, Ordering::AcqRel) => {
                tracing::info!("the cache answers again; banned everything that it had kept");
                self.repeats.clear();
                // As after every ban; and for writes that were answered before the line above.
                self.everything_at = Some(Instant::now() + REPEAT);
            }
            Ok(()) => self.everything_at = None,
            Err(error) => {
                if !self.is_failing() {
                    warn(&error);
                }
                self.everything_at = None;
                self.failed();
            }
        }
    }

    fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Acquire)
    }

    /// Sends this ban with those that wait.
    async fn send(&mut self, first: Waiting) {
        let (mut keys, mut batch) = (first.keys.len(), vec![first]);
        while keys < MAX_KEYS
            && let Ok(next) = self.waiting.try_recv()
        {
            keys += next.keys.len();
            batch.push(next);
        }
        if self.is_failing() {
            // They were queued before bans failed; everything will be banned.
            self.telemetry.bans_failed(batch.len());
            return;
        }
        let keys: BTreeSet<_> = batch.iter().flat_map(|waiting| waiting.keys.iter().cloned()).collect();
        match self.try_often(&value(&keys)).await {
            Ok(()) => {
                self.telemetry.bans_sent(batch.len());
                let at = Instant::now() + REPEAT;
                self.repeats.extend(batch.into_iter().map(|waiting| (at, waiting.keys)));
                if self.repeats.len() > MAX_WAITING && self.everything_at.is_none() {
                    self.repeats.clear();
                    self.everything_at = Some(at);
                }
            }
            Err(error) => {
                self.telemetry.bans_failed(batch.len());
                warn(&error);
                self.failed();
            }
        }
    }

    async fn try_often(&self, keys: &str) -> anyhow::Result<()> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..ATTEMPTS {
            if (self.post)(keys.to_owned()).await.is_ok() {
                return Ok(());
            }
            sleep(pause).await;
            pause *= 2;
        }
        (self.post)(keys.to_owned()).await
    }

    /// A ban is lost: what it would have removed is not known any more.
    fn failed(&mut self) {
        self.failing.store(true, Ordering::Release);
        self.everything_at = Some(Instant::now() + RETRY);
    }

    /// What is left when the process ends: the bans of the last writes, and when it is time their repeats, in one
    /// request that is tried twice.
    async fn finish(mut self) {
        let _ = timeout(MAX_WRITE, self.writes.closed()).await;
        self.waiting.close();
        while let Some(waiting) = self.waiting.recv().await {
            self.send(waiting).await;
        }
        if self.overflowed.load(Ordering::Acquire) {
            self.failed();
        }
        let Some(due) = self.everything_at.max(self.repeats.back().map(|(at, _)| *at)) else { return };
        sleep_until(due.min(Instant::now() + REPEAT)).await;
        let keys: BTreeSet<_> = self.repeats.into_iter().flat_map(|(_, keys)| keys).collect();
        let everything = self.everything_at.is_some() || keys.len() > MAX_KEYS;
        let last = if everything { EVERYTHING.to_owned() } else { value(&keys) };
        if (self.post)(last.clone()).await.is_err()
            && let Err(error) = (self.post)(last).await
        {
            let error = format!("{error:#}");
            tracing::warn!(error, "could not send the last bans to the HTTP cache");
        }
    }
}

fn warn(error: &anyhow::Error) {
    let error = format!("{error:#}");
    tracing::warn!(
        error,
        "could not ban changed users from the HTTP cache; it may show their previous state until its lifetime ends, \
         and everything is banned once it answers"
    );
}

#[cfg(test)]
mod tests;
