//! Which store to use.

use domain::Environment;

/// The settings of the store.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings<'a> {
    /// `sqlite:FILE` or `aws`.
    pub storage: &'a str,
    /// The DynamoDB table of users.
    pub users_table: Option<&'a str>,
    /// The S3 bucket of images; a program that neither reads nor writes them needs none.
    pub avatars_bucket: Option<&'a str>,
    /// The SQS queue of events; a program that neither processes nor sends them needs none.
    pub events_queue_url: Option<&'a str>,
    /// The SQS queue of dead letters.
    pub dead_letters_url: Option<&'a str>,
    /// Base of the `avatar_url` of a user without an image, without a slash at the end.
    pub public_url: Option<&'a str>,
    /// Base of the `avatar_url` that other readers of the table find, without a slash at the end.
    pub avatar_base_url: Option<&'a str>,
    /// The environment that a new store will belong to.
    pub environment: Option<&'a Environment>,
}

/// The store that the settings select.
#[derive(Clone, Debug)]
pub enum Config {
    /// `sqlite:FILE`: everything in one file of this machine.
    #[cfg(feature = "sqlite")]
    Sqlite(crate::sqlite::Options),
    /// `aws`: users in DynamoDB, images in S3.
    #[cfg(feature = "dynamodb")]
    Aws(crate::aws::Options),
}

/// The settings do not select a store that this program has. The message is one line with what is expected.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Another scheme, or none.
    #[error("must be {}", KNOWN)]
    UnknownScheme,
    /// `sqlite:` without a file, or `SQLite`'s name for a database in memory.
    #[error("must name a file, such as sqlite:roster.db")]
    NoFile,
    /// `aws` without a table.
    #[error("aws requires a users table")]
    NoTable,
}

/// The stores that this program was built with.
const KNOWN: &str = match (cfg!(feature = "sqlite"), cfg!(feature = "dynamodb")) {
    (true, true) => "sqlite:FILE, such as sqlite:roster.db, or aws",
    (true, false) => "sqlite:FILE, such as sqlite:roster.db",
    (false, true) => "aws",
    (false, false) => "built in, but this program was built without a store",
};

impl Config {
    /// Reads `sqlite:FILE` or `aws`. A relative file is relative to the working directory.
    pub fn new(settings: &Settings<'_>) -> Result<Self, ConfigError> {
        match settings.storage.split_once(':').unwrap_or((settings.storage, "")) {
            // The settings of a shared store are required for exactly this word, so no other may select it.
            #[cfg(feature = "dynamodb")]
            _ if settings.storage == "aws" => Ok(Self::Aws(crate::aws::Options {
                users_table: settings.users_table.ok_or(ConfigError::NoTable)?.to_owned(),
                avatars_bucket: settings.avatars_bucket.map(str::to_owned),
                events_queue_url: settings.events_queue_url.map(str::to_owned),
                dead_letters_url: settings.dead_letters_url.map(str::to_owned),
                public_url: settings.public_url.unwrap_or_default().to_owned(),
                avatar_base_url: settings.avatar_base_url.unwrap_or_default().to_owned(),
                faults: crate::Faults::default(),
            })),
            #[cfg(feature = "sqlite")]
            ("sqlite", "" | ":memory:") => Err(ConfigError::NoFile),
            #[cfg(feature = "sqlite")]
            ("sqlite", file) => {
                let mut options = crate::sqlite::Options::new(file);
                options.environment = settings.environment.cloned();
                Ok(Self::Sqlite(options))
            }
            _ => Err(ConfigError::UnknownScheme),
        }
    }

    /// Reads the setting `ROSTER_STORAGE` alone.
    pub fn parse(storage: &str) -> Result<Self, ConfigError> {
        Self::new(&Settings { storage, ..Settings::default() })
    }

    /// With these faults at the steps inside the adapter.
    #[must_use]
    pub fn with_faults(mut self, faults: crate::Faults) -> Self {
        match &mut self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(options) => options.faults = faults,
            #[cfg(feature = "dynamodb")]
            Self::Aws(options) => options.faults = faults,
        }
        self
    }
}

#[cfg(all(test, feature = "sqlite", feature = "dynamodb"))]
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
    fn an_unknown_store_is_refused_with_what_is_expected() {
        for (text, expected) in [
            ("", ConfigError::UnknownScheme),
            ("roster.db", ConfigError::UnknownScheme),
            ("postgres://db/roster", ConfigError::UnknownScheme),
            ("SQLITE:roster.db", ConfigError::UnknownScheme),
            ("aws:users", ConfigError::UnknownScheme),
            ("aws:", ConfigError::UnknownScheme),
            ("AWS", ConfigError::UnknownScheme),
            ("aws", ConfigError::NoTable),
            ("sqlite:", ConfigError::NoFile),
            ("sqlite", ConfigError::NoFile),
            ("sqlite::memory:", ConfigError::NoFile),
        ] {
            let error = Config::parse(text).unwrap_err();
            assert_eq!(error, expected, "{text}");
            assert!(error.to_string().contains("sqlite:") || error == ConfigError::NoTable, "{error}");
        }
    }
}
