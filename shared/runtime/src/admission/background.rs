//! Threads for events, with a lower priority than those of requests.

use std::thread;

use tokio::{runtime::Handle, task::spawn_blocking};

use super::Refused;

/// Beside a thread that serves requests on the same core, a thread of this niceness gets a tenth of it
/// (sched(7): a step is a factor of 1.25). Not the lowest priority: an event holds memory that a request may
/// wait for.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Runs `work` on its own thread, since a thread that has lowered its priority may not raise it again. The
/// runtime's thread that waits for it costs nothing, and keeps the runtime from ending before the work.
pub(super) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refused> {
    let runtime = Handle::current();
    let body = move || {
        // For the runtime's clock.
        let _runtime = runtime.enter();
        lower_priority();
        work()
    };
    let waits = move || {
        // If no thread can be started, the work is retried later.
        let thread =
            thread::Builder::new().name("event".to_owned()).spawn(body).map_err(|_| Refused::QueueFull)?;
        thread.join().map_err(|_| Refused::Panicked)
    };
    spawn_blocking(waits).await.map_err(|_| Refused::Panicked)?
}

/// On Linux niceness is per thread. Elsewhere, or if it is refused, only the scheduler's tenth limits events.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS);
}
