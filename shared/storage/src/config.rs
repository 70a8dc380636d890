//! The settings of the store.

use std::fmt;

use domain::Links;

/// The settings of the store.
#[derive(Clone, Copy, Default)]
pub struct Settings<'a> {
    /// `sqlite:FILE`, `postgres://…` or `aws`.
    pub storage: &'a str,
    /// Where the password of a database is.
    pub password: Password<'a>,
    /// The DynamoDB table of users.
    pub users_table: Option<&'a str>,
    /// The S3 bucket of images; a program that neither reads nor writes them needs none.
    pub avatars_bucket: Option<&'a str>,
    /// The S3 bucket of direct uploads; a program that takes none needs none.
    pub uploads_bucket: Option<&'a str>,
    /// The SQS queue of events; a program that neither processes nor sends them needs none.
    pub events_queue_url: Option<&'a str>,
    /// The SQS queue of dead letters.
    pub dead_letters_url: Option<&'a str>,
    /// Makes the URLs that other readers of the store find in it.
    pub links: Option<&'a Links>,
}

/// Where the password of a database is, besides its URL.
#[derive(Clone, Copy, Default)]
pub struct Password<'a> {
    /// The password.
    pub text: Option<&'a str>,
    /// A file with nothing else.
    pub file: Option<&'a str>,
    /// A file in the format of libpq's `PGPASSFILE`.
    pub passfile: Option<&'a str>,
}

/// Hides the URL of the store and the password, which it may contain.
impl fmt::Debug for Settings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Settings")
    }
}

/// The settings do not select a store that this program has. The message is one line with what is expected.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Another scheme, or none: these are expected.
    #[error("must be {0}")]
    UnknownScheme(String),
    /// This program was built without the adapter.
    #[error("this program was built without {0}: build it with `--features {0}`, or use the container image")]
    NotBuilt(&'static str),
    /// The scheme is known, but something else is missing.
    #[error("{0}")]
    Incomplete(&'static str),
}
