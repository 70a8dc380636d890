//! The configuration reader: every setting once, with its name, its meaning and its default.
//!
//! It reads from whatever looks a name up: the environment, flags before it, a table in tests.

use std::{fmt::Display, net::SocketAddr, time::Duration};

use domain::Image;

/// A setting, as the command line and the documents show it.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The environment variable.
    pub name: &'static str,
    /// What it means, a phrase.
    pub meaning: &'static str,
    /// What holds where it is not set, in words.
    pub default: &'static str,
}

impl Setting {
    /// The flag of the command line, without its hyphens: `public-url` for `ROSTER_PUBLIC_URL`.
    pub fn flag(&self) -> String {
        self.name.trim_start_matches("ROSTER_").to_lowercase().replace('_', "-")
    }
}

/// Every setting.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: STORAGE,
        meaning: "where users and images are kept: sqlite:FILE",
        default: "sqlite:roster.db",
    },
    Setting { name: LISTEN, meaning: "address of the API", default: "127.0.0.1:8080" },
    Setting {
        name: PUBLIC_URL,
        meaning: "how clients reach the API, the base of links",
        default: "http:// and the address listened on",
    },
    Setting {
        name: AVATAR_BASE_URL,
        meaning: "base of avatar_url, for a CDN in front",
        default: "the value of ROSTER_PUBLIC_URL",
    },
    Setting {
        name: AUTH,
        meaning: "who may read and write users: off; must be said where the address is not loopback",
        default: "off on loopback",
    },
    Setting {
        name: MAX_UPLOAD_BYTES,
        meaning: "largest image taken, at most 4194304 bytes",
        default: "4194304",
    },
    Setting {
        name: IMAGE_MEMORY,
        meaning: "memory for decoding images, all at once, in MiB",
        default: "160",
    },
    Setting {
        name: LOG,
        meaning: "text or json; RUST_LOG is the filter",
        default: "text on a terminal, else json",
    },
    Setting {
        name: DRAIN,
        meaning: "time between not ready and closing the listener, such as 5s",
        default: "0s",
    },
    Setting { name: FAULTS, meaning: "faults to inject, for experiments", default: "none" },
];

const STORAGE: &str = "ROSTER_STORAGE";
const LISTEN: &str = "ROSTER_LISTEN";
const PUBLIC_URL: &str = "ROSTER_PUBLIC_URL";
const AVATAR_BASE_URL: &str = "ROSTER_AVATAR_BASE_URL";
const AUTH: &str = "ROSTER_AUTH";
const MAX_UPLOAD_BYTES: &str = "ROSTER_MAX_UPLOAD_BYTES";
const IMAGE_MEMORY: &str = "ROSTER_IMAGE_MEMORY";
const LOG: &str = "ROSTER_LOG";
const DRAIN: &str = "ROSTER_DRAIN";
const FAULTS: &str = "ROSTER_FAULTS";

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For a reader at a terminal.
    Text,
    /// For a collector.
    Json,
}

/// Who may read and write users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Everyone who reaches the address.
    Off,
}

/// All settings, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where users and images are kept, for `storage` to understand.
    pub storage: String,
    /// Address of the API.
    pub listen: SocketAddr,
    /// How clients reach the API, where it is set.
    pub public_url: Option<String>,
    /// Base of `avatar_url`, where it is set.
    pub avatar_base_url: Option<String>,
    /// Who may read and write users.
    pub auth: Auth,
    /// Largest image taken, in bytes.
    pub max_upload_bytes: usize,
    /// Memory for decoding images, all at once, in bytes.
    pub image_memory_bytes: u64,
    /// How log lines look, where it is set.
    pub log: Option<LogFormat>,
    /// Time between not ready and closing the listener.
    pub drain: Duration,
    /// Faults to inject, for `storage` to understand.
    pub faults: Option<String>,
}

/// A setting that is missing or cannot be understood, in one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct ConfigError {
    /// The setting.
    pub name: &'static str,
    /// What is wrong with it, and what it must be.
    pub problem: String,
}

impl ConfigError {
    /// What is wrong with a setting that another crate understands.
    pub fn storage(problem: impl Display) -> Self {
        Self { name: STORAGE, problem: problem.to_string() }
    }

    /// What is wrong with the faults to inject.
    pub fn faults(problem: impl Display) -> Self {
        Self { name: FAULTS, problem: problem.to_string() }
    }
}

impl Config {
    /// Reads all settings; an empty value counts as not set.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let lookup = |name: &'static str| lookup(name).filter(|value| !value.is_empty());
        let listen =
            parse(LISTEN, lookup(LISTEN), address)?.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080)));
        Ok(Self {
            storage: lookup(STORAGE).unwrap_or_else(|| "sqlite:roster.db".to_owned()),
            listen,
            public_url: parse(PUBLIC_URL, lookup(PUBLIC_URL), base_url)?,
            avatar_base_url: parse(AVATAR_BASE_URL, lookup(AVATAR_BASE_URL), base_url)?,
            auth: auth(lookup(AUTH), listen)?,
            max_upload_bytes: parse(MAX_UPLOAD_BYTES, lookup(MAX_UPLOAD_BYTES), upload_bytes)?
                .unwrap_or(Image::MAX_BYTES),
            image_memory_bytes: parse(IMAGE_MEMORY, lookup(IMAGE_MEMORY), mebibytes)?.unwrap_or(160 << 20),
            log: parse(LOG, lookup(LOG), log_format)?,
            drain: parse(DRAIN, lookup(DRAIN), duration)?.unwrap_or_default(),
            faults: lookup(FAULTS),
        })
    }
}

