//! Opening the store that the configuration names.

use std::{path::PathBuf, sync::Arc};

use domain::{DeadLetters, EventQueue, Inventory, Stores, environment::WrongEnvironment};

use crate::Config;

/// An open store. Closing or dropping it ends its threads and frees what it locked; its `stores` answer
/// `Unavailable` from then on.
pub struct Connection {
    /// The ports.
    pub stores: Stores,
    /// What a worker and the data tools use beside them.
    pub tools: Tools,
    /// The store was made by this call: this is the first run.
    pub created: bool,
    pub(crate) backend: Backend,
}

/// What a worker and the data tools use, as far as the settings and the features of this program reach.
///
/// No guard stands before them: ask [`Guard::pass`](crate::Guard::pass) before the first use.
#[derive(Clone, Default)]
pub struct Tools {
    /// The events.
    pub queue: Option<Arc<dyn EventQueue>>,
    /// Those that were given up.
    pub dead_letters: Option<Arc<dyn DeadLetters>>,
    /// All that is kept, for sweeping.
    pub inventory: Option<Arc<dyn Inventory>>,
}

/// What keeps a store open.
pub(crate) enum Backend {
    #[cfg(feature = "sqlite")]
    Sqlite(crate::sqlite::Threads),
    #[cfg(feature = "dynamodb")]
    Aws(std::sync::Arc<crate::aws::InFlight>),
}

/// Why a store cannot be used, as one line that names the file and what to do. The file was left as it is.
///
/// The line says all: no error has a source, which a chain of causes would print once more.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Another process serves this store.
    #[error("{} is in use{}: stop that one first, or name another file", file.display(), by(*pid))]
    InUse {
        /// The database.
        file: PathBuf,
        /// The process that serves it, where it could be told.
        pid: Option<u32>,
    },
    /// There is no store yet, and a data tool does not make one.
    #[error("there is no database {}: check the name; `roster serve` makes a new one", file.display())]
    Missing {
        /// The database.
        file: PathBuf,
    },
    /// The file belongs to another program.
    #[error("{} is not a database of Roster and was left as it is: name another file", file.display())]
    Foreign {
        /// What is no database of Roster.
        file: PathBuf,
    },
    /// The file was a database of Roster and lost something.
    #[error("{} is damaged ({why}) and was left as it is: restore it from a backup", file.display())]
    Broken {
        /// The database.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The file is not in WAL mode and cannot be put into it: commits would be weaker, and readers would block writers.
    /// What it holds was left as it is; its header may ask for WAL mode now.
    #[error(
        "{} is not in WAL mode and cannot be put into it ({why}): close other programs that have it open, and keep it \
        in a writable folder of a local file system",
        file.display()
    )]
    NoWriteAheadLog {
        /// The database.
        file: PathBuf,
        /// What is in the way.
        why: String,
    },
    /// A later release wrote the file.
    #[error(
        "{} has schema {found}, and this release knows schemas up to {known}: upgrade Roster to the release that \
        wrote it, or a later one",
        file.display()
    )]
    TooNew {
        /// The database.
        file: PathBuf,
        /// The schema's version.
        found: i64,
        /// The latest version that this program knows.
        known: i64,
    },
    /// An earlier release wrote the file, and a data tool does not migrate it.
    #[error("{} has schema {found}, this program needs {known}: run `roster serve` of this release once", file.display())]
    TooOld {
        /// The database.
        file: PathBuf,
        /// The schema's version.
        found: i64,
        /// The version that this program needs.
        known: i64,
    },
    /// The file holds the data of another environment.
    #[error(transparent)]
    WrongEnvironment(WrongEnvironment),
    /// The system refused.
    #[error("cannot open {}: {why}", file.display())]
    Io {
        /// What could not be opened.
        file: PathBuf,
        /// The system's reason.
        why: std::io::Error,
    },
}

fn by(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" by process {pid}")).unwrap_or_default()
}

/// Opens the store to serve it. `SQLite`: makes it where there is none, migrates it, and keeps every other `serve` out
/// until the connection is closed or this process ends. AWS: asks nothing yet, so that a store that is away is no reason
/// not to start.
///
/// The steps inside the adapter follow the faults of the options; for faults at the ports wrap the stores in
/// [`with_faults`](crate::with_faults).
pub async fn connect(config: &Config) -> Result<Connection, ConnectError> {
    match *config {
        #[cfg(feature = "sqlite")]
        Config::Sqlite(ref options) => crate::sqlite::serve(options.clone()).await,
        #[cfg(feature = "dynamodb")]
        Config::Aws(ref options) => Ok(crate::aws::connect(options)),
    }
}

/// Opens the store for a data tool, beside a `serve` that may be running: makes and migrates nothing.
pub async fn connect_tool(config: &Config) -> Result<Connection, ConnectError> {
    match *config {
        #[cfg(feature = "sqlite")]
        Config::Sqlite(ref options) => crate::sqlite::tool(options.clone()).await,
        #[cfg(feature = "dynamodb")]
        Config::Aws(ref options) => Ok(crate::aws::connect(options)),
    }
}

impl Connection {
    /// Lets the writes that wait or are under way finish; for `SQLite` also brings everything into the main file and
    /// ends the threads.
    #[cfg_attr(
        not(any(feature = "sqlite", feature = "dynamodb")),
        expect(clippy::unused_async, reason = "without an adapter")
    )]
    pub async fn close(self) {
        match self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(threads) => threads.close().await,
            #[cfg(feature = "dynamodb")]
            Backend::Aws(writes) => writes.all_settled().await,
        }
    }

    /// Waits until the store cannot be used any more and only a new start may help: its process is to end. A store that
    /// is away comes back by itself and is no reason.
    pub async fn died(&self) {
        match &self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(threads) => threads.died().await,
            #[cfg(feature = "dynamodb")]
            Backend::Aws(_) => std::future::pending().await,
        }
    }

    /// Transactions committed since an `SQLite` store was opened: fewer than writes where writes arrive together.
    #[cfg(feature = "sqlite")]
    pub fn commits(&self) -> u64 {
        match &self.backend {
            Backend::Sqlite(threads) => threads.commits(),
            #[cfg(feature = "dynamodb")]
            Backend::Aws(_) => 0,
        }
    }

    /// Writes that wait for the writer of an `SQLite` store.
    #[cfg(feature = "sqlite")]
    pub fn waiting_writes(&self) -> usize {
        match &self.backend {
            Backend::Sqlite(threads) => threads.waiting_writes(),
            #[cfg(feature = "dynamodb")]
            Backend::Aws(_) => 0,
        }
    }
}
