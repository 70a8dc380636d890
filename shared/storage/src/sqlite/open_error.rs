//! Why a database cannot be opened.

use std::path::PathBuf;

use crate::adapter::ConnectError;

/// Why a database cannot be opened, as one line that names the file and what to do. The file is unchanged.
///
/// No variant has a source: a chain of causes would print the same text again.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process serves this store.
    #[error("{} is in use{}: stop that process first, or use another file", file.display(), by(*pid))]
    InUse {
        /// The database.
        file: PathBuf,
        /// The process that serves it, if known.
        pid: Option<u32>,
    },
    /// There is no store yet, and a data tool does not create one.
    #[error("there is no database at {}: check the path; `roster serve` creates one", file.display())]
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
    /// The file is not in WAL mode and cannot be switched to it: commits would be less durable, and readers
    /// would block writers. Its content is unchanged; its header may request WAL mode now.
    #[error(
        "{} is not in WAL mode and cannot be switched to it ({why}): close other programs that use it, and \
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
        "{} has schema version {found}, but this release supports versions up to {known}: upgrade Roster to the \
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
        "{} has schema version {found}, but this release needs {known}: run `roster serve` of this release once, \
        which migrates it",
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

impl From<OpenError> for ConnectError {
    fn from(error: OpenError) -> Self {
        Self::Store(Box::new(error))
    }
}
