//! Opening a store: in which order, and with which settings.

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use domain::{Environment, environment::WrongEnvironment};
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use tokio::task;

use super::{
    checkpoint::Log,
    create, damage, error,
    file::{self, FileContent, sibling},
    lock::ServeLock,
    migrations,
    open_error::OpenError,
    options::Options,
    pragma,
    threads::{Connections, Threads},
    uploads::Folder,
};
use crate::{
    adapter::{Adapter, ConnectError, Opened},
    faults::Faults,
};

/// How long a connection waits for another process, such as a data tool, to finish a transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How many prepared statements a connection caches: more than there are.
const STATEMENTS: usize = 64;

/// Memory for pages, in KiB. Small: the system caches the file anyway, and copying from there is cheap.
const READER_CACHE_KIB: i64 = 1024;
const WRITER_CACHE_KIB: i64 = 4096;

/// `synchronous`: every commit is on the disk before it is answered. In WAL mode this equals FULL, while
/// NORMAL would sync only at checkpoints. Outside WAL mode, as in a copy that a data tool opens before it was
/// served, the folder is synced as well (<https://www.sqlite.org/pragma.html#pragma_synchronous>).
const EXTRA: i64 = 3;

/// `temp_store`: in memory. A container's file system may be read-only beside the database.
const MEMORY: i64 = 2;

#[async_trait]
impl Adapter for Options {
    async fn serve(&self, expected: Option<&Environment>, faults: Faults) -> Result<Opened, ConnectError> {
        serve(self.clone(), expected.cloned(), faults).await
    }

    async fn tool(&self, faults: Faults) -> Result<Opened, ConnectError> {
        tool(self.clone(), faults).await
    }
}

/// Creates the database if there is none, migrates it, and locks out every other `serve` until it is closed or
/// this process ends.
async fn serve(
    options: Options,
    expected: Option<Environment>,
    faults: Faults,
) -> Result<Opened, ConnectError> {
    let (opened, uploads) = blocking(move || {
        let path = file::resolve(&options.path)?;
        // If this file was never served, leave no lock beside a refused file.
        if !sibling(&path, "-lock").exists() {
            file::inspect(&path)?;
        }
        let lock = ServeLock::take(&path)?;
        let created = file::inspect(&path)? == FileContent::Nothing;
        if created {
            create::create(&path, expected.as_ref())?;
        }
        let mut writer = writer(&path, &options)?;
        let failed = |error| error::on_open(&path, &error);
        check_owner(&writer, expected.as_ref()).map_err(failed)??;
        pragma::write_ahead(&writer).map_err(|error| error::on_write_ahead(&path, &error))?;
        migrations::migrate(&mut writer).map_err(failed)?;
        release_events(&writer).map_err(failed)?;
        let uploads = Folder::beside(&path);
        let opened = start(&path, writer, options, faults, Some(lock), created, uploads.clone())?;
        Ok((opened, uploads))
    })
    .await?;
    uploads.remove_expired_regularly();
    Ok(opened)
}

/// Opens the database for a data tool.
async fn tool(options: Options, faults: Faults) -> Result<Opened, ConnectError> {
    blocking(move || {
        let path = file::resolve(&options.path)?;
        if file::inspect(&path)? == FileContent::Nothing {
            return Err(OpenError::Missing { file: path }.into());
        }
        let writer = writer(&path, &options)?;
        Ok(start(&path, writer, options, faults, None, false, Folder::beside(&path))?)
    })
    .await
}

/// Releases the events that a killed process was processing: no other worker uses this file.
fn release_events(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "UPDATE events SET visible_at = 0, is_handed_out = 0 WHERE is_handed_out";
    connection.execute(sql, []).map(drop)
}

