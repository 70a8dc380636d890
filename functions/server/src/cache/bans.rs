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
    sync::{mpsc, oneshot},
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

/// Users in one request: their keys take 6.4 kB, and a header of the cache 8 kB.
const MAX_USERS: usize = 64;

/// Attempts of a ban, with a pause that doubles. After them everything is banned, once the cache answers.
const ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// How often a cache that does not answer is tried.
const RETRY: Duration = Duration::from_secs(1);

/// When a ban is repeated: by then a response that was being made while the write was done has reached the cache,
/// and an index that is eventually consistent has the write.
const REPEAT: Duration = Duration::from_millis(500);

/// The keys of one user.
type UserKeys = [String; 2];

/// Bans these keys.
type Post = Box<dyn Fn(String) -> BoxFuture<'static, anyhow::Result<()>> + Send + Sync>;

/// Takes bans. Clones share one queue.
#[derive(Clone)]
pub struct Bans {
    queue: mpsc::Sender<Waiting>,
    /// A ban found no place in the queue.
    overflowed: Arc<AtomicBool>,
    telemetry: Telemetry,
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
        let overflowed = Arc::new(AtomicBool::new(false));
        let sender = BanSender {
            post,
            waiting,
            overflowed: overflowed.clone(),
            telemetry: telemetry.clone(),
            repeats: VecDeque::new(),
            everything_at: None,
        };
        (Self { queue, overflowed, telemetry }, sender)
    }

    /// Bans what a write of this user changed: waits for the cache, but at most [`MAX_WAIT`]. After that, and if
    /// the caller goes away, it is sent all the same.
    pub async fn ban(&self, keys: UserKeys) {
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
    telemetry: Telemetry,
    repeats: VecDeque<(Instant, UserKeys)>,
    /// When everything is banned, if a ban was lost.
    everything_at: Option<Instant>,
}

impl BanSender {
    /// Sends bans until the sender of `stopped` is dropped; then those that are left, each once.
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
        self.everything_at.or_else(|| self.repeats.front().map(|(at, _)| *at))
    }

    /// Everything, if a ban failed; else the repeats that are due.
    async fn catch_up(&mut self) {
        if self.everything_at.is_some() {
            match (self.post)(EVERYTHING.to_owned()).await {
                Ok(()) => {
                    tracing::info!("the cache answers again; banned everything that it had kept");
                    self.everything_at = None;
                    self.repeats.clear();
                }
                Err(_) => self.everything_at = Some(Instant::now() + RETRY),
            }
            return;
        }
        let (mut keys, now) = (BTreeSet::new(), Instant::now());
        while keys.len() < 2 * MAX_USERS
            && let Some((_, due)) = self.repeats.pop_front_if(|(at, _)| *at <= now)
        {
            keys.extend(due);
        }
        if let Err(error) = (self.post)(value(&keys)).await {
            warn(&error);
            self.failed();
        }
    }

    /// Sends this ban with those that wait.
    async fn send(&mut self, first: Waiting) {
        let mut batch = vec![first];
        while batch.len() < MAX_USERS
            && let Ok(next) = self.waiting.try_recv()
        {
            batch.push(next);
        }
        if self.everything_at.is_some() {
            // Everything will be banned: no write waits for a cache that does not answer.
            self.telemetry.bans_failed(batch.len());
            return;
        }
        let keys: BTreeSet<_> = batch.iter().flat_map(|waiting| waiting.keys.iter().cloned()).collect();
        match self.try_often(&value(&keys)).await {
            Ok(()) => {
                self.telemetry.bans_sent(batch.len());
                let at = Instant::now() + REPEAT;
                self.repeats.extend(batch.into_iter().map(|waiting| (at, waiting.keys)));
                if self.repeats.len() > MAX_WAITING {
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
        self.everything_at.get_or_insert_with(|| Instant::now() + RETRY);
    }

    /// What is left when the process ends, in one or a few requests.
    async fn finish(mut self) {
        self.waiting.close();
        let mut keys: BTreeSet<_> = self.repeats.into_iter().flat_map(|(_, keys)| keys).collect();
        while let Some(waiting) = self.waiting.recv().await {
            keys.extend(waiting.keys);
        }
        let everything = self.everything_at.is_some() || keys.len() > 2 * MAX_USERS;
        let last = if everything { EVERYTHING.to_owned() } else { value(&keys) };
        if (everything || !keys.is_empty())
            && let Err(error) = (self.post)(last).await
        {
            let error = format!("{error:#}");
            tracing::warn!(error, "could not send the last bans to the cache");
        }
    }
}

fn warn(error: &anyhow::Error) {
    let error = format!("{error:#}");
    tracing::warn!(
        error,
        "could not ban what was written from the cache; it may show it until its lifetime ends, and everything is \
         banned once the cache answers"
    );
}

#[cfg(test)]
mod tests;
