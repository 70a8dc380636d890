//! Checks the store's environment: at the start, and again until the store answers.

use std::{collections::BTreeSet, time::Duration};

use domain::{Error, environment::WrongEnvironment};
use runtime::Lifecycle;
use storage::Guard;

/// How long the start waits for the store's environment; after that it continues, not ready yet.
const CHECK_TIMEOUT: Duration = Duration::from_secs(3);
/// How long to wait before checking again.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// Makes the process ready once the store's environment is verified. If the store does not answer in time,
/// the check is repeated in the background while the start continues.
///
/// # Errors
/// [`WrongEnvironment`], if the store reports it in time.
pub async fn confirm(guard: &Guard, lifecycle: &Lifecycle) -> Result<(), WrongEnvironment> {
    let mut seen = SeenReasons::default();
    match tokio::time::timeout(CHECK_TIMEOUT, guard.pass()).await {
        Ok(Ok(())) => {
            lifecycle.serving();
            return Ok(());
        }
        Ok(Err(Error::WrongEnvironment(why))) => return Err(why),
        Ok(Err(error)) => seen.log_once(&error),
        Err(_) => tracing::warn!("timed out checking the store's environment; not ready, retrying"),
    }
    tokio::spawn(keep_checking(guard.clone(), lifecycle.clone(), seen));
    Ok(())
}

async fn keep_checking(guard: Guard, lifecycle: Lifecycle, mut seen: SeenReasons) {
    loop {
        tokio::time::sleep(CHECK_EVERY).await;
        let passing = guard.clone();
        // A task of its own: a panic must not end the checks, or the process would never become ready.
        let passed = tokio::spawn(async move { passing.pass().await });
        match passed.await.unwrap_or_else(|panic| Err(Error::unavailable(panic))) {
            Ok(()) => {
                tracing::info!("store environment verified; ready");
                return lifecycle.serving();
            }
            // Reported by `Guard::wrong`.
            Err(Error::WrongEnvironment(_)) => return,
            Err(error) => seen.log_once(&error),
        }
    }
}

/// Why the process is not ready yet: each reason is logged once, not once a second.
#[derive(Default)]
struct SeenReasons(BTreeSet<String>);

impl SeenReasons {
    fn log_once(&mut self, error: &Error) {
        if self.0.insert(error.reason()) {
            let error = error as &dyn std::error::Error;
            tracing::warn!(error, "could not check the store's environment; not ready, retrying");
        }
    }
}
