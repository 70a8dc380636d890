//! Image work, admitted by its estimated memory and by cores.

use std::{sync::Arc, time::Instant};

use tokio::sync::Semaphore;

use crate::telemetry::{Scope, Telemetry};

/// How many may wait before the next is refused. Photographs of 100 kB take a few milliseconds each; images of 32
/// megapixels take a tenth of a second, so that the last of so many is served well within the time for an answer.
const QUEUE: usize = 64;
/// Memory is counted in units of this many bytes, since a semaphore counts in `u32`.
const UNIT: u64 = 1024;

/// Runs image work on blocking threads: at most as many at once as there are cores, and never more than the set memory
/// for all of them together. Those who wait are served in turn.
#[derive(Clone)]
pub struct ImageWork {
    queue: Arc<Semaphore>,
    memory: Arc<Semaphore>,
    cores: Arc<Semaphore>,
    allowed_bytes: u64,
    telemetry: Option<Telemetry>,
}

/// What is done with an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageTask {
    /// Reading its header.
    Inspect,
    /// Decoding it as proof, and removing its metadata.
    Clean,
    /// Making its renditions.
    Render,
    /// Making a picture of another size or format, or one for who has none.
    Draw,
}

impl ImageTask {
    /// As metrics and spans name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inspect => "image.inspect",
            Self::Clean => "image.clean",
            Self::Render => "image.render",
            Self::Draw => "image.draw",
        }
    }
}

/// Why image work was not done.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Too many wait already.
    #[error("too much image work is waiting")]
    QueueFull,
    /// It could never be admitted.
    #[error("image work needs {needed_bytes} bytes of {allowed_bytes}")]
    TooMuchMemory {
        /// The estimate, in bytes.
        needed_bytes: u64,
        /// The setting, in bytes.
        allowed_bytes: u64,
    },
    /// The work has a defect.
    #[error("image work panicked")]
    Panicked,
}

impl ImageWork {
    /// Work within `allowed_bytes` for all at once, on `cores` threads.
    pub fn new(allowed_bytes: u64, cores: usize) -> Self {
        let units = usize::try_from(allowed_bytes / UNIT).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self {
            queue: Arc::new(Semaphore::new(QUEUE)),
            memory: Arc::new(Semaphore::new(units)),
            cores: Arc::new(Semaphore::new(cores)),
            allowed_bytes,
            telemetry: None,
        }
    }

    /// The same, its work seen by `telemetry`.
    #[must_use]
    pub fn observed(self, telemetry: Telemetry) -> Self {
        Self { telemetry: Some(telemetry), ..self }
    }

    /// Whether work of so much memory could ever be admitted.
    ///
    /// # Errors
    /// [`Refused::TooMuchMemory`].
    pub fn admits(&self, working_bytes: u64) -> Result<(), Refused> {
        if working_bytes <= self.allowed_bytes {
            return Ok(());
        }
        Err(Refused::TooMuchMemory { needed_bytes: working_bytes, allowed_bytes: self.allowed_bytes })
    }

    /// Runs `work` in its turn. A caller that goes away while waiting leaves the queue; work that began is finished.
    pub async fn run<T: Send + 'static>(
        &self,
        task: ImageTask,
        working_bytes: u64,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refused> {
        self.admits(working_bytes)?;
        let units = u32::try_from(working_bytes / UNIT).unwrap_or(u32::MAX);
        let place = self.queue.clone().try_acquire_owned().map_err(|_| Refused::QueueFull)?;
        let memory = self.memory.clone().acquire_many_owned(units).await.expect("never closed");
        let core = self.cores.clone().acquire_owned().await.expect("never closed");
        drop(place);
        let (telemetry, scope) = (self.telemetry.clone(), Scope::current());
        let admitted = move || {
            let began = Instant::now();
            let result = work();
            drop((memory, core));
            if let Some(telemetry) = telemetry {
                telemetry.image_work(scope.as_deref(), task, began.elapsed());
            }
            result
        };
        tokio::task::spawn_blocking(admitted).await.map_err(|_| Refused::Panicked)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[tokio::test]
    async fn all_are_served_in_turn_and_never_more_than_the_memory_at_once() {
        let work = ImageWork::new(100 * UNIT, 8);
        let (now, peak) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let jobs = (0..8).map(|_| {
            let (now, peak) = (now.clone(), peak.clone());
            work.run(ImageTask::Clean, 60 * UNIT, move || {
                peak.fetch_max(now.fetch_add(60, Ordering::SeqCst) + 60, Ordering::SeqCst);
                std::thread::yield_now();
                now.fetch_sub(60, Ordering::SeqCst);
            })
        });
        let done = futures_util::future::join_all(jobs).await;
        assert!(done.into_iter().all(|result| result.is_ok()));
        assert_eq!(peak.load(Ordering::SeqCst), 60);
    }

    #[tokio::test]
    async fn what_could_never_be_admitted_is_refused_at_once() {
        let refused = ImageWork::new(10 * UNIT, 1).run(ImageTask::Clean, 11 * UNIT, || ()).await;
        assert_eq!(
            refused,
            Err(Refused::TooMuchMemory { needed_bytes: 11 * UNIT, allowed_bytes: 10 * UNIT })
        );
    }

    #[tokio::test]
    async fn past_the_queue_the_next_is_refused() {
        let work = ImageWork::new(UNIT, 1);
        let held = work.memory.clone().acquire_many_owned(1).await.unwrap();
        let mut waiting: Vec<_> =
            (0..QUEUE).map(|_| Box::pin(work.run(ImageTask::Clean, UNIT, || ()))).collect();
        for job in &mut waiting {
            assert!(futures_util::poll!(job.as_mut()).is_pending());
        }
        assert_eq!(work.run(ImageTask::Clean, UNIT, || ()).await, Err(Refused::QueueFull));
        drop(held);
        let done = futures_util::future::join_all(waiting).await;
        assert!(done.into_iter().all(|result| result.is_ok()));
    }

    #[tokio::test]
    async fn a_panic_is_a_refusal_and_frees_what_it_held() {
        let work = ImageWork::new(UNIT, 1);
        assert_eq!(
            work.run(ImageTask::Clean, UNIT, || panic!("defect")).await,
            Err::<(), _>(Refused::Panicked)
        );
        assert_eq!(work.run(ImageTask::Clean, UNIT, || 7).await, Ok(7));
    }
}
