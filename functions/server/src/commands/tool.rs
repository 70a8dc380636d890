//! Opens the store for the data tools, next to a `serve` that may be running.

use domain::Environment;
use storage::{Config as Storage, Connection, Guard, guarded};

use super::serve::wrong_or_not;

/// Opens the store and verifies its environment.
///
/// # Errors
/// If it cannot be opened; [`WrongEnvironment`](domain::environment::WrongEnvironment) if it is not the
/// `expected` one.
pub(super) async fn open(storage: &Storage, expected: Option<Environment>) -> anyhow::Result<Connection> {
    let connection = storage::connect_tool(storage).await.map_err(wrong_or_not)?;
    let (_, guard) = guarded(connection.stores.clone(), expected);
    match pass(&guard).await {
        Ok(()) => Ok(connection),
        Err(error) => {
            connection.close().await;
            Err(error)
        }
    }
}

async fn pass(guard: &Guard) -> anyhow::Result<()> {
    guard.pass().await.map_err(|error| match error {
        domain::Error::WrongEnvironment(why) => why.into(),
        other => anyhow::Error::from(other),
    })
}
