//! The tables, and what is checked before they are used.

use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use domain::{Environment, environment::WrongEnvironment};
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::{Client, GenericClient, Row, error::SqlState, types::FromSql};

use super::{error, open_error::OpenError, options::Target};
use crate::adapter::ConnectError;

/// A script, and the least version that a program must know to use the tables after it.
type Script<'a> = (&'a str, i32);

/// One script for each version, in order. A script that was released never changes, and the release before it can use its
/// tables, since both run during an update.
const SCRIPTS: &[Script<'static>] =
    &[(include_str!("migrations/0001_users.sql"), 1), (include_str!("migrations/0002_other_hashes.sql"), 1)];

/// The version that this program makes.
pub(super) const VERSION: i32 = 2;

/// The oldest server that is tested: in the form of `server_version_num`.
const OLDEST_SERVER: i32 = 150_000;

/// For everything but migrations: longer than the server's own timeout.
const CHECK_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a migration waits for other processes and for transactions that use its tables. It takes as long as it takes.
const WAIT: Duration = Duration::from_secs(90);

/// How long a script waits for a lock of a table: meanwhile every call of the release before waits behind it.
const LOCK_TIMEOUT: &str = "2s";

/// Between two tries, in which those calls run.
const PAUSE: Duration = Duration::from_secs(2);

/// The number of the lock under which tables are made: `Rost`.
const LOCK: i64 = 0x526f_7374;

/// Which release made the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    /// 0 if there are none.
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
    migrate_by(SCRIPTS, client, target, expected).await
}

async fn migrate_by(
    scripts: &[Script<'_>],
    client: &mut ClientWrapper,
    target: &Target,
    expected: Option<&Environment>,
) -> Result<bool, SchemaError> {
    let inspect = async {
        check_server(client, target).await?;
        let before = version(&**client, target).await?;
        check_owner(client, target, before, expected).await?;
        Ok::<_, SchemaError>(before)
    };
    let before = in_time(target, inspect).await?;
    if usize::try_from(before.found).is_ok_and(|found| found >= scripts.len()) {
        return Ok(false);
    }
    let began = Instant::now();
    loop {
        match run_scripts(scripts, client, target, expected).await {
            Ok(created) => return Ok(created),
            Err(MigrateError::Busy) if began.elapsed() < WAIT => sleep(PAUSE).await,
            Err(MigrateError::Busy) => {
                let why =
                    "a transaction that uses its tables delays their migration; find it in pg_stat_activity";
                return Err(OpenError::Unreachable { target: target.to_string(), why: why.to_owned() }.into());
            }
            Err(MigrateError::Open(error)) => return Err(error.into()),
        }
    }
}

/// Why a migration was rolled back.
enum MigrateError {
    /// Another process migrates, or a transaction uses a table.
    Busy,
    Open(OpenError),
}

impl From<OpenError> for MigrateError {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

/// Runs the scripts that are missing, in one transaction; returns whether there were no tables.
async fn run_scripts(
    scripts: &[Script<'_>],
    client: &mut ClientWrapper,
    target: &Target,
    expected: Option<&Environment>,
) -> Result<bool, MigrateError> {
    let failed = |why: tokio_postgres::Error| match why.code() {
        Some(&SqlState::LOCK_NOT_AVAILABLE) => MigrateError::Busy,
        _ => error::on_open(target, &why).into(),
    };
    let tx = client.transaction().await.map_err(failed)?;
    // One process makes the tables; the others wait for it, and then find them.
    let lock = format!(
        "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'; SELECT pg_advisory_xact_lock({LOCK}); \
         SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"
    );
    tx.batch_execute(&lock).await.map_err(failed)?;
    let found = version(&*tx, target).await?.found;
    let missing = scripts.iter().zip(1..).skip(usize::try_from(found).unwrap_or(0));
    for ((script, usable_from), version) in missing {
        tx.batch_execute(script).await.map_err(failed)?;
        let record = format!(
            "DELETE FROM roster_schema; INSERT INTO roster_schema (version, usable_from) \
             VALUES ({version}, {usable_from})"
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

async fn in_time<T, E: From<OpenError>>(
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

async fn check_server(client: &Client, target: &Target) -> Result<(), OpenError> {
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
async fn version(client: &(impl GenericClient + Sync), target: &Target) -> Result<Version, OpenError> {
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

#[cfg(test)]
mod tests {
    use deadpool::managed::Manager as _;
    use postgres_server::Server;

    use super::*;
    use crate::{
        config::Settings,
        postgres::{connector::Connector, options::Options},
    };

    #[test]
    fn every_script_is_a_version_and_the_release_before_can_use_its_tables() {
        assert_eq!(usize::try_from(VERSION).unwrap(), SCRIPTS.len());
        for (version, (_, usable_from)) in (1..).zip(SCRIPTS) {
            assert!(*usable_from <= (version - 1).max(1), "{version}");
        }
    }

    fn options(url: &str) -> Options {
        let settings = Settings { storage: url, ..Settings::default() };
        Options::read(&settings).expect("its scheme").unwrap()
    }

    async fn connect(url: &str) -> ClientWrapper {
        Connector::new(options(url)).unwrap().create().await.unwrap()
    }

    #[tokio::test]
    async fn a_migration_that_waits_for_a_reader_lets_other_calls_pass() {
        let Some(server) = Server::shared() else { return };
        let url = server.database();
        let name = url.rsplit_once('/').unwrap().1;
        let target = options(&url).target;
        let mut migrates = connect(&url).await;
        assert!(migrate_by(&SCRIPTS[..1], &mut migrates, &target, None).await.unwrap());
        let mut reads = connect(&url).await;
        let reader = reads.transaction().await.unwrap();
        reader.query("SELECT 1 FROM users", &[]).await.unwrap();

        let later = [SCRIPTS[0], ("ALTER TABLE users ADD COLUMN later text", 1)];
        let migration = async { migrate_by(&later, &mut migrates, &target, None).await.unwrap() };
        let calls = async {
            let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'users'::regclass";
            let deadline = Instant::now() + Duration::from_mins(1);
            while server.sql(name, waits) == "0" {
                assert!(Instant::now() < deadline, "the migration does not begin");
                sleep(Duration::from_millis(10)).await;
            }
            // It passes within the lock timeout of a call, although the reader goes on.
            connect(&url).await.query("SELECT 1 FROM users", &[]).await.unwrap();
            reader.rollback().await.unwrap();
        };
        let (created, ()) = tokio::join!(migration, calls);
        assert!(!created);
        assert_eq!(
            server
                .sql(name, "SELECT roster_schema.version, later FROM roster_schema LEFT JOIN users ON true"),
            "2|"
        );
    }
}
