use std::fmt;

use axum::http::Method;

/// What a token must allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// To see users.
    Read,
    /// To create, change and erase them.
    Write,
}

impl Scope {
    /// What a request with this method needs. Any method but `GET` and `HEAD` counts as a write.
    pub fn of(method: &Method) -> Self {
        if matches!(*method, Method::GET | Method::HEAD) { Self::Read } else { Self::Write }
    }

    /// Its name in a token.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "users:read",
            Self::Write => "users:write",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
