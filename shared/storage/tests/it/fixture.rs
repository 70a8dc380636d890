//! A store in a folder of its own.

use std::{
    path::PathBuf,
    pin::Pin,
    task::{Context, Waker},
};

use domain::Stores;
use rusqlite::types::FromSql;
use storage::{
    Boundary, Config, Connection, Faults, Tools,
    sqlite::{Activity, Options},
};
use tempfile::TempDir;

pub(crate) struct Fixture {
    pub(crate) stores: Stores,
    pub(crate) tools: Tools,
    pub(crate) connection: Connection,
    pub(crate) faults: Faults,
    pub(crate) activity: Activity,
    pub(crate) folder: TempDir,
}

impl Fixture {
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("roster.db")
    }

    /// The same file once more.
    pub(crate) fn config(&self) -> Config {
        Config::Sqlite(options(&self.folder))
    }

    /// One value, read past the store.
    pub(crate) fn query<T: FromSql>(&self, sql: &str) -> T {
        let connection = rusqlite::Connection::open(self.file()).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// How many users, images and events there are.
    pub(crate) fn counts(&self) -> [i64; 3] {
        ["users", "images", "events"].map(|table| self.query(&format!("SELECT count(*) FROM {table}")))
    }
}

/// The options for a store in this folder.
pub(crate) fn options(folder: &TempDir) -> Options {
    Options::new(folder.path().join("roster.db"))
}

/// A new store without faults.
pub(crate) async fn open() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    open_in(folder, options).await
}

/// A store with these options, whose file is in `folder`.
pub(crate) async fn open_in(folder: TempDir, options: Options) -> Fixture {
    let (faults, activity) = (Faults::default(), options.activity.clone());
    let boundary = Boundary { faults: faults.clone(), ..Boundary::default() };
    let connection = storage::connect(&Config::Sqlite(options), boundary).await.unwrap();
    // From now on a call reaches the store with its first poll. A damaged store may not answer.
    let _ = connection.guard.pass().await;
    let (stores, tools) = (connection.stores.clone(), connection.tools.clone());
    Fixture { stores, tools, connection, faults, activity, folder }
}

/// A call that has begun: the store has it, and nothing waits for it yet.
pub(crate) fn begin<T>(call: impl Future<Output = T> + 'static) -> Pin<Box<dyn Future<Output = T>>> {
    let mut call = Box::pin(call);
    let begun = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(begun.is_pending(), "a call takes more than one poll");
    call
}
