//! Creating and migrating the tables: the scripts, and running those that are missing.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use deadpool_postgres::ClientWrapper;
use domain::Environment;
use tokio::time::sleep;
use tokio_postgres::{Client, error::SqlState};

use super::{
    error,
    open_error::OpenError,
    options::Target,
    schema::{SchemaError, check_owner, check_server, in_time, version},
};

/// A script, and the least version that a program must know to use the tables after it.
pub(super) type Script = (&'static str, i32);

/// One script for each version, in order, each in a transaction of its own. A script that was released never changes,
/// and the release before it can use its tables, since both run during an update.
///
/// While an index of a large table is built in a transaction, every write to it waits. So that index does not belong
/// here: it is made by `CREATE INDEX CONCURRENTLY IF NOT EXISTS`, which no transaction may contain, on the connection
/// that holds [`LOCK`]. It waits for all older transactions; processes that wait for the lock have none, as they poll.
/// One that failed leaves an index that is not valid (`pg_index.indisvalid`), to be dropped first.
pub(super) const SCRIPTS: &[Script] = &[(include_str!("migrations/0001_users.sql"), 1)];

/// How long a script waits for a lock of a table: meanwhile every call of the release before waits behind it.
const LOCK_TIMEOUT: &str = "2s";

/// Between two tries, in which those calls run.
const PAUSE: Duration = Duration::from_secs(2);

/// Between two tries to get [`LOCK`].
const POLL: Duration = Duration::from_millis(250);

/// The number of the lock under which tables are made: `Rost`.
const LOCK: i64 = 0x526f_7374;

/// What a process expects of the tables.
pub(super) struct Expected<'a> {
    pub(super) environment: Option<&'a Environment>,
    /// Whether there may be none yet.
    pub(super) may_create: bool,
}

/// What a check of the tables waits for.
pub(super) struct Progress {
    text: Mutex<String>,
    /// If the check fails, the next one waits longer than this one did: it costs more than a question.
    backs_off: AtomicBool,
}

impl Default for Progress {
    fn default() -> Self {
        let text = Mutex::new("its tables are being checked".to_owned());
        Self { text, backs_off: AtomicBool::new(false) }
    }
}

impl Progress {
    pub(super) fn text(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn back_off(&self) {
        self.backs_off.store(true, Ordering::Relaxed);
    }

    pub(super) fn backs_off(&self) -> bool {
        self.backs_off.load(Ordering::Relaxed)
    }

    /// Logs it once.
    fn set(&self, target: &Target, text: &str) {
        let mut shown = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        if *shown != text {
            text.clone_into(&mut shown);
            tracing::info!(database = %target, why = text, "not ready until the tables are");
        }
    }
}

/// Checks the database, and creates or migrates its tables, however long that takes; returns whether it created them.
/// Nothing is changed in a database of another environment.
pub(super) async fn migrate(
    scripts: &[Script],
    client: &mut ClientWrapper,
    target: &Target,
    expected: Expected<'_>,
    progress: &Progress,
) -> Result<bool, SchemaError> {
    let inspect = async {
        check_server(client, target).await?;
        let before = version(&**client, target).await?;
        check_owner(client, target, before, expected.environment).await?;
        Ok::<_, SchemaError>(before)
    };
    let before = in_time(target, inspect).await?;
    if before.found == 0 && !expected.may_create {
        return Err(OpenError::Gone { target: target.to_string() }.into());
    }
    if usize::try_from(before.found).is_ok_and(|found| found >= scripts.len()) {
        return Ok(false);
    }
    lock(client, target, progress).await?;
    let created = run_missing(scripts, client, target, expected.environment, progress).await;
    // If this fails, the connection has ended, and the lock with it.
    let _ = client.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})")).await;
    Ok(created?)
}

/// Waits until no other process migrates the tables. Between two tries there is no transaction.
async fn lock(client: &Client, target: &Target, progress: &Progress) -> Result<(), OpenError> {
    let failed = |why| error::on_open(target, &why);
    // The lock of a process whose machine is gone ends with its session.
    client.batch_execute("SET idle_session_timeout = '60s'").await.map_err(failed)?;
    let sql = format!("SELECT pg_try_advisory_lock({LOCK})");
    while !client.query_one(&sql, &[]).await.map_err(failed)?.try_get::<_, bool>(0).map_err(failed)? {
        progress.set(target, "another process is migrating its tables");
        sleep(POLL).await;
    }
    Ok(())
}

