//! A task that the process cannot do without.

use anyhow::anyhow;
use tokio::task::JoinHandle;

/// A background task. If it ends by itself, the process must end as well, so that its supervisor restarts it:
/// without the task it would look healthy and do nothing.
pub(super) struct CriticalTask {
    name: &'static str,
    /// None once it has ended.
    task: Option<JoinHandle<()>>,
}

impl CriticalTask {
    pub(super) fn spawn(name: &'static str, run: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { name, task: Some(tokio::spawn(run)) }
    }

    /// Waits until it ends without having been stopped: the reason why the process ends.
    pub(super) async fn died(&mut self) -> anyhow::Error {
        let Some(task) = &mut self.task else { return std::future::pending().await };
        let ended = task.await;
        self.task = None;
        match ended {
            Ok(()) => anyhow!("{} stopped unexpectedly", self.name),
            Err(panic) => anyhow!("{} stopped unexpectedly: {panic}", self.name),
        }
    }

    /// Waits for its end after it was stopped.
    pub(super) async fn finished(self) {
        let Some(task) = self.task else { return };
        if let Err(panic) = task.await {
            let error = &panic as &dyn std::error::Error;
            tracing::error!(error, "{} panicked while stopping", self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn its_end_is_reported_once_by_name() {
        for (panics, why) in
            [(false, "the worker stopped unexpectedly"), (true, "the worker stopped unexpectedly: task ")]
        {
            let mut task = CriticalTask::spawn("the worker", async move { assert!(!panics, "a panic") });
            let error = task.died().await.to_string();
            assert!(error.starts_with(why), "{error}");
            task.finished().await;
        }
    }

    #[tokio::test]
    async fn a_running_task_is_waited_for() {
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let mut task = CriticalTask::spawn("the worker", async { drop(ended.await) });
        tokio::select! {
            biased;
            error = task.died() => panic!("{error}"),
            () = tokio::task::yield_now() => {}
        }
        drop(end);
        task.finished().await;
    }
}
