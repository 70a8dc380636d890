//! The settings of this store.

use std::{fmt, net::IpAddr, path::PathBuf, time::Duration};

use percent_encoding::percent_decode_str;

use super::password::Password;
use crate::config::{ConfigError, Settings};

/// What selects this store.
pub(crate) const EXPECTED: &str = "postgres://USER@HOST/DATABASE";

const MALFORMED: &str = "must be a URL such as postgres://roster@db.example.org:5432/roster, with special characters \
    percent-encoded";
const PARAMETERS: &str = "a postgres:// URL takes the parameters sslmode (verify-full or disable) and sslrootcert (a \
    file), and no others";

/// Where the database is, and how it is reached.
#[derive(Clone, Debug)]
pub struct Options {
    pub(super) target: Target,
    pub(super) password: Password,
    pub(super) tls: Tls,
    pub(super) timing: Timing,
}

/// What tests set to other values.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// How often a waiting worker looks for events without having been notified: a notification may be lost with its
    /// connection.
    pub poll: Duration,
    /// How long a worker waits for an event in one call.
    pub wait: Duration,
    /// A call that failed without having changed anything is tried again until it took this long.
    pub retry_within: Duration,
    /// How long a start waits for its tables: after it the process listens, not ready, and the wait goes on.
    pub start: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(5),
            wait: Duration::from_secs(20),
            retry_within: Duration::from_secs(4),
            start: Duration::from_secs(10),
        }
    }
}

/// A database and its user. Shown without a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) user: String,
    /// A name, an address, or the folder of a socket.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) database: String,
}

/// How the server is known to be the right one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tls {
    /// Not at all: the default on this machine.
    Disable,
    /// By a certificate for its name from an authority in this file, or else from one that the system trusts.
    VerifyFull { authorities: Option<PathBuf> },
}

impl Options {
    /// Reads `postgres://USER@HOST:PORT/DATABASE`; `None` for another scheme.
    pub(crate) fn read(settings: &Settings<'_>) -> Option<Result<Self, ConfigError>> {
        let rest = ["postgres://", "postgresql://"]
            .iter()
            .find_map(|scheme| settings.storage.strip_prefix(scheme))?;
        Some(read(rest, settings).map_err(ConfigError::Incomplete))
    }

    /// The same with other times, for tests.
    #[cfg(feature = "conformance")]
    #[must_use]
    pub fn with_timing(self, timing: Timing) -> Self {
        Self { timing, ..self }
    }
}

fn read(rest: &str, settings: &Settings<'_>) -> Result<Options, &'static str> {
    let (location, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = location.split_once('/').ok_or(MALFORMED)?;
    // A password may have an @ in it, a host has none.
    let (user, address) = authority.rsplit_once('@').ok_or(MALFORMED)?;
    let (user, in_url) = match user.split_once(':') {
        Some((user, password)) => (user, Some(decode(password)?)),
        None => (user, None),
    };
    let (host, port) = host_and_port(address)?;
    let target = Target { user: decode(user)?, host, port, database: decode(database)? };
    if target.user.is_empty() || target.host.is_empty() || target.database.is_empty() {
        return Err(MALFORMED);
    }
    let tls = tls(parameters, &target.host)?;
    Ok(Options { password: Password::of(in_url, settings.password), target, tls, timing: Timing::default() })
}

fn host_and_port(address: &str) -> Result<(String, u16), &'static str> {
    let (host, port) = match address.strip_prefix('[') {
        // An IPv6 address.
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or(MALFORMED)?;
            (host, if port.is_empty() { None } else { Some(port.strip_prefix(':').ok_or(MALFORMED)?) })
        }
        None => match address.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (address, None),
        },
    };
    let port = port.map_or(Ok(5432), |port| port.parse().map_err(|_| MALFORMED))?;
    let host = decode(host)?;
    // A list of hosts would need a rule for which of them is written to.
    if host.contains([',', ' ']) || port == 0 { Err(MALFORMED) } else { Ok((host, port)) }
}

fn tls(parameters: &str, host: &str) -> Result<Tls, &'static str> {
    let (mut mode, mut authorities) = (None, None);
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=').ok_or(PARAMETERS)? {
            ("sslmode", value) => mode = Some(value),
            ("sslrootcert", file) => authorities = Some(PathBuf::from(decode(file)?)),
            _ => return Err(PARAMETERS),
        }
    }
    let default = if is_this_machine(host) && authorities.is_none() { "disable" } else { "verify-full" };
    match mode.unwrap_or(default) {
        "disable" => Ok(Tls::Disable),
        "verify-full" if !host.starts_with('/') => Ok(Tls::VerifyFull { authorities }),
        _ => Err(PARAMETERS),
    }
}

