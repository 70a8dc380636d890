//! A task without which the process is of no use.

use anyhow::anyhow;
use tokio::task::JoinHandle;

/// Runs beside the rest of the process. Where it ends by itself the process is to end as well, so that what supervises
/// it starts another: one that lives on without it would look healthy and do nothing.
pub(super) struct Vital {
    name: &'static str,
    /// None once it has ended.
    task: Option<JoinHandle<()>>,
}

impl Vital {
    pub(super) fn spawn(name: &'static str, run: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { name, task: Some(tokio::spawn(run)) }
    }

    /// Waits until it ends though it was not stopped: the reason for the end of the process.
    pub(super) async fn died(&mut self) -> anyhow::Error {
        let Some(task) = &mut self.task else { return std::future::pending().await };
        let ended = task.await;
        self.task = None;
        match ended {
            Ok(()) => anyhow!("{} ended", self.name),
            Err(panic) => anyhow!("{} ended: {panic}", self.name),
        }
    }

    /// Waits for its end, once it was stopped.
    pub(super) async fn finished(self) {
        let Some(task) = self.task else { return };
        if let Err(panic) = task.await {
            let error = &panic as &dyn std::error::Error;
            tracing::error!(error, "{} ended early", self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn its_death_names_it_and_is_met_once() {
        for (panics, why) in [(false, "the worker ended"), (true, "the worker ended: task ")] {
            let mut task = Vital::spawn("the worker", async move { assert!(!panics, "a defect") });
            let error = task.died().await.to_string();
            assert!(error.starts_with(why), "{error}");
            task.finished().await;
        }
    }

    #[tokio::test]
    async fn one_that_runs_is_waited_for() {
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let mut task = Vital::spawn("the worker", async { drop(ended.await) });
        tokio::select! {
            biased;
            error = task.died() => panic!("{error}"),
            () = tokio::task::yield_now() => {}
        }
        drop(end);
        task.finished().await;
    }
}
