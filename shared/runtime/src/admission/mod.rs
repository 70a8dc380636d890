//! Image work, admitted by estimated memory and by cores, in shares: requests, generated pictures, events.
//!
//! | file | idea |
//! |---|---|
//! | `shares` | which work begins next |
//! | `budget` | the time that events get while there are requests |
//! | `background` | threads of low priority, for events |
//! | `inputs` | memory for stored images that wait to be rendered |

mod background;
mod budget;
mod inputs;
mod shares;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    sync::{Notify, oneshot},
    time,
};

pub use inputs::InputRoom;
pub use shares::Share;
use shares::{Id, ReadyWork, Scheduler};

use crate::telemetry::{ImageTask, Scope, Telemetry};

/// Runs image work on blocking threads, in places by the number of cores and within one memory limit for all.
/// The work of each [`Share`] is served in turn. Clones share these limits.
#[derive(Clone)]
pub struct ImageWork {
    inner: Arc<Inner>,
    share: Share,
    telemetry: Option<Telemetry>,
}

struct Inner {
    scheduler: Mutex<Scheduler<oneshot::Sender<Permit>>>,
    allowed_bytes: u64,
    began: time::Instant,
    /// The time at which an event may begin has changed.
    events_changed: Notify,
    inputs: inputs::Inputs,
}

/// Why image work was not done.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Too many wait already.
    #[error("too many images are waiting to be processed")]
    QueueFull,
    /// It could never be admitted.
    #[error("processing the image needs {needed_bytes} bytes of memory; the limit is {allowed_bytes}")]
    TooMuchMemory {
        /// The estimate, in bytes.
        needed_bytes: u64,
        /// The setting, in bytes.
        allowed_bytes: u64,
    },
    /// The work panicked.
    #[error("processing the image panicked")]
    Panicked,
}

impl ImageWork {
    /// Work within `allowed_bytes` for all at once, on `cores` threads, as the share of uploads.
    pub fn new(allowed_bytes: u64, cores: usize) -> Self {
        let inner = Inner {
            scheduler: Mutex::new(Scheduler::new(allowed_bytes, cores)),
            allowed_bytes,
            began: time::Instant::now(),
            events_changed: Notify::new(),
            inputs: inputs::Inputs::default(),
        };
        Self { inner: Arc::new(inner), share: Share::Upload, telemetry: None }
    }

    /// The same, with work observed by `telemetry`.
    #[must_use]
    pub fn observed(self, telemetry: Telemetry) -> Self {
        Self { telemetry: Some(telemetry), ..self }
    }

    /// The same, for the work of another share.
    #[must_use]
    pub fn for_share(&self, share: Share) -> Self {
        Self { share, ..self.clone() }
    }

    /// The share whose work it runs.
    pub fn share(&self) -> Share {
        self.share
    }

    /// Memory for a stored image, as soon as there is any: to be taken before it is read.
    pub async fn input_room(&self) -> InputRoom {
        self.inner.inputs.room().await
    }

    /// Checks that work with this much memory could ever be admitted.
    ///
    /// # Errors
    /// [`Refused::TooMuchMemory`].
    pub fn admits(&self, working_bytes: u64) -> Result<(), Refused> {
        let allowed_bytes = self.inner.allowed_bytes;
        if working_bytes <= allowed_bytes {
            return Ok(());
        }
        Err(Refused::TooMuchMemory { needed_bytes: working_bytes, allowed_bytes })
    }

    /// Runs `work` in its turn. A caller dropped while waiting leaves the queue; work that began is finished.
    pub async fn run<T: Send + 'static>(
        &self,
        task: ImageTask,
        working_bytes: u64,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refused> {
        self.run_named(working_bytes, move || (task, work())).await
    }

    /// The same for work that knows only at its end what it was.
    pub async fn run_named<T: Send + 'static>(
        &self,
        working_bytes: u64,
        work: impl FnOnce() -> (ImageTask, T) + Send + 'static,
    ) -> Result<T, Refused> {
        self.admits(working_bytes)?;
        let permit = self.permit(working_bytes).await?;
        let (telemetry, scope) = (self.telemetry.clone(), Scope::current());
        let admitted = move || {
            let began = Instant::now();
            let (task, result) = work();
            drop(permit);
            if let Some(telemetry) = telemetry {
                telemetry.image_work(scope.as_deref(), task, began.elapsed());
            }
            result
        };
        if self.share == Share::Event {
            return background::run(admitted).await;
        }
        tokio::task::spawn_blocking(admitted).await.map_err(|_| Refused::Panicked)
    }

    async fn permit(&self, bytes: u64) -> Result<Permit, Refused> {
        let (begins, mut begun) = oneshot::channel();
        let inner = &self.inner;
        let entered = inner.lock().enter(self.share, bytes, begins, inner.now());
        let id = entered.map_err(|_| Refused::QueueFull)?;
        let _entry = QueueEntry { inner: inner.clone(), share: self.share, id };
        inner.begin();
        if self.share != Share::Event {
            return Ok(begun.await.expect("dropped only with the turn"));
        }
        loop {
            let changed = inner.events_changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let at = inner.lock().event_at(inner.now()).map(|at| inner.began + at);
            tokio::select! {
                permit = &mut begun => return Ok(permit.expect("dropped only with the turn")),
                () = changed => {}
                () = time::sleep_until(at.unwrap_or(inner.began)), if at.is_some() => inner.begin(),
            }
        }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Scheduler<oneshot::Sender<Permit>>> {
        self.scheduler.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Begins all work that can begin.
    fn begin(self: &Arc<Self>) {
        loop {
            let Some(ReadyWork { share, bytes, what }) = self.lock().next(self.now()) else { break };
            // If the caller has just been dropped, the permit comes back and is released at once.
            drop(what.send(Permit { inner: self.clone(), share, bytes }));
        }
        if self.lock().has_waiting_events() {
            self.events_changed.notify_waiters();
        }
    }
}

/// Work that runs: a place and its memory.
struct Permit {
    inner: Arc<Inner>,
    share: Share,
    bytes: u64,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let inner = &self.inner;
        inner.lock().end(self.share, self.bytes, inner.now());
        inner.begin();
    }
}

