//! Which release made the tables, and whose they are: what is checked before they are used.

use std::time::Duration;

use domain::{Environment, Error, environment::WrongEnvironment};
use tokio::time::timeout;
use tokio_postgres::{Client, GenericClient, Row, types::FromSql};

use super::{error, open_error::OpenError, options::Target};
use crate::adapter::ConnectError;

/// The version that this program makes.
pub(super) const VERSION: i32 = 1;

/// The oldest server that is tested: in the form of `server_version_num`.
const OLDEST_SERVER: i32 = 150_000;

/// For everything but migrations: longer than the server's own timeout.
const CHECK_TIMEOUT: Duration = Duration::from_secs(15);

/// Which release made the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// 0 if there are none.
    pub(super) found: i32,
    /// The least version that a program must know.
    usable_from: i32,
}

/// Why the tables cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum SchemaError {
    #[error(transparent)]
    Open(OpenError),
    #[error(transparent)]
    WrongEnvironment(WrongEnvironment),
}

impl From<OpenError> for SchemaError {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

/// For a caller of a port.
impl From<SchemaError> for Error {
    fn from(error: SchemaError) -> Self {
        match error {
            SchemaError::Open(error) => Self::unavailable(error),
            SchemaError::WrongEnvironment(why) => Self::WrongEnvironment(why),
        }
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

pub(super) async fn in_time<T, E: From<OpenError>>(
    target: &Target,
    check: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    timeout(CHECK_TIMEOUT, check).await.unwrap_or_else(|_| {
        let why = "it did not answer within 15 s".to_owned();
        Err(OpenError::Unreachable { target: target.to_string(), why }.into())
    })
}

/// Checks that a data tool can use the database. Changes nothing.
pub(super) async fn check(client: &Client, target: &Target) -> Result<(), OpenError> {
    let target_name = || target.to_string();
    match in_time(target, version(client, target)).await?.found {
        0 => Err(OpenError::Missing { target: target_name() }),
        found if found < VERSION => Err(OpenError::TooOld { target: target_name(), found, known: VERSION }),
        _ => Ok(()),
    }
}

pub(super) async fn check_server(client: &Client, target: &Target) -> Result<(), OpenError> {
    let failed = |why| error::on_open(target, &why);
    let unsupported = |why| Err(OpenError::Unsupported { target: target.to_string(), why });
    let sql = "SELECT current_setting('server_version_num')::integer, current_setting('server_encoding'), \
               pg_is_in_recovery(), current_setting('transaction_read_only')::boolean";
    let row = client.query_one(sql, &[]).await.map_err(failed)?;
    let version: i32 = row.try_get(0).map_err(failed)?;
    if version < OLDEST_SERVER {
        let (found, oldest) = (version / 10_000, OLDEST_SERVER / 10_000);
        return unsupported(format!("its server has version {found}, use version {oldest} or later"));
    }
    let encoding: String = row.try_get(1).map_err(failed)?;
    if encoding != "UTF8" {
        return unsupported(format!("its encoding is {encoding}, recreate it with ENCODING 'UTF8'"));
    }
    if row.try_get(2).map_err(failed)? {
        // It passes when the replica is promoted, as during a failover.
        let why = "it is a read-only replica: use the address of the primary".to_owned();
        return Err(OpenError::Unreachable { target: target.to_string(), why });
    }
    if row.try_get(3).map_err(failed)? {
        return Err(OpenError::ReadOnly { target: target.to_string() });
    }
    Ok(())
}

/// The version of the tables.
pub(super) async fn version(
    client: &(impl GenericClient + Sync),
    target: &Target,
) -> Result<Version, OpenError> {
    let failed = |why| error::on_open(target, &why);
    // `to_regclass` would remember, under the lock, that there was no table before it.
    let sql =
        "SELECT EXISTS (SELECT FROM pg_class WHERE relname = 'roster_schema' AND pg_table_is_visible(oid))";
    let exists = client.query_one(sql, &[]).await.map_err(failed)?;
    if !field::<bool>(target, &exists, 0)? {
        return Ok(Version { found: 0, usable_from: 0 });
    }
    let sql = "SELECT version, usable_from FROM roster_schema LIMIT 1";
    let row = client.query_opt(sql, &[]).await.map_err(failed)?.ok_or_else(|| OpenError::Foreign {
        target: target.to_string(),
        why: "roster_schema is empty".to_owned(),
    })?;
    let version = Version { found: field(target, &row, 0)?, usable_from: field(target, &row, 1)? };
    if version.usable_from > VERSION {
        let target = target.to_string();
        return Err(OpenError::TooNew { target, found: version.found, known: VERSION });
    }
    Ok(version)
}

/// A column of a table that another program may have made.
fn field<'row, T: FromSql<'row>>(target: &Target, row: &'row Row, index: usize) -> Result<T, OpenError> {
    row.try_get(index).map_err(|why| OpenError::Foreign { target: target.to_string(), why: why.to_string() })
}

pub(super) async fn check_owner(
    client: &Client,
    target: &Target,
    version: Version,
    expected: Option<&Environment>,
) -> Result<(), SchemaError> {
    let Some(process) = expected else { return Ok(()) };
    if version.found == 0 {
        return Ok(());
    }
    let row = client.query_opt("SELECT name FROM environment LIMIT 1", &[]).await;
    let row = row.map_err(|why| error::on_open(target, &why))?;
    let name = row.as_ref().map(|row| field::<&str>(target, row, 0)).transpose()?;
    let store = name.and_then(|name| name.parse::<Environment>().ok());
    match store {
        Some(store) if store != *process => {
            let process = process.clone();
            Err(SchemaError::WrongEnvironment(WrongEnvironment::Store { process, store }))
        }
        _ => Ok(()),
    }
}
