//! The settings of this store.

use domain::Links;

use crate::config::{ConfigError, Settings};

/// What selects this store.
pub(crate) const EXPECTED: &str = "aws";

/// The table, the bucket and the queues, and the URLs in an item.
#[derive(Clone, Debug)]
pub struct Options {
    /// The `DynamoDB` table of users.
    pub users_table: String,
    /// The S3 bucket of images; without one, calls that need it are `Unavailable`.
    pub avatars_bucket: Option<String>,
    /// The S3 bucket of direct uploads; without one, calls that need it are `Unavailable`.
    pub uploads_bucket: Option<String>,
    /// The SQS queue of events; [`Tools`](crate::Tools) has the queues only if both are set.
    pub events_queue_url: Option<String>,
    /// The SQS queue of dead letters.
    pub dead_letters_url: Option<String>,
    /// Makes the `avatar_url` that other readers of the table find.
    pub links: Links,
}

impl Options {
    /// Reads the settings if they select `aws`.
    pub(crate) fn read(settings: &Settings<'_>) -> Option<Result<Self, ConfigError>> {
        // The settings of a shared store are required for exactly this word, so no other may select it.
        if settings.storage != EXPECTED {
            return None;
        }
        let Some(users_table) = settings.users_table else {
            return Some(Err(ConfigError::Incomplete("aws requires ROSTER_USERS_TABLE")));
        };
        // It has versions and a backup.
        if settings.uploads_bucket.is_some() && settings.uploads_bucket == settings.avatars_bucket {
            return Some(Err(ConfigError::Incomplete(
                "aws requires another bucket in ROSTER_UPLOADS_BUCKET than in ROSTER_AVATARS_BUCKET",
            )));
        }
        Some(Ok(Self {
            users_table: users_table.to_owned(),
            avatars_bucket: settings.avatars_bucket.map(str::to_owned),
            uploads_bucket: settings.uploads_bucket.map(str::to_owned),
            events_queue_url: settings.events_queue_url.map(str::to_owned),
            dead_letters_url: settings.dead_letters_url.map(str::to_owned),
            links: settings.links.cloned().unwrap_or_default(),
        }))
    }
}