/// Work that waits, until it has begun or its caller is dropped.
struct QueueEntry {
    inner: Arc<Inner>,
    share: Share,
    id: Id,
}

impl Drop for QueueEntry {
    fn drop(&mut self) {
        let inner = &self.inner;
        inner.lock().leave(self.share, self.id, inner.now());
        inner.begin();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        atomic::{AtomicU64, Ordering},
        mpsc,
    };

    use super::*;

    const KIB: u64 = 1024;

    #[tokio::test]
    async fn all_are_served_in_turn_within_the_memory() {
        let work = ImageWork::new(100 * KIB, 8);
        let (now, peak) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let shares = [Share::Upload, Share::OnDemand, Share::Generated, Share::Event];
        let jobs = shares.into_iter().cycle().take(16).map(|share| {
            let (now, peak, work) = (now.clone(), peak.clone(), work.for_share(share));
            async move {
                let counted = move || {
                    peak.fetch_max(now.fetch_add(60, Ordering::SeqCst) + 60, Ordering::SeqCst);
                    std::thread::yield_now();
                    now.fetch_sub(60, Ordering::SeqCst);
                };
                work.run(ImageTask::Clean, 60 * KIB, counted).await
            }
        });
        let done = futures_util::future::join_all(jobs).await;
        assert!(done.into_iter().all(|result| result.is_ok()));
        assert_eq!(peak.load(Ordering::SeqCst), 60);
    }

    #[tokio::test]
    async fn work_that_could_never_be_admitted_is_refused_at_once() {
        let refused = ImageWork::new(10 * KIB, 1).run(ImageTask::Clean, 11 * KIB, || ()).await;
        let (needed_bytes, allowed_bytes) = (11 * KIB, 10 * KIB);
        assert_eq!(refused, Err(Refused::TooMuchMemory { needed_bytes, allowed_bytes }));
    }

    #[tokio::test]
    async fn a_full_queue_refuses_the_next_request_and_an_event_waits() {
        let work = ImageWork::new(KIB, 1);
        let (release, held) = mpsc::channel::<()>();
        let mut holds = Box::pin(work.run(ImageTask::Clean, KIB, move || held.recv().unwrap_or_default()));
        assert!(futures_util::poll!(holds.as_mut()).is_pending());
        let mut waiting: Vec<_> = (0..64).map(|_| Box::pin(work.run(ImageTask::Clean, KIB, || ()))).collect();
        for job in &mut waiting {
            assert!(futures_util::poll!(job.as_mut()).is_pending());
        }
        assert_eq!(work.run(ImageTask::Clean, KIB, || ()).await, Err(Refused::QueueFull));
        let event = work.for_share(Share::Event);
        let mut events: Vec<_> =
            (0..100).map(|_| Box::pin(event.run(ImageTask::Render, KIB, || ()))).collect();
        for event in &mut events {
            assert!(futures_util::poll!(event.as_mut()).is_pending());
        }
        release.send(()).unwrap();
        let (waiting, events) =
            (futures_util::future::join_all(waiting), futures_util::future::join_all(events));
        let (held, done, processed) = futures_util::join!(holds, waiting, events);
        assert_eq!(held, Ok(()));
        assert!(done.into_iter().chain(processed).all(|result| result.is_ok()));
    }

    #[tokio::test]
    async fn a_caller_that_is_dropped_while_waiting_leaves_the_queue() {
        let work = ImageWork::new(KIB, 1);
        let (release, held) = mpsc::channel::<()>();
        let mut holds = Box::pin(work.run(ImageTask::Clean, KIB, move || held.recv().unwrap_or_default()));
        assert!(futures_util::poll!(holds.as_mut()).is_pending());
        for _ in 0..1000 {
            let mut gone = Box::pin(work.run(ImageTask::Clean, KIB, || ()));
            assert!(futures_util::poll!(gone.as_mut()).is_pending());
        }
        release.send(()).unwrap();
        assert_eq!(holds.await, Ok(()));
        assert_eq!(work.run(ImageTask::Clean, KIB, || 7).await, Ok(7));
    }

    #[tokio::test]
    async fn a_panic_is_a_refusal_and_frees_what_it_held() {
        let work = ImageWork::new(KIB, 1);
        for share in [Share::Upload, Share::Event] {
            let work = work.for_share(share);
            let panicked = work.run(ImageTask::Clean, KIB, || panic!("defect")).await;
            assert_eq!(panicked, Err::<(), _>(Refused::Panicked));
            assert_eq!(work.run(ImageTask::Clean, KIB, || 7).await, Ok(7));
        }
    }
}
