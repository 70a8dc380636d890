//! A store in a database of its own.

use domain::{Environment, Stores};
use postgres_server::Server;
use storage::{Boundary, Config, ConnectError, Connection, Faults, Settings, Tools, postgres::OpenError};

pub(crate) struct Fixture {
    pub(crate) stores: Stores,
    pub(crate) tools: Tools,
    pub(crate) connection: Connection,
    pub(crate) faults: Faults,
    pub(crate) server: &'static Server,
    pub(crate) url: String,
}

impl Fixture {
    /// Runs statements past the store.
    pub(crate) fn sql(&self, statements: &str) -> String {
        self.server.sql(database(&self.url), statements)
    }

    /// How many users, images and events there are.
    pub(crate) fn counts(&self) -> [u64; 3] {
        ["users", "images", "events"].map(|table| self.count(table))
    }

    pub(crate) fn count(&self, table: &str) -> u64 {
        self.sql(&format!("SELECT count(*) FROM {table}")).parse().unwrap()
    }
}

pub(crate) fn database(url: &str) -> &str {
    url.rsplit_once('/').unwrap().1
}

pub(crate) fn config(url: &str) -> Config {
    Config::new(&Settings { storage: url, ..Settings::default() }).unwrap()
}

/// A boundary of the environment of these tests.
pub(crate) fn boundary() -> Boundary {
    Boundary { expected: Some(environment("test")), ..Boundary::default() }
}

pub(crate) fn environment(name: &str) -> Environment {
    name.parse().unwrap()
}

/// A new store, or `None` where no server is installed.
pub(crate) async fn open() -> Option<Fixture> {
    let server = Server::shared()?;
    Some(open_at(server, server.database()).await)
}

/// A store in this database, as another process opens it.
pub(crate) async fn open_at(server: &'static Server, url: String) -> Fixture {
    let faults = Faults::default();
    let boundary = Boundary { faults: faults.clone(), ..boundary() };
    let connection = storage::connect(&config(&url), boundary).await.unwrap();
    connection.guard.pass().await.unwrap();
    let (stores, tools) = (connection.stores.clone(), connection.tools.clone());
    Fixture { stores, tools, connection, faults, server, url }
}

/// The error of the adapter.
pub(crate) fn refusal(error: ConnectError) -> OpenError {
    let ConnectError::Store(error) = error else { panic!("{error}") };
    *error.downcast().expect("an error of PostgreSQL's adapter")
}
