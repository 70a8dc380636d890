//! What the data tools begin with: the store, beside a `serve` that may be running.

use domain::Environment;
use storage::{Config as Storage, Connection, Guard, guarded};

use super::serve::wrong_or_not;

/// Opens the store, once it has named the right environment.
///
/// # Errors
/// Where it cannot be had; [`WrongEnvironment`](domain::environment::WrongEnvironment) where it is not `expected`.
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
