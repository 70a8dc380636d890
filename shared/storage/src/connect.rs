//! Opening the store that the configuration names.

use std::{path::PathBuf, sync::Arc};

use domain::{DeadLetters, EventQueue, Inventory, Stores, environment::WrongEnvironment};

use crate::Config;

/// An open store. Closing or dropping it ends its threads and releases its lock; its `stores` return
/// `Unavailable` from then on.
pub struct Connection {
    /// The ports.
    pub stores: Stores,
    /// What a worker and the data tools use besides.
    pub tools: Tools,
    /// This call created the store: it is the first run.
    pub created: bool,
    pub(crate) backend: Backend,
}

/// What a worker and the data tools use, as far as settings and cargo features provide it.
///
/// They are not guarded: call [`Guard::pass`](crate::Guard::pass) before the first use.
#[derive(Clone, Default)]
pub struct Tools {
    /// The events.
    pub queue: Option<Arc<dyn EventQueue>>,
    /// The dead letters.
    pub dead_letters: Option<Arc<dyn DeadLetters>>,
    /// Everything that is stored, for sweeping.
    pub inventory: Option<Arc<dyn Inventory>>,
}

/// What keeps a store open.
pub(crate) enum Backend {
    #[cfg(feature = "sqlite")]
    Sqlite(crate::sqlite::Threads),
    #[cfg(feature = "dynamodb")]
    Aws(std::sync::Arc<crate::aws::InFlight>),
}

/// Why a store cannot be used, as one line that names the file and what to do. The file is unchanged.
///
/// No variant has a source: a chain of causes would print the same text again.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Another process serves this store.
    #[error("{} is in use{}: stop that process first, or use another file", file.display(), by(*pid))]
    InUse {
        /// The database.
        file: PathBuf,
        /// The process that serves it, if known.
        pid: Option<u32>,
    },
    /// There is no store yet, and a data tool does not create one.
    #[error("there is no database {}: check the path; `roster serve` creates one", file.display())]
    Missing {
        /// The database.
        file: PathBuf,
    },
    /// The file belongs to another program.
    #[error("{} is not a Roster database and was left unchanged: use another file", file.display())]
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// The file is a Roster database, but damaged.
    #[error("{} is damaged ({why}) and was left unchanged: restore it from a backup", file.display())]
    Broken {
        /// The database.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The file is not in WAL mode and cannot be put into it: commits would be less durable, and readers
    /// would block writers. Its content is unchanged; its header may request WAL mode now.
    #[error(
        "{} is not in WAL mode and cannot be put into it ({why}): close other programs that use it, and \
        keep it in a writable folder on a local file system",
        file.display()
    )]
    NoWriteAheadLog {
        /// The database.
        file: PathBuf,
        /// What prevents it.
        why: String,
    },
    /// A later release wrote the file.
    #[error(
        "{} has schema {found}, but this release supports schemas up to {known}: upgrade Roster to the \
        release that wrote it, or a later one",
        file.display()
    )]
    TooNew {
        /// The database.
        file: PathBuf,
        /// The schema's version.
        found: i64,
        /// The latest version that this program supports.
        known: i64,
    },
    /// An earlier release wrote the file, and a data tool does not migrate it.
    #[error(
        "{} has schema {found}, but this release needs {known}: run its `roster serve` once",
        file.display()
    )]
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
    /// The operating system refused.
    #[error("cannot open {}: {why}", file.display())]
    Io {
        /// What could not be opened.
        file: PathBuf,
        /// The operating system's reason.
        why: std::io::Error,
    },
}

fn by(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" by process {pid}")).unwrap_or_default()
}

/// Opens the store to serve it. `SQLite`: creates it if there is none, migrates it, and locks out every other
/// `serve` until the connection is closed or this process ends. AWS: makes no call yet, so that an
/// unavailable store does not prevent the start.
///
/// The faults of the options apply to the steps inside the adapter; for faults at the ports wrap the stores
/// in [`with_faults`](crate::with_faults).
pub async fn connect(config: &Config) -> Result<Connection, ConnectError> {
    match *config {
        #[cfg(feature = "sqlite")]
        Config::Sqlite(ref options) => crate::sqlite::serve(options.clone()).await,
        #[cfg(feature = "dynamodb")]
        Config::Aws(ref options) => Ok(crate::aws::connect(options)),
    }
}

/// Opens the store for a data tool, also beside a running `serve`. Creates and migrates nothing.
pub async fn connect_tool(config: &Config) -> Result<Connection, ConnectError> {
    match *config {
        #[cfg(feature = "sqlite")]
        Config::Sqlite(ref options) => crate::sqlite::tool(options.clone()).await,
        #[cfg(feature = "dynamodb")]
        Config::Aws(ref options) => Ok(crate::aws::connect(options)),
    }
}

impl Connection {
    /// Finishes the writes that are queued or in flight. `SQLite`: also checkpoints the log into the main
    /// file and ends the threads.
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

    /// Waits until the store is unusable and only a restart may help: the process must end. An unavailable
    /// store that may recover by itself does not count.
    pub async fn died(&self) {
        match &self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(threads) => threads.died().await,
            #[cfg(feature = "dynamodb")]
            Backend::Aws(_) => std::future::pending().await,
        }
    }

    /// Transactions committed since an `SQLite` store was opened. Writes that arrive together share one.
    #[cfg(feature = "sqlite")]
    pub fn commits(&self) -> u64 {
        match &self.backend {
            Backend::Sqlite(threads) => threads.commits(),
            #[cfg(feature = "dynamodb")]
            Backend::Aws(_) => 0,
        }
    }

    /// Writes queued for the writer of an `SQLite` store.
    #[cfg(feature = "sqlite")]
    pub fn waiting_writes(&self) -> usize {
        match &self.backend {
            Backend::Sqlite(threads) => threads.waiting_writes(),
            #[cfg(feature = "dynamodb")]
            Backend::Aws(_) => 0,
        }
    }
}
