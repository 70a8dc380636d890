//! The tables, and what is checked before they are used.

use deadpool_postgres::ClientWrapper;
use domain::{Environment, environment::WrongEnvironment};
use tokio_postgres::{Client, GenericClient};

use super::{error, open_error::OpenError, options::Target};
use crate::adapter::ConnectError;

/// One script for each version, in order, with the least version that a program must know to use its tables. A script
/// that was released never changes, and the release before it can use its tables, since both run during an update.
const SCRIPTS: [(&str, i32); 1] = [(include_str!("migrations/0001_users.sql"), 1)];

/// The version that this program makes.
pub(super) const VERSION: i32 = 1;

/// The number of the lock under which tables are made: `Rost`.
const LOCK: i64 = 0x526f_7374;

/// Whether the database has the tables yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    found: i32,
    /// The least version that a program must know.
    usable_from: i32,
}

/// Why the tables cannot be used.
#[derive(Clone, Debug)]
pub(super) enum SchemaError {
    Open(OpenError),
    WrongEnvironment(WrongEnvironment),
}

impl From<OpenError> for SchemaError {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

impl From<SchemaError> for ConnectError {
    fn from(error: SchemaError) -> Self {
        match error {
            SchemaError::Open(error) => error.into(),
            SchemaError::WrongEnvironment(why) => Self::WrongEnvironment(why),
        }
    }
}

/// Checks the database, and creates or migrates its tables; returns whether it created them. Nothing is changed in a
/// database of another environment.
pub(super) async fn migrate(
    client: &mut ClientWrapper,
    target: &Target,
    expected: Option<&Environment>,
) -> Result<bool, SchemaError> {
    check_server(client, target).await?;
    let before = version(&**client, target).await?;
    check_owner(client, target, before, expected).await?;
    if before.found >= VERSION {
        return Ok(false);
    }
    let failed = |why| error::on_open(target, &why);
    // One process makes the tables; the others wait for it, and then find them.
    let tx = client.transaction().await.map_err(failed)?;
    let lock = format!(
        "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'; SELECT pg_advisory_xact_lock({LOCK})"
    );
    tx.batch_execute(&lock).await.map_err(failed)?;
    let found = version(&*tx, target).await?.found;
    let mut usable_from = 0;
    for (script, usable) in SCRIPTS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        tx.batch_execute(script).await.map_err(failed)?;
        usable_from = *usable;
    }
    if found < VERSION {
        let record = format!(
            "DELETE FROM roster_schema; INSERT INTO roster_schema (version, usable_from) VALUES ({VERSION}, {usable_from})"
        );
        tx.batch_execute(&record).await.map_err(failed)?;
    }
    if let (0, Some(environment)) = (found, expected) {
        let sql = "INSERT INTO environment (name) VALUES ($1)";
        tx.execute(sql, &[&environment.as_str()]).await.map_err(failed)?;
    }
    tx.commit().await.map_err(failed)?;
    Ok(found == 0)
}

/// Checks that a data tool can use the database. Changes nothing.
pub(super) async fn check(client: &Client, target: &Target) -> Result<(), OpenError> {
    let target_name = || target.to_string();
    match version(client, target).await?.found {
        0 => Err(OpenError::Missing { target: target_name() }),
        found if found < VERSION => Err(OpenError::TooOld { target: target_name(), found, known: VERSION }),
        _ => Ok(()),
    }
}

async fn check_server(client: &Client, target: &Target) -> Result<(), OpenError> {
    let sql = "SELECT current_setting('server_encoding'), \
               pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean";
    let row = client.query_one(sql, &[]).await.map_err(|why| error::on_open(target, &why))?;
    let (encoding, read_only): (String, bool) = (row.get(0), row.get(1));
    if read_only {
        return Err(OpenError::ReadOnly { target: target.to_string() });
    }
    if encoding != "UTF8" {
        return Err(OpenError::Encoding { target: target.to_string(), found: encoding });
    }
    Ok(())
}

/// The version of the tables: 0 if there are none.
async fn version(client: &(impl GenericClient + Sync), target: &Target) -> Result<Version, OpenError> {
    let failed = |why| error::on_open(target, &why);
    // `to_regclass` would remember, under the lock, that there was no table before it.
    let sql =
        "SELECT EXISTS (SELECT FROM pg_class WHERE relname = 'roster_schema' AND pg_table_is_visible(oid))";
    let exists = client.query_one(sql, &[]).await.map_err(failed)?;
    if !exists.get::<_, bool>(0) {
        return Ok(Version { found: 0, usable_from: 0 });
    }
    let row =
        client.query_one("SELECT version, usable_from FROM roster_schema", &[]).await.map_err(failed)?;
    let version = Version { found: row.get(0), usable_from: row.get(1) };
    if version.usable_from > VERSION {
        let target = target.to_string();
        return Err(OpenError::TooNew { target, found: version.found, known: VERSION });
    }
    Ok(version)
}

async fn check_owner(
    client: &Client,
    target: &Target,
    version: Version,
    expected: Option<&Environment>,
) -> Result<(), SchemaError> {
    let Some(process) = expected else { return Ok(()) };
    if version.found == 0 {
        return Ok(());
    }
    let row = client.query_opt("SELECT name FROM environment", &[]).await;
    let row = row.map_err(|why| error::on_open(target, &why))?;
    let store = row.and_then(|row| row.get::<_, String>(0).parse::<Environment>().ok());
    match store {
        Some(store) if store != *process => {
            let process = process.clone();
            Err(SchemaError::WrongEnvironment(WrongEnvironment::Store { process, store }))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_is_a_version_and_the_release_before_can_use_its_tables() {
        assert_eq!(usize::try_from(VERSION).unwrap(), SCRIPTS.len());
        for (version, (_, usable_from)) in (1..).zip(SCRIPTS) {
            assert!(usable_from <= (version - 1).max(1), "{version}");
        }
    }
}
