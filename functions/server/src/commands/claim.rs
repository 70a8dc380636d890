//! `roster claim`: writes the ownership marker to a bucket that has none.

use std::io::Write as _;

use anyhow::Context as _;
use boot::Plan;
use domain::Error;

/// Marks the bucket as belonging to this environment and table. If it is so marked, it stays unchanged.
///
/// # Errors
/// If the store cannot be opened; [`WrongEnvironment`](domain::environment::WrongEnvironment) if the bucket
/// belongs to another environment or table, or too many of its images do.
pub async fn claim(plan: Plan) -> anyhow::Result<()> {
    let connection = plan.open_tool().await?;
    let inventory = connection.tools.inventory.clone().context("this store has no bucket")?;
    let claimed = inventory.claim().await;
    connection.close().await;
    match claimed {
        Ok(()) => Ok(writeln!(std::io::stdout(), "the bucket belongs to this environment and table")?),
        Err(Error::WrongEnvironment(why)) => Err(why.into()),
        Err(error) => Err(error.into()),
    }
}
