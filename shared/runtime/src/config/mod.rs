//! The configuration reader: every setting once, with its name, its meaning and its default.
//!
//! It reads from any lookup by name: flags before the environment, or a table in tests.

mod error;
mod parse;
mod read;
mod require;
mod settings;
mod storage_url;
#[cfg(test)]
mod tests;
mod value;

pub use error::{ConfigError, not_built};
pub use settings::{Config, SETTINGS, Setting};
pub use storage_url::{StoragePassword, StorageUrl};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For a reader at a terminal.
    Text,
    /// For a collector.
    Json,
}

/// Who may read and write users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Everyone who reaches the address.
    Off,
    /// Bearers of a token of this issuer for this audience, by its scopes.
    Oidc {
        /// URL of the issuer, as its tokens name it.
        issuer: String,
        /// The audience that a token must have.
        audience: String,
    },
}
