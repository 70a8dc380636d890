//! Whether the store is of this environment: asked at the start, and again until it says.

use std::{collections::BTreeSet, time::Duration};

use domain::{Error, environment::WrongEnvironment};
use storage::Guard;
use web::Lifecycle;

/// How long the start waits for the store to name its environment; then it goes on, not in service yet.
const ASK_WITHIN: Duration = Duration::from_secs(3);
/// How long to wait before a store that did not answer is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Puts the process into service once the store has named the right environment. A store that cannot be asked yet is
/// asked again, beside the rest of the start.
///
/// # Errors
/// [`WrongEnvironment`], where the store says so within the time that a start waits.
pub async fn confirm(guard: &Guard, lifecycle: &Lifecycle) -> Result<(), WrongEnvironment> {
    let mut told = Told::default();
    match tokio::time::timeout(ASK_WITHIN, guard.pass()).await {
        Ok(Ok(())) => {
            lifecycle.serving();
            return Ok(());
        }
        Ok(Err(Error::WrongEnvironment(why))) => return Err(why),
        Ok(Err(error)) => told.tell(&error),
        Err(_) => tracing::warn!("store did not answer whose it is: not in service yet"),
    }
    tokio::spawn(ask_again(guard.clone(), lifecycle.clone(), told));
    Ok(())
}

async fn ask_again(guard: Guard, lifecycle: Lifecycle, mut told: Told) {
    loop {
        tokio::time::sleep(ASK_AGAIN).await;
        let passing = guard.clone();
        // A task of its own: a defect must not end the asking, or the process would never be in service.
        let passed = tokio::spawn(async move { passing.pass().await });
        match passed.await.unwrap_or_else(|panic| Err(Error::unavailable(panic))) {
            Ok(()) => {
                tracing::info!("store said whose it is: in service");
                return lifecycle.serving();
            }
            // Whoever waits for that hears of it.
            Err(Error::WrongEnvironment(_)) => return,
            Err(error) => told.tell(&error),
        }
    }
}

/// Why the process is not in service yet: each reason once, not once a second.
#[derive(Default)]
struct Told(BTreeSet<String>);

impl Told {
    fn tell(&mut self, error: &Error) {
        if self.0.insert(error.reason()) {
            let error = error as &dyn std::error::Error;
            tracing::warn!(error, "store cannot be asked whose it is: not in service yet");
        }
    }
}
