//! Where a process runs, and whose data a store holds.

use std::str::FromStr;

/// The name of an environment, such as `prod`: 1 to 63 lower-case letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment(String);

/// The text is not 1 to 63 lower-case letters, digits and hyphens.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of an environment")]
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

/// The process, its settings and its store do not belong together. Serving would mix the data of two environments.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongEnvironment {
    /// The settings were written for another environment.
    #[error(
        "this process runs in `{process}`, and its settings were written for `{settings}`: give it its own"
    )]
    Settings {
        /// Where the process runs.
        process: Environment,
        /// For which environment the settings were written.
        settings: Environment,
    },
    /// The store belongs to another environment.
    #[error("this process belongs to `{process}`, and its store to `{store}`: give it its own")]
    Store {
        /// Where the process belongs.
        process: Environment,
        /// Whose data the store holds.
        store: Environment,
    },
    /// A store that several environments could reach, and nobody says which this process belongs to.
    #[error("this process says no environment, and its store is shared: set ROSTER_ENVIRONMENT")]
    Unsaid,
    /// A store that several environments could reach names none.
    #[error(
        "this process belongs to `{process}`, and its store names no environment: name it in the store first"
    )]
    Nameless {
        /// Where the process belongs.
        process: Environment,
    },
    /// The bucket belongs to another environment than the table.
    #[error(
        "bucket `{bucket}` belongs to `{marked}`, and table `{table}` to `{named}`: give this process its own"
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
        "bucket `{bucket}` belongs to table `{marked}`, and this process uses table `{table}`: give it its own; after a \
         restore `just tf ENVIRONMENT data apply` names the new table"
    )]
    Table {
        /// The bucket.
        bucket: String,
        /// The table that the bucket names.
        marked: String,
        /// The table that this process uses.
        table: String,
    },
    /// The bucket does not say whose images it holds, and they were about to be removed.
    #[error(
        "bucket `{bucket}` has no roster.json that names its environment and table: `just tf ENVIRONMENT data apply` \
         writes it, or `roster claim` where Terraform does not manage the bucket"
    )]
    Unmarked {
        /// The bucket.
        bucket: String,
    },
    /// The bucket seems to hold the images of other users.
    #[error(
        "of the first {images} images of bucket `{bucket}`, {orphans} belong to no user of table `{table}`: check both names"
    )]
    OthersImages {
        /// The bucket.
        bucket: String,
        /// The table.
        table: String,
        /// How many images were looked at.
        images: u64,
        /// How many of them belong to no user.
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
