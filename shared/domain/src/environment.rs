//! The environment a process runs in, and the one whose data a store holds.

use std::str::FromStr;

/// The name of an environment, such as `prod`: 1 to 63 lower-case letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment(String);

/// The text is not 1 to 63 lower-case letters, digits and hyphens.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an environment name")]
pub struct NotAnEnvironment;

impl Environment {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Environment {
    type Err = NotAnEnvironment;

    fn from_str(text: &str) -> Result<Self, NotAnEnvironment> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=63).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAnEnvironment)
        }
    }
}

impl std::fmt::Display for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The process, its settings and its store belong to different environments. Serving would mix their data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongEnvironment {
    /// The settings were written for another environment.
    #[error(
        "this process runs in environment `{process}`, but its settings are for `{settings}`: use the settings \
         of `{process}`"
    )]
    Settings {
        /// The environment that the process runs in.
        process: Environment,
        /// The environment that the settings are for.
        settings: Environment,
    },
    /// The store belongs to another environment.
    #[error(
        "this process runs in environment `{process}`, but its store belongs to `{store}`: use the store of \
         `{process}`"
    )]
    Store {
        /// The environment of the process.
        process: Environment,
        /// The environment whose data the store holds.
        store: Environment,
    },
    /// The store is shared between environments, and this process has none set.
    #[error("ROSTER_ENVIRONMENT: must be set with a shared store")]
    NotConfigured,
    /// The store is shared between environments, and names none.
    #[error(
        "this process runs in environment `{process}`, but its table names none: add the item with \
         `just tf ENVIRONMENT data apply` (docs/configuration.md)"
    )]
    StoreUnnamed {
        /// The environment of the process.
        process: Environment,
    },
    /// The bucket belongs to another environment than the table.
    #[error(
        "bucket `{bucket}` belongs to environment `{marked}`, but table `{table}` belongs to `{named}`: use a \
         bucket and a table of the same environment"
    )]
    Bucket {
        /// The bucket.
        bucket: String,
        /// The environment that the bucket names.
        marked: Environment,
        /// The table.
        table: String,
        /// The environment that the table names.
        named: Environment,
    },
    /// The bucket holds the images of another table.
    #[error(
        "bucket `{bucket}` belongs to table `{marked}`, but this process uses table `{table}`: use the bucket \
         of this table; after a restore `just tf ENVIRONMENT data apply` assigns the bucket to the new table"
    )]
    Table {
        /// The bucket.
        bucket: String,
        /// The table that the bucket names.
        marked: String,
        /// The table that this process uses.
        table: String,
    },
    /// The bucket does not name the owner of its images, and a sweep was about to remove them.
    #[error(
        "bucket `{bucket}` has no ownership marker (roster.json): write it with \
         `just tf ENVIRONMENT data apply`, or with `roster claim` if Terraform does not manage the bucket"
    )]
    Unmarked {
        /// The bucket.
        bucket: String,
    },
    /// The bucket seems to hold the images of other users.
    #[error(
        "{orphans} of the first {images} images in bucket `{bucket}` belong to no user of table `{table}`: \
         check both names"
    )]
    ForeignImages {
        /// The bucket.
        bucket: String,
        /// The table.
        table: String,
        /// Number of images checked.
        images: u64,
        /// Number of them that belong to no user.
        orphans: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_plain_and_in_lower_case() {
        for name in ["prod", "eu-west-1", "7", &"e".repeat(63)] {
            assert_eq!(name.parse::<Environment>().unwrap().to_string(), name);
        }
        for name in ["", "Prod", "a b", "prod\n", "ä", &"e".repeat(64)] {
            assert_eq!(name.parse::<Environment>(), Err(NotAnEnvironment), "{name:?}");
        }
    }
}