fn is_this_machine(host: &str) -> bool {
    let is_loopback = |host: &str| host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
    host.starts_with('/') || host.eq_ignore_ascii_case("localhost") || is_loopback(host)
}

fn decode(text: &str) -> Result<String, &'static str> {
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| MALFORMED)?;
    if decoded.contains('\0') { Err(MALFORMED) } else { Ok(decoded.into_owned()) }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, host, port, database } = self;
        if host.contains(':') {
            write!(f, "postgres://{user}@[{host}]:{port}/{database}")
        } else {
            write!(f, "postgres://{user}@{host}:{port}/{database}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    fn options(storage: &str) -> Result<Options, String> {
        let settings = Settings { storage, ..Settings::default() };
        Options::read(&settings).expect("its scheme").map_err(|error| error.to_string())
    }

    #[test]
    fn a_url_names_user_host_port_and_database() {
        for (url, shown) in [
            ("postgres://roster@db.example.org/users", "postgres://roster@db.example.org:5432/users"),
            ("postgresql://a%40b@10.0.0.1:6432/users", "postgres://a@b@10.0.0.1:6432/users"),
            ("postgres://roster:p%40s/s@[::1]/users?sslmode=disable", ""),
            ("postgres://roster:p@ss@[fd00::1]:7/users", "postgres://roster@[fd00::1]:7/users"),
            ("postgres://roster@%2Frun%2Fpostgresql/users", "postgres://roster@/run/postgresql:5432/users"),
        ] {
            let shows = options(url).map(|options| options.target.to_string()).unwrap_or_default();
            assert_eq!(shows, shown, "{url}");
        }
    }

    #[test]
    fn a_malformed_url_is_refused_in_one_line_without_its_password() {
        for url in [
            "postgres://",
            "postgres://roster@db",
            "postgres://db/users",
            "postgres://roster:secret@/users",
            "postgres://:secret@db/users",
            "postgres://roster:secret@db/",
            "postgres://roster:secret@db:port/users",
            "postgres://roster:secret@db:0/users",
            "postgres://roster:secret@[::1/users",
            "postgres://roster:secret@one,two/users",
            "postgres://roster:secret%ff@db/users",
            "postgres://roster:secret@db/users?sslmode=prefer",
            "postgres://roster:secret@db/users?sslmode=require",
            "postgres://roster:secret@db/users?application_name=x",
            "postgres://roster:secret@db/users?sslmode",
            "postgres://roster@%2Frun/users?sslmode=verify-full",
        ] {
            let error = options(url).unwrap_err();
            assert!(!error.contains("secret") && !error.contains('\n'), "{url}: {error}");
        }
    }

    #[test]
    fn a_server_beyond_this_machine_is_verified_unless_that_is_disabled() {
        let verified =
            |authorities: Option<&str>| Tls::VerifyFull { authorities: authorities.map(PathBuf::from) };
        for (rest, tls) in [
            ("db/users", verified(None)),
            ("10.0.0.1/users", verified(None)),
            ("localhost.example.org/users", verified(None)),
            ("db/users?sslrootcert=/etc/ca.crt", verified(Some("/etc/ca.crt"))),
            ("localhost/users?sslrootcert=ca.crt", verified(Some("ca.crt"))),
            ("127.0.0.1/users?sslmode=verify-full", verified(None)),
            ("db/users?sslmode=disable", Tls::Disable),
            ("LOCALHOST/users", Tls::Disable),
            ("127.0.0.1/users", Tls::Disable),
            ("[::1]/users", Tls::Disable),
            ("%2Frun/users", Tls::Disable),
        ] {
            assert_eq!(options(&format!("postgres://roster@{rest}")).unwrap().tls, tls, "{rest}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let settings = Settings {
            storage: "postgres://roster:secret@db/users",
            password: config::Password { text: Some("secret"), ..config::Password::default() },
            ..Settings::default()
        };
        let options = Options::read(&settings).unwrap().unwrap();
        let shown = format!("{options:?} {settings:?} {}", options.target);
        assert!(!shown.contains("secret"), "{shown}");
    }
}
