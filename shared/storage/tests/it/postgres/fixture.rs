//! A store in a database of its own.

use std::time::Duration;

use domain::{Environment, Stores};
use postgres_server::Server;
use storage::{
    Boundary, Config, ConnectError, Connection, Faults, Settings, Tools,
    postgres::{OpenError, Timing},
};

/// Far longer than anything takes that a test waits for.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

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

/// The same with other times.
pub(crate) fn config_with(url: &str, timing: Timing) -> Config {
    let Config::Postgres(options) = config(url) else { panic!("{url} selects another store") };
    Config::Postgres(options.with_timing(timing))
}

/// Calls that fail are tried again a few times, not for seconds.
pub(crate) fn impatient() -> Timing {
    Timing { retry_within: Duration::from_millis(300), ..Timing::default() }
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

/// The same with other times.
pub(crate) async fn open_with(timing: Timing) -> Option<Fixture> {
    let server = Server::shared()?;
    let url = server.database();
    Some(open_config(server, &config_with(&url, timing), url.clone()).await)
}

/// A store in this database, as another process opens it.
pub(crate) async fn open_at(server: &'static Server, url: String) -> Fixture {
    open_config(server, &config(&url), url.clone()).await
}

pub(crate) async fn open_config(server: &'static Server, config: &Config, url: String) -> Fixture {
    let faults = Faults::default();
    let boundary = Boundary { faults: faults.clone(), ..boundary() };
    let connection = storage::connect(config, boundary).await.unwrap();
    connection.guard.pass().await.unwrap();
    let (stores, tools) = (connection.stores.clone(), connection.tools.clone());
    Fixture { stores, tools, connection, faults, server, url }
}

/// Waits for a condition.
pub(crate) async fn until(what: &str, mut reached: impl AsyncFnMut() -> bool) {
    let waits = async {
        while !reached().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, waits).await.unwrap_or_else(|_| panic!("{what}"));
}

/// The error of the adapter.
pub(crate) fn refusal(error: ConnectError) -> OpenError {
    let ConnectError::Store(error) = error else { panic!("{error}") };
    *error.downcast().expect("an error of PostgreSQL's adapter")
}
