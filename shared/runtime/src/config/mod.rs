//! The configuration reader: every setting once, with its name, its meaning and its default.
//!
//! It reads from any lookup by name: flags before the environment, or a table in tests.

mod error;
mod read;
mod require;
mod settings;
#[cfg(test)]
mod tests;
mod value;

use std::{net::SocketAddr, time::Duration};

use domain::Environment;

pub use error::ConfigError;
pub use settings::{SETTINGS, Setting};

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

/// All settings, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where users and images are kept, for `storage` to parse.
    pub storage: String,
    /// The DynamoDB table of users, where it is set.
    pub users_table: Option<String>,
    /// The S3 bucket of images, where it is set.
    pub avatars_bucket: Option<String>,
    /// The SQS queue of events, where it is set.
    pub events_queue_url: Option<String>,
    /// The SQS dead-letter queue, where it is set.
    pub dead_letters_url: Option<String>,
    /// Address of the API.
    pub listen: SocketAddr,
    /// Address of `/metrics`.
    pub management_listen: SocketAddr,
    /// How clients reach the API, where it is set.
    pub public_url: Option<String>,
    /// Base of `avatar_url`, where it is set.
    pub avatar_base_url: Option<String>,
    /// The environment where this process runs, if it is set.
    pub environment: Option<Environment>,
    /// The environment for which these settings were written, if it is set.
    pub config_environment: Option<Environment>,
    /// Who may read and write users.
    pub auth: Auth,
    /// Origins whose pages may call the API.
    pub cors_origins: Vec<String>,
    /// Largest accepted image, in bytes.
    pub max_upload_bytes: usize,
    /// Total memory for decoding images, in bytes.
    pub image_memory_bytes: u64,
    /// Memory for hot renditions, in bytes.
    pub cache_bytes: u64,
    /// Hosts to which a default image may redirect, in lower case.
    pub default_image_hosts: Vec<String>,
    /// Whether default images may show initials.
    pub initials: bool,
    /// Whether the demo endpoints are served.
    pub demo: bool,
    /// How log lines look, where it is set.
    pub log: Option<LogFormat>,
    /// Time between not ready and closing the listener.
    pub drain: Duration,
    /// Faults to inject, for `storage` to parse.
    pub faults: Option<String>,
}