/// Refuses the file of another environment before anything in it is changed: its own release may be older.
fn check_owner(
    connection: &Connection,
    process: Option<&Environment>,
) -> rusqlite::Result<Result<(), ConnectError>> {
    let Some(process) = process else { return Ok(Ok(())) };
    if migrations::version(connection)? < migrations::NAMES_ENVIRONMENT {
        return Ok(Ok(()));
    }
    let name: Option<String> =
        connection.query_row("SELECT (SELECT name FROM environment)", [], |row| row.get(0))?;
    let store = name.and_then(|name| name.parse::<Environment>().ok());
    Ok(match store {
        Some(store) if store != *process => {
            let process = process.clone();
            Err(ConnectError::WrongEnvironment(WrongEnvironment::Store { process, store }))
        }
        _ => Ok(()),
    })
}

async fn blocking<T: Send + 'static>(
    open: impl FnOnce() -> Result<T, ConnectError> + Send + 'static,
) -> Result<T, ConnectError> {
    task::spawn_blocking(open).await.expect("opening a store does not panic")
}

fn start(
    path: &Path,
    mut writer: Connection,
    options: Options,
    faults: Faults,
    lock: Option<ServeLock>,
    created: bool,
    uploads: Folder,
) -> Result<Opened, OpenError> {
    // Read once more through SQLite: a later version may still be in the log.
    let failed = |error| error::on_open(path, &error);
    let (file, known) = (path.to_owned(), migrations::VERSION);
    match migrations::version(&writer).map_err(failed)? {
        found if found > known => return Err(OpenError::TooNew { file, found, known }),
        found if found < known => return Err(OpenError::TooOld { file, found, known }),
        _ => {}
    }
    let reading = (0..super::readers::count()).map(|_| reader(path)).collect::<Result<Vec<_>, _>>()?;
    let log = Log::watch(&mut writer).map_err(failed)?;
    let checkpointing = durable(path, READER_CACHE_KIB).map_err(failed)?;
    let connections = Connections { writing: writer, checkpointing, reading };
    let (threads, stores, tools) = Threads::start(connections, log, faults, options.activity, lock, uploads);
    Ok(Opened { stores, tools, created, backend: Box::new(threads) })
}

fn writer(path: &Path, options: &Options) -> Result<Connection, OpenError> {
    let configure = || {
        let connection = durable(path, WRITER_CACHE_KIB)?;
        // Erasing a user erases the bytes: FAST would leave those of an image in the file until reuse.
        pragma::set(&connection, "secure_delete", 1)?;
        if let Some(pages) = options.max_pages {
            connection.pragma_update(None, "max_page_count", pages)?;
        }
        if let Err(error) = damage::check(&connection) {
            // Closing must not checkpoint a leftover log into a damaged file.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, file::has_log(path))?;
            return Err(error);
        }
        Ok(connection)
    };
    configure().map_err(|error| error::on_open(path, &error))
}

fn reader(path: &Path) -> Result<Connection, OpenError> {
    let configure = || {
        let connection = connection(path, READER_CACHE_KIB)?;
        pragma::set(&connection, "query_only", 1)?;
        Ok(connection)
    };
    configure().map_err(|error| error::on_open(path, &error))
}

/// A connection that syncs what it writes.
fn durable(path: &Path, cache_kib: i64) -> rusqlite::Result<Connection> {
    let connection = connection(path, cache_kib)?;
    pragma::set(&connection, "synchronous", EXTRA)?;
    Ok(connection)
}

fn connection(path: &Path, cache_kib: i64) -> rusqlite::Result<Connection> {
    // Each connection stays on one thread, so SQLite need not guard it.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    pragma::set(&connection, "cache_size", -cache_kib)?;
    pragma::set(&connection, "temp_store", MEMORY)?;
    pragma::set(&connection, "trusted_schema", 0)?;
    // Otherwise SQLite replans a statement whenever other values are bound to it: twice the cost of a page.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_writer_commits_is_on_the_disk_before_it_is_answered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roster.db");
        create::create(&path, None).unwrap();
        let writer = writer(&path, &Options::new(&path)).unwrap();
        assert_eq!(
            writer.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0)).unwrap(),
            EXTRA
        );
        let journal = writer.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0)).unwrap();
        assert_eq!(journal, "wal");
    }
}
