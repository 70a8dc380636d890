//! Which store to use.

/// A store, as `ROSTER_STORAGE` names it.
#[derive(Clone, Debug)]
pub enum Config {
    /// `sqlite:FILE`: everything in one file of this machine.
    #[cfg(feature = "sqlite")]
    Sqlite(crate::sqlite::Options),
}

/// The text names no store that this program has; the message is one line that says what would.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Another scheme, or none.
    #[error("must be sqlite:FILE, such as sqlite:roster.db")]
    UnknownScheme,
    /// `sqlite:` without a file, or `SQLite`'s name for a database in memory.
    #[error("must name a file, such as sqlite:roster.db")]
    NoFile,
}

impl Config {
    /// Reads `sqlite:FILE`. A relative file is relative to the working directory.
    pub fn parse(storage: &str) -> Result<Self, ConfigError> {
        let (scheme, rest) = storage.split_once(':').ok_or(ConfigError::UnknownScheme)?;
        match scheme {
            #[cfg(feature = "sqlite")]
            "sqlite" if rest.is_empty() || rest == ":memory:" => Err(ConfigError::NoFile),
            #[cfg(feature = "sqlite")]
            "sqlite" => Ok(Self::Sqlite(crate::sqlite::Options::new(rest))),
            _ => {
                let _ = rest;
                Err(ConfigError::UnknownScheme)
            }
        }
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_file_is_named_after_the_scheme() {
        for file in ["roster.db", "/var/lib/roster/roster.db", "a:b.db"] {
            let Config::Sqlite(options) = Config::parse(&format!("sqlite:{file}")).unwrap();
            assert_eq!(options.path, Path::new(file));
        }
    }

    #[test]
    fn what_names_no_store_is_refused_with_one_line_that_says_what_would() {
        for (text, expected) in [
            ("", ConfigError::UnknownScheme),
            ("roster.db", ConfigError::UnknownScheme),
            ("postgres://db/roster", ConfigError::UnknownScheme),
            ("SQLITE:roster.db", ConfigError::UnknownScheme),
            ("sqlite:", ConfigError::NoFile),
            ("sqlite::memory:", ConfigError::NoFile),
        ] {
            let error = Config::parse(text).unwrap_err();
            assert_eq!(error, expected, "{text}");
            assert!(error.to_string().contains("sqlite:"), "{error}");
        }
    }
}
