//! Opening the store that the settings select, behind the boundary.

pub(crate) mod fault_names;

#[cfg(feature = "dynamodb")]
use crate::aws;
#[cfg(feature = "postgres")]
use crate::postgres;
#[cfg(feature = "sqlite")]
use crate::sqlite;
use crate::{
    adapter::{Adapter, Backend, ConnectError, Opened, Tools},
    boundary::Boundary,
    config::{ConfigError, Settings},
    guard::Guard,
};
use domain::Stores;

/// The store that the settings select: one variant for each adapter.
#[derive(Clone, Debug)]
pub enum Config {
    /// `sqlite:FILE`: everything in one file of this machine.
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Options),
    /// `postgres://…`: everything in one database.
    #[cfg(feature = "postgres")]
    Postgres(postgres::Options),
    /// `aws`: users in DynamoDB, images in S3.
    #[cfg(feature = "dynamodb")]
    Aws(aws::Options),
}

/// What selects each of the stores that this program was built with.
const EXPECTED: &[&str] = &[
    #[cfg(feature = "sqlite")]
    sqlite::EXPECTED,
    #[cfg(feature = "postgres")]
    postgres::EXPECTED,
    #[cfg(feature = "dynamodb")]
    aws::EXPECTED,
];

impl Config {
    /// Reads the settings of the store.
    pub fn new(settings: &Settings<'_>) -> Result<Self, ConfigError> {
        #[cfg(feature = "sqlite")]
        if let Some(options) = sqlite::Options::read(settings) {
            return options.map(Self::Sqlite);
        }
        #[cfg(feature = "postgres")]
        if let Some(options) = postgres::Options::read(settings) {
            return options.map(Self::Postgres);
        }
        #[cfg(not(feature = "postgres"))]
        if settings.storage.starts_with("postgres://") || settings.storage.starts_with("postgresql://") {
            return Err(ConfigError::NotBuilt("postgres"));
        }
        #[cfg(feature = "dynamodb")]
        if let Some(options) = aws::Options::read(settings) {
            return options.map(Self::Aws);
        }
        #[cfg(not(feature = "dynamodb"))]
        if settings.storage == "aws" {
            return Err(ConfigError::NotBuilt("aws"));
        }
        let _ = settings;
        Err(ConfigError::UnknownScheme(match EXPECTED {
            [] => "built in, but this program was built without a store".to_owned(),
            expected => expected.join(", or "),
        }))
    }

    /// Reads the setting `ROSTER_STORAGE` alone.
    pub fn parse(storage: &str) -> Result<Self, ConfigError> {
        Self::new(&Settings { storage, ..Settings::default() })
    }

    fn adapter(&self) -> &dyn Adapter {
        match *self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(ref options) => options,
            #[cfg(feature = "postgres")]
            Self::Postgres(ref options) => options,
            #[cfg(feature = "dynamodb")]
            Self::Aws(ref options) => options,
        }
    }
}

/// An open store behind its boundary. Closing or dropping it ends its threads and releases its lock; its
/// `stores` return `Unavailable` from then on.
pub struct Connection {
    /// The ports.
    pub stores: Stores,
    /// What a worker and the data tools use besides.
    pub tools: Tools,
    /// Whether the store belongs to the expected environment.
    pub guard: Guard,
    /// This call created the store: it is the first run.
    pub created: bool,
    backend: Box<dyn Backend>,
}

/// Opens the store to serve it. `SQLite`: creates it if there is none, migrates it, and locks out every other
/// `serve` until the connection is closed or this process ends. `PostgreSQL`: creates or migrates the tables, and waits
/// for that for 10 s at most. AWS: makes no call yet. So an unavailable store does not prevent the start.
pub async fn connect(config: &Config, boundary: Boundary) -> Result<Connection, ConnectError> {
    let opened = config.adapter().serve(boundary.expected.as_ref(), boundary.faults.clone()).await?;
    Ok(Connection::behind(boundary, opened))
}

/// Opens the store for a data tool, also beside a running `serve`. Creates and migrates nothing.
pub async fn connect_tool(config: &Config, boundary: Boundary) -> Result<Connection, ConnectError> {
    let opened = config.adapter().tool(boundary.faults.clone()).await?;
    Ok(Connection::behind(boundary, opened))
}

impl Connection {
    fn behind(boundary: Boundary, opened: Opened) -> Self {
        let Opened { stores, tools, created, backend } = opened;
        let (stores, tools, guard) = boundary.around(stores, tools);
        Self { stores, tools, guard, created, backend }
    }

    /// Without a boundary, for tests of an adapter itself.
    #[cfg(all(feature = "conformance", feature = "dynamodb"))]
    pub(crate) fn bare(opened: Opened) -> Self {
        let Opened { stores, tools, created, backend } = opened;
        let (_, _, guard) = Boundary::default().around(stores.clone(), tools.clone());
        Self { stores, tools, guard, created, backend }
    }

    /// Finishes the writes that are queued or in flight, and closes the store.
    pub async fn close(self) {
        self.backend.close().await;
    }

    /// Waits until the store is unusable and only a restart may help: the process must end. An unavailable
    /// store that may recover by itself does not count.
    pub async fn died(&self) {
        self.backend.died().await;
    }
}

#[cfg(all(test, feature = "sqlite", feature = "postgres", feature = "dynamodb"))]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_file_is_named_after_the_scheme() {
        for file in ["roster.db", "/var/lib/roster/roster.db", "a:b.db"] {
            let Config::Sqlite(options) = Config::parse(&format!("sqlite:{file}")).unwrap() else {
                panic!("another store")
            };
            assert_eq!(options.path, Path::new(file));
        }
    }

    #[test]
    fn aws_takes_its_names_from_the_settings() {
        let settings = Settings { storage: "aws", users_table: Some("users"), ..Settings::default() };
        let Config::Aws(options) = Config::new(&settings).unwrap() else { panic!("another store") };
        assert_eq!((options.users_table.as_str(), options.avatars_bucket), ("users", None));
    }

    #[test]
    fn direct_uploads_may_not_wait_in_the_bucket_of_images() {
        let settings = Settings {
            storage: "aws",
            users_table: Some("users"),
            avatars_bucket: Some("avatars"),
            uploads_bucket: Some("avatars"),
            ..Settings::default()
        };
        let error = Config::new(&settings).unwrap_err().to_string();
        assert!(error.contains("ROSTER_UPLOADS_BUCKET"), "{error}");
        assert!(Config::new(&Settings { uploads_bucket: Some("uploads"), ..settings }).is_ok());
    }

    #[test]
    fn an_unknown_store_is_refused_with_what_is_expected() {
        const UNKNOWN: &str =
            "must be sqlite:FILE, such as sqlite:roster.db, or postgres://USER@HOST/DATABASE, or aws";
        const NO_FILE: &str = "must name a file, such as sqlite:roster.db";
        for (text, expected) in [
            ("", UNKNOWN),
            ("roster.db", UNKNOWN),
            ("postgres:db", UNKNOWN),
            ("SQLITE:roster.db", UNKNOWN),
            ("aws:users", UNKNOWN),
            ("aws:", UNKNOWN),
            ("AWS", UNKNOWN),
            ("aws", "aws requires ROSTER_USERS_TABLE"),
            ("sqlite:", NO_FILE),
            ("sqlite", NO_FILE),
            ("sqlite::memory:", NO_FILE),
        ] {
            let error = Config::parse(text).unwrap_err();
            assert_eq!(error.to_string(), expected, "{text}");
            assert_eq!(matches!(error, ConfigError::UnknownScheme(_)), expected == UNKNOWN, "{text}");
        }
    }
}
