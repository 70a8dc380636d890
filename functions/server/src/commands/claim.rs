//! `roster claim`: a bucket that does not say whose it is gets its marker.

use std::io::Write as _;

use anyhow::Context as _;
use domain::{Environment, Error};
use storage::Config as Storage;

use super::tool;

/// Writes into the bucket that it belongs to this environment and table; leaves one alone that says so already.
///
/// # Errors
/// Where the store cannot be had; [`WrongEnvironment`](domain::environment::WrongEnvironment) where the bucket belongs to others, or
/// most of its images do.
pub async fn claim(storage: Storage, expected: Option<Environment>) -> anyhow::Result<()> {
    let connection = tool::open(&storage, expected).await?;
    let inventory = connection.tools.inventory.clone().context("this store has no bucket")?;
    let claimed = inventory.claim().await;
    connection.close().await;
    match claimed {
        Ok(()) => Ok(writeln!(std::io::stdout(), "the bucket belongs to this environment and table")?),
        Err(Error::WrongEnvironment(why)) => Err(why.into()),
        Err(error) => Err(error.into()),
    }
}