/// Runs the scripts that are missing; returns whether there were no tables.
async fn run_missing(
    scripts: &[Script],
    client: &mut ClientWrapper,
    target: &Target,
    environment: Option<&Environment>,
    progress: &Progress,
) -> Result<bool, OpenError> {
    let before = version(&**client, target).await?.found;
    let missing = scripts.iter().zip(1..).skip(usize::try_from(before).unwrap_or(0));
    for (script, version) in missing {
        progress.set(target, &format!("its tables are being migrated to schema version {version}"));
        progress.back_off();
        let owner = environment.filter(|_| before == 0 && version == 1);
        while !run_script(script, version, client, target, owner).await? {
            let why =
                "a transaction that uses its tables delays their migration; find it in pg_stat_activity";
            progress.set(target, why);
            sleep(PAUSE).await;
        }
    }
    Ok(before == 0)
}

/// Runs a script and records its version, in one transaction; `false` if another transaction uses one of its tables.
async fn run_script(
    (script, usable_from): &Script,
    version: i32,
    client: &mut ClientWrapper,
    target: &Target,
    owner: Option<&Environment>,
) -> Result<bool, OpenError> {
    let record = format!(
        "DELETE FROM roster_schema; INSERT INTO roster_schema (version, usable_from) \
         VALUES ({version}, {usable_from})"
    );
    let run = async {
        let tx = client.transaction().await?;
        let limits = format!("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'");
        tx.batch_execute(&limits).await?;
        tx.batch_execute(script).await?;
        tx.batch_execute(&record).await?;
        if let Some(environment) = owner {
            let sql = "INSERT INTO environment (name) VALUES ($1)";
            tx.execute(sql, &[&environment.as_str()]).await?;
        }
        tx.commit().await
    };
    match run.await {
        Ok(()) => Ok(true),
        Err(why) if why.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => Ok(false),
        Err(why) => Err(error::on_open(target, &why)),
    }
}

#[cfg(test)]
mod tests {
    use deadpool::managed::Manager as _;
    use postgres_server::Server;
    use tokio::time::Instant;

    use super::*;
    use crate::{
        config::Settings,
        postgres::{connector::Connector, options::Options, schema::VERSION},
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

    const LATER: Script = ("ALTER TABLE users ADD COLUMN later text", 1);

    async fn migrate_by(
        scripts: &[Script],
        client: &mut ClientWrapper,
        target: &Target,
    ) -> Result<bool, SchemaError> {
        let expected = Expected { environment: None, may_create: true };
        migrate(scripts, client, target, expected, &Progress::default()).await
    }

    #[tokio::test]
    async fn a_migration_that_waits_for_a_reader_lets_other_calls_pass() {
        let Some(server) = Server::shared() else { return };
        let url = server.database();
        let name = url.rsplit_once('/').unwrap().1;
        let target = options(&url).target;
        let mut migrates = connect(&url).await;
        assert!(migrate_by(&SCRIPTS[..1], &mut migrates, &target).await.unwrap());
        let mut reads = connect(&url).await;
        let reader = reads.transaction().await.unwrap();
        reader.query("SELECT 1 FROM users", &[]).await.unwrap();

        let later = [SCRIPTS[0], LATER];
        let migration = async { migrate_by(&later, &mut migrates, &target).await.unwrap() };
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

    #[tokio::test]
    async fn a_migration_that_fails_keeps_those_before_it() {
        let Some(server) = Server::shared() else { return };
        let url = server.database();
        let mut client = connect(&url).await;
        let scripts = [SCRIPTS[0], LATER, ("ALTER TABLE users ADD COLUMN later text", 1)];
        let target = options(&url).target;
        assert!(migrate_by(&scripts, &mut client, &target).await.is_err());
        let found =
            client.query_one("SELECT version, (SELECT max(later) FROM users) FROM roster_schema", &[]);
        assert_eq!(found.await.unwrap().get::<_, i32>(0), 2);
        // The lock is free, for another process.
        let mut other = connect(&url).await;
        assert!(!migrate_by(&scripts[..2], &mut other, &target).await.unwrap());
        let free = format!("SELECT pg_try_advisory_lock({LOCK})");
        assert!(other.query_one(&free, &[]).await.unwrap().get::<_, bool>(0));
    }
}
