//! The value of `ROSTER_STORAGE`, which may contain a password.

use std::fmt;

/// `sqlite:FILE`, `postgres://USER@HOST/DATABASE` or `aws`. Shown without a password.
#[derive(Clone, PartialEq, Eq)]
pub struct StorageUrl(String);

impl StorageUrl {
    pub(super) fn new(value: &str) -> Self {
        Self(value.to_owned())
    }

    /// The whole value, to open the store: not for the log.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the stores of AWS.
    pub fn is_aws(&self) -> bool {
        self.0 == "aws"
    }

    /// Whether it is a `PostgreSQL` database.
    pub fn is_postgres(&self) -> bool {
        self.0.starts_with("postgres://") || self.0.starts_with("postgresql://")
    }

    /// Whether it contains a password.
    pub fn has_password(&self) -> bool {
        // A parameter may have an @ too: the user ends before the path.
        let authority = self.0.split_once("://").and_then(|(_, rest)| rest.split(['/', '?']).next());
        match authority.and_then(|authority| authority.rsplit_once('@')) {
            Some((user, _)) => user.contains(':'),
            None => self.split().is_some_and(|(_, user, _)| user.contains(':')),
        }
    }

    /// Before, in and after the part with user and password. In doubt that part is the longer one: it is not shown.
    fn split(&self) -> Option<(&str, &str, &str)> {
        let (scheme, rest) = self.0.split_once("://")?;
        let (user, rest) = rest.rsplit_once('@')?;
        Some((scheme, user, rest))
    }
}

impl fmt::Display for StorageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.split() {
            Some((scheme, user, rest)) => {
                let (user, hidden) = user.split_once(':').map_or((user, ""), |(user, _)| (user, ":***"));
                write!(f, "{scheme}://{user}{hidden}@{rest}")
            }
            // No user: what looks like one is not shown either.
            None if self.0.contains("://") => f.write_str("a malformed URL"),
            None => f.write_str(&self.0),
        }
    }
}

impl fmt::Debug for StorageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where the password of the store is, besides its URL: libpq's own variables.
#[derive(Clone, Default)]
pub struct StoragePassword {
    /// `PGPASSWORD`.
    pub text: Option<String>,
    /// `PGPASSFILE`.
    pub passfile: Option<String>,
}

/// Hides the password.
impl fmt::Debug for StoragePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoragePassword")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_found_and_not_shown() {
        for (value, shown, has_password) in [
            ("sqlite:roster.db", "sqlite:roster.db", false),
            ("sqlite:a@b:c.db", "sqlite:a@b:c.db", false),
            ("aws", "aws", false),
            ("postgres://roster@db:5432/users", "postgres://roster@db:5432/users", false),
            ("postgres://roster:secret@db/users", "postgres://roster:***@db/users", true),
            (
                "postgresql://roster:sec:re@t@db/users?sslmode=disable",
                "postgresql://roster:***@db/users?sslmode=disable",
                true,
            ),
            ("postgres://roster:se/c?r#et@db/users", "postgres://roster:***@db/users", true),
            ("postgres://roster:secret", "a malformed URL", false),
            ("postgres://roster:p@ss/w@db/users", "postgres://roster:***@db/users", true),
            ("postgres://roster@db:5432/users?sslrootcert=/a@b.crt", "postgres://roster@db:***@b.crt", false),
        ] {
            let url = StorageUrl::new(value);
            assert_eq!((url.to_string().as_str(), url.has_password()), (shown, has_password), "{value}");
            assert_eq!((format!("{url:?}").as_str(), url.as_str()), (shown, value));
        }
    }
}
