//! Reads all settings of a program, and who may use it.

use std::net::SocketAddr;

use super::{
    Auth, Config, ConfigError, StoragePassword,
    parse::optional,
    settings::{AUTH, AUTH_AUDIENCE, AUTH_ISSUER},
    value,
};

/// How clients reach this program.
#[derive(Clone, Copy)]
enum Reach {
    /// At the address on which it listens.
    Address,
    /// Through a gateway.
    Gateway,
    /// Not at all: it processes events.
    Worker,
}

impl Config {
    /// Reads all settings of the server; an empty value counts as not set.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        Self::read_all(lookup, Reach::Address)
    }

    /// Reads all settings of a Lambda function, which has no address: `ROSTER_AUTH` is required.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn read_function(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        Self::read_all(lookup, Reach::Gateway)
    }

    /// Reads all settings of a process without clients: `ROSTER_AUTH` is not required.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn read_worker(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        Self::read_all(lookup, Reach::Worker)
    }

    fn read_all(lookup: impl Fn(&str) -> Option<String>, reach: Reach) -> Result<Self, ConfigError> {
        let lookup = set(&lookup);
        let mut config = Self::parse(&lookup)?;
        config.auth = auth(&lookup, reach, config.listen)?;
        config.storage_password =
            StoragePassword { text: lookup("PGPASSWORD"), passfile: lookup("PGPASSFILE") };
        config.check_shared()?;
        Ok(config)
    }
}

/// An empty value counts as not set.
fn set(lookup: &impl Fn(&str) -> Option<String>) -> impl Fn(&str) -> Option<String> {
    move |name| lookup(name).filter(|value| !value.is_empty())
}

fn auth(
    lookup: impl Fn(&str) -> Option<String>,
    reach: Reach,
    listen: SocketAddr,
) -> Result<Auth, ConfigError> {
    let issuer = optional(value::issuer)(AUTH_ISSUER, lookup(AUTH_ISSUER))?;
    match (optional(value::oidc)(AUTH, lookup(AUTH))?, reach) {
        (Some(true), _) => {
            let why = "with ROSTER_AUTH=oidc";
            let issuer = issuer.ok_or_else(|| ConfigError::missing(AUTH_ISSUER, why))?;
            let audience = lookup(AUTH_AUDIENCE).ok_or_else(|| ConfigError::missing(AUTH_AUDIENCE, why))?;
            Ok(Auth::Oidc { issuer, audience })
        }
        (Some(false), _) | (None, Reach::Worker) => Ok(Auth::Off),
        (None, Reach::Address) if listen.ip().to_canonical().is_loopback() => Ok(Auth::Off),
        (None, Reach::Address) => Err(ConfigError::missing(
            AUTH,
            &format!("to oidc, or to off to let everyone who reaches {listen} read and write users"),
        )),
        (None, Reach::Gateway) => Err(ConfigError::missing(
            AUTH,
            "to oidc, or to off to let everyone admitted by the gateway read and write users",
        )),
    }
}