fn parse<T>(
    name: &'static str,
    value: Option<String>,
    understand: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<Option<T>, ConfigError> {
    let Some(value) = value else { return Ok(None) };
    understand(&value).map(Some).map_err(|must| ConfigError { name, problem: format!("`{value}` {must}") })
}

fn auth(value: Option<String>, listen: SocketAddr) -> Result<Auth, ConfigError> {
    let understand = |value: &str| if value == "off" { Ok(Auth::Off) } else { Err("must be off") };
    match parse(AUTH, value, understand)? {
        Some(auth) => Ok(auth),
        None if listen.ip().is_loopback() => Ok(Auth::Off),
        None => Err(ConfigError {
            name: AUTH,
            problem: format!("must be set to off to let everyone who reaches {listen} read and write users"),
        }),
    }
}

fn address(value: &str) -> Result<SocketAddr, &'static str> {
    value.parse().map_err(|_| "must be an address and a port such as 127.0.0.1:8080")
}

fn base_url(value: &str) -> Result<String, &'static str> {
    let uri = value.parse::<axum::http::Uri>().ok();
    let fits = uri.is_some_and(|uri| {
        let host = uri.host().unwrap_or_default();
        let port = uri.authority().map_or("", |authority| &authority.as_str()[host.len()..]);
        let port_fits =
            port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
        matches!(uri.scheme_str(), Some("http" | "https"))
            && !host.is_empty()
            && port_fits
            && uri.query().is_none()
    });
    let plain = !value.contains(['#', '"', '<', '>', ' ', '@', '\\', '`', '{', '}', '|', '^']);
    let url = value.trim_end_matches('/').to_owned();
    if fits && plain { Ok(url) } else { Err("must be a URL such as https://users.example.org") }
}

fn upload_bytes(value: &str) -> Result<usize, &'static str> {
    let fits = |bytes: &usize| (1..=Image::MAX_BYTES).contains(bytes);
    value.parse().ok().filter(fits).ok_or("must be a number of bytes from 1 to 4194304")
}

fn mebibytes(value: &str) -> Result<u64, &'static str> {
    let number: Option<u64> = value.parse().ok().filter(|mebibytes| (8..=65_536).contains(mebibytes));
    number.map(|mebibytes| mebibytes << 20).ok_or("must be a number of MiB from 8 to 65536")
}

fn log_format(value: &str) -> Result<LogFormat, &'static str> {
    match value {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be text or json"),
    }
}

fn duration(value: &str) -> Result<Duration, &'static str> {
    let (number, unit) = value.split_at(value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len()));
    let number = number.parse::<u64>().ok();
    let duration = number.and_then(|number| match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        _ => None,
    });
    let fits = |duration: &Duration| *duration <= Duration::from_mins(5);
    duration.filter(fits).ok_or("must be a time such as 500ms or 5s, at most 300s")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(|name| {
            settings.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn nothing_set_is_the_embedded_store_on_loopback() {
        let config = read(&[("ROSTER_LISTEN", "")]).unwrap();
        assert_eq!(config.storage, "sqlite:roster.db");
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!((config.max_upload_bytes, config.image_memory_bytes), (4_194_304, 160 * 1024 * 1024));
    }

    #[test]
    fn each_bad_setting_is_one_line_that_names_it() {
        for (name, value) in [
            ("ROSTER_LISTEN", "8080"),
            ("ROSTER_PUBLIC_URL", "users.example.org"),
            ("ROSTER_PUBLIC_URL", "ftp://users.example.org"),
            ("ROSTER_PUBLIC_URL", "http://x:99999"),
            ("ROSTER_PUBLIC_URL", "http://x:/"),
            ("ROSTER_PUBLIC_URL", "http://x/a\\b"),
            ("ROSTER_AVATAR_BASE_URL", "https://cdn.example.org/?a=b"),
            ("ROSTER_AUTH", "basic"),
            ("ROSTER_MAX_UPLOAD_BYTES", "4194305"),
            ("ROSTER_MAX_UPLOAD_BYTES", "-1"),
            ("ROSTER_IMAGE_MEMORY", "lots"),
            ("ROSTER_LOG", "xml"),
            ("ROSTER_DRAIN", "5"),
            ("ROSTER_DRAIN", "99999999999999999999s"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert_eq!(error.name, name);
            assert!(error.to_string().starts_with(&format!("{name}: `{value}` must be ")), "{error}");
            assert!(!error.to_string().contains('\n'));
        }
    }

    #[test]
    fn a_url_may_have_a_port_and_a_path_and_loses_its_last_slash() {
        for (value, kept) in [
            ("https://users.example.org:8443/avatars/", "https://users.example.org:8443/avatars"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(read(&[("ROSTER_PUBLIC_URL", value)]).unwrap().public_url.as_deref(), Some(kept));
        }
    }

    #[test]
    fn an_address_that_others_reach_must_say_that_everyone_may_write() {
        let error = read(&[("ROSTER_LISTEN", "0.0.0.0:8080")]).unwrap_err();
        assert_eq!(error.name, "ROSTER_AUTH");
        assert!(read(&[("ROSTER_LISTEN", "0.0.0.0:8080"), ("ROSTER_AUTH", "off")]).is_ok());
        assert!(read(&[("ROSTER_LISTEN", "[::1]:8080")]).is_ok());
    }

    #[test]
    fn flags_are_the_names_in_kebab_case() {
        assert_eq!(SETTINGS[2].flag(), "public-url");
    }
}
