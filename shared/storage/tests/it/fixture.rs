//! A store in a folder of its own.

use std::path::PathBuf;

use domain::Stores;
use storage::{Config, Connection, Faults, sqlite::Options};
use tempfile::TempDir;

pub(crate) struct Fixture {
    pub(crate) stores: Stores,
    pub(crate) connection: Connection,
    pub(crate) faults: Faults,
    pub(crate) folder: TempDir,
}

impl Fixture {
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("roster.db")
    }

    /// SQLite's own view of the file.
    pub(crate) fn count(&self, sql: &str) -> i64 {
        let connection = rusqlite::Connection::open(self.file()).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

/// A new store without faults.
pub(crate) async fn open() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let options = Options::new(folder.path().join("roster.db"));
    open_in(folder, options).await
}

/// A store with these options, whose file is in `folder`.
pub(crate) async fn open_in(folder: TempDir, options: Options) -> Fixture {
    let faults = options.faults.clone();
    let connection = storage::connect(&Config::Sqlite(options)).await.unwrap();
    Fixture { stores: connection.stores.clone(), connection, faults, folder }
}
