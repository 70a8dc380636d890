//! The configuration reader: every setting once, with its name, its meaning and its default.
//!
//! It reads from whatever looks a name up: the environment, flags before it, a table in tests.

mod settings;
mod value;

use std::{fmt::Display, net::SocketAddr, time::Duration};

use domain::{Environment, Image, environment::WrongEnvironment};

use settings::{
    AUTH, AUTH_AUDIENCE, AUTH_ISSUER, AVATAR_BASE_URL, AVATARS_BUCKET, CACHE_BYTES, CONFIG_ENVIRONMENT,
    CORS_ORIGINS, DEAD_LETTERS_URL, DEFAULT_IMAGE_HOSTS, DEMO, DRAIN, ENVIRONMENT, EVENTS_QUEUE_URL, FAULTS,
    IMAGE_MEMORY, INITIALS, LISTEN, LOG, MANAGEMENT_LISTEN, MAX_UPLOAD_BYTES, PUBLIC_URL, STORAGE,
    USERS_TABLE,
};

pub use settings::{SETTINGS, Setting};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For a reader at a terminal.
    Text,
    /// For a collector.
    Json,
}

/// Who may read and write users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Everyone who reaches the address.
    Off,
    /// Whoever has a token of this issuer for this audience, by its scopes.
    Oidc {
        /// URL of the issuer, as its tokens name it.
        issuer: String,
        /// What a token must be for.
        audience: String,
    },
}

/// All settings, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where users and images are kept, for `storage` to understand.
    pub storage: String,
    /// The DynamoDB table of users, where it is set.
    pub users_table: Option<String>,
    /// The S3 bucket of images, where it is set.
    pub avatars_bucket: Option<String>,
    /// The SQS queue of events, where it is set.
    pub events_queue_url: Option<String>,
    /// The SQS queue of events that were given up, where it is set.
    pub dead_letters_url: Option<String>,
    /// Address of the API.
    pub listen: SocketAddr,
    /// Address of `/metrics`.
    pub management_listen: SocketAddr,
    /// How clients reach the API, where it is set.
    pub public_url: Option<String>,
    /// Base of `avatar_url`, where it is set.
    pub avatar_base_url: Option<String>,
    /// Where this process runs, where it is set.
    pub environment: Option<Environment>,
    /// For which environment these settings were written, where it is set.
    pub config_environment: Option<Environment>,
    /// Who may read and write users.
    pub auth: Auth,
    /// Origins whose pages may call the API.
    pub cors_origins: Vec<String>,
    /// Largest image taken, in bytes.
    pub max_upload_bytes: usize,
    /// Memory for decoding images, all at once, in bytes.
    pub image_memory_bytes: u64,
    /// Memory for hot renditions, in bytes.
    pub cache_bytes: u64,
    /// Hosts to which the default of an avatar may redirect, in lower case.
    pub default_image_hosts: Vec<String>,
    /// Whether default images may show initials.
    pub initials: bool,
    /// Whether the demo endpoints are served.
    pub demo: bool,
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

    fn missing(name: &'static str, why: &str) -> Self {
        Self { name, problem: format!("must be set {why}") }
    }
}

/// From where this program is reached.
#[derive(Clone, Copy)]
enum Reach {
    Address(SocketAddr),
    /// A gateway calls it, and whoever that lets in.
    Gateway,
    /// It works events.
    Nobody,
}

impl Config {
    /// Reads all settings of the server; an empty value counts as not set.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let listen = listen(&lookup)?;
        Self::read_all(lookup, listen, Reach::Address(listen))
    }

    /// Reads all settings of a Lambda function, which has no address: who may use it must be said.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn read_function(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        Self::read_all(lookup, ([127, 0, 0, 1], 0).into(), Reach::Gateway)
    }

    /// Reads all settings of a process that nobody reaches: who may use it need not be said.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn read_worker(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let listen = listen(&lookup)?;
        Self::read_all(lookup, listen, Reach::Nobody)
    }

    fn read_all(
        lookup: impl Fn(&str) -> Option<String>,
        listen: SocketAddr,
        reach: Reach,
    ) -> Result<Self, ConfigError> {
        let lookup = |name: &'static str| lookup(name).filter(|value| !value.is_empty());
        let config = Self {
            storage: lookup(STORAGE).unwrap_or_else(|| "sqlite:roster.db".to_owned()),
            users_table: lookup(USERS_TABLE),
            avatars_bucket: lookup(AVATARS_BUCKET),
            events_queue_url: parse(EVENTS_QUEUE_URL, lookup(EVENTS_QUEUE_URL), value::base_url)?,
            dead_letters_url: parse(DEAD_LETTERS_URL, lookup(DEAD_LETTERS_URL), value::base_url)?,
            listen,
            management_listen: parse(MANAGEMENT_LISTEN, lookup(MANAGEMENT_LISTEN), value::address)?
                .unwrap_or(([127, 0, 0, 1], 8081).into()),
            public_url: parse(PUBLIC_URL, lookup(PUBLIC_URL), value::base_url)?,
            avatar_base_url: parse(AVATAR_BASE_URL, lookup(AVATAR_BASE_URL), value::base_url)?,
            environment: parse(ENVIRONMENT, lookup(ENVIRONMENT), value::environment)?,
            config_environment: parse(CONFIG_ENVIRONMENT, lookup(CONFIG_ENVIRONMENT), value::environment)?,
            auth: auth(&lookup, reach)?,
            cors_origins: parse(CORS_ORIGINS, lookup(CORS_ORIGINS), value::origins)?.unwrap_or_default(),
            max_upload_bytes: parse(MAX_UPLOAD_BYTES, lookup(MAX_UPLOAD_BYTES), value::upload_bytes)?
                .unwrap_or(Image::MAX_BYTES),
            image_memory_bytes: parse(IMAGE_MEMORY, lookup(IMAGE_MEMORY), value::mebibytes)?
                .unwrap_or(160 << 20),
            cache_bytes: parse(CACHE_BYTES, lookup(CACHE_BYTES), value::cache_bytes)?.unwrap_or(64 << 20),
            default_image_hosts: parse(DEFAULT_IMAGE_HOSTS, lookup(DEFAULT_IMAGE_HOSTS), value::hosts)?
                .unwrap_or_default(),
            initials: parse(INITIALS, lookup(INITIALS), value::switch)?.unwrap_or(false),
            demo: parse(DEMO, lookup(DEMO), value::switch)?.unwrap_or(false),
            log: parse(LOG, lookup(LOG), value::log_format)?,
            drain: parse(DRAIN, lookup(DRAIN), value::duration)?.unwrap_or_default(),
            faults: lookup(FAULTS),
        };
        config.check_shared()?;
        Ok(config)
    }

    /// A store that others share asks for more: nobody guesses which it is, where it is, or whose.
    fn check_shared(&self) -> Result<(), ConfigError> {
        if !self.is_shared() {
            return Ok(());
        }
        let why = "with ROSTER_STORAGE=aws";
        if self.users_table.is_none() {
            return Err(ConfigError::missing(USERS_TABLE, why));
        }
        if self.public_url.is_none() {
            return Err(ConfigError::missing(PUBLIC_URL, why));
        }
        if self.environment.is_none() {
            return Err(ConfigError::missing(ENVIRONMENT, why));
        }
        Ok(())
    }

    /// Whether the store is one that other instances and programs use too.
    pub fn is_shared(&self) -> bool {
        self.storage == "aws"
    }

    /// The bucket of images, for a program that needs it.
    ///
    /// # Errors
    /// Where the store is AWS and it is not set.
    pub fn require_bucket(&self) -> Result<(), ConfigError> {
        match self.avatars_bucket {
            None if self.is_shared() => Err(ConfigError::missing(AVATARS_BUCKET, "with ROSTER_STORAGE=aws")),
            _ => Ok(()),
        }
    }

    /// The queues of events and of those that were given up, for a program that needs them.
    ///
    /// # Errors
    /// Where the store is AWS and one is not set.
    pub fn require_queues(&self) -> Result<(), ConfigError> {
        let why = "with ROSTER_STORAGE=aws";
        match (&self.events_queue_url, &self.dead_letters_url) {
            (None, _) if self.is_shared() => Err(ConfigError::missing(EVENTS_QUEUE_URL, why)),
            (_, None) if self.is_shared() => Err(ConfigError::missing(DEAD_LETTERS_URL, why)),
            _ => Ok(()),
        }
    }

    /// The environment that the store must belong to, where one is set.
    ///
    /// # Errors
    /// Where the process runs in another environment than the one that these settings were written for.
    pub fn expected_environment(&self) -> Result<Option<Environment>, WrongEnvironment> {
        match (&self.environment, &self.config_environment) {
            (Some(process), Some(settings)) if process != settings => {
                Err(WrongEnvironment::Settings { process: process.clone(), settings: settings.clone() })
            }
            (process, settings) => Ok(process.as_ref().or(settings.as_ref()).cloned()),
        }
    }
}

fn parse<T>(
    name: &'static str,
    value: Option<String>,
    understand: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<Option<T>, ConfigError> {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(None) };
    understand(&value).map(Some).map_err(|must| ConfigError { name, problem: format!("`{value}` {must}") })
}

fn listen(lookup: &impl Fn(&str) -> Option<String>) -> Result<SocketAddr, ConfigError> {
    Ok(parse(LISTEN, lookup(LISTEN), value::address)?.unwrap_or(([127, 0, 0, 1], 8080).into()))
}

fn auth(lookup: &impl Fn(&'static str) -> Option<String>, reach: Reach) -> Result<Auth, ConfigError> {
    let understand = |value: &str| match value {
        "off" => Ok(false),
        "oidc" => Ok(true),
        _ => Err("must be off or oidc"),
    };
    let issuer =
        parse(AUTH_ISSUER, lookup(AUTH_ISSUER), |value| value::base_url(value).map(|_| value.to_owned()))?;
    match (parse(AUTH, lookup(AUTH), understand)?, reach) {
        (Some(true), _) => {
            let why = "with ROSTER_AUTH=oidc";
            let issuer = issuer.ok_or_else(|| ConfigError::missing(AUTH_ISSUER, why))?;
            let audience = lookup(AUTH_AUDIENCE).ok_or_else(|| ConfigError::missing(AUTH_AUDIENCE, why))?;
            Ok(Auth::Oidc { issuer, audience })
        }
        (Some(false), _) | (None, Reach::Nobody) => Ok(Auth::Off),
        (None, Reach::Address(listen)) if listen.ip().is_loopback() => Ok(Auth::Off),
        (None, Reach::Address(listen)) => Err(ConfigError::missing(
            AUTH,
            &format!("to oidc, or to off to let everyone who reaches {listen} read and write users"),
        )),
        (None, Reach::Gateway) => Err(ConfigError::missing(
            AUTH,
            "to oidc, or to off to let everyone whom the gateway lets in read and write users",
        )),
    }
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
            ("ROSTER_MANAGEMENT_LISTEN", "8081"),
            ("ROSTER_ENVIRONMENT", "Prod"),
            ("ROSTER_CONFIG_ENVIRONMENT", "a b"),
            ("ROSTER_AUTH", "basic"),
            ("ROSTER_AUTH_ISSUER", "issuer"),
            ("ROSTER_CORS_ORIGINS", "*"),
            ("ROSTER_CORS_ORIGINS", "https://a.example.org/path"),
            ("ROSTER_CORS_ORIGINS", "https://a.example.org,"),
            ("ROSTER_EVENTS_QUEUE_URL", "avatar-events"),
            ("ROSTER_DEAD_LETTERS_URL", "sqs:dead"),
            ("ROSTER_CACHE_BYTES", "64 MiB"),
            ("ROSTER_DEFAULT_IMAGE_HOSTS", "https://images.example.org"),
            ("ROSTER_DEFAULT_IMAGE_HOSTS", "a.example.org,"),
            ("ROSTER_INITIALS", "1"),
            ("ROSTER_DEMO", "yes"),
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
        assert!(SETTINGS.iter().any(|setting| setting.flag() == "public-url"));
    }

    #[test]
    fn what_a_choice_requires_is_named_where_it_is_missing() {
        let aws = [
            ("ROSTER_STORAGE", "aws"),
            ("ROSTER_USERS_TABLE", "users"),
            ("ROSTER_PUBLIC_URL", "https://users.example.org"),
            ("ROSTER_ENVIRONMENT", "prod"),
        ];
        let oidc = [
            ("ROSTER_AUTH", "oidc"),
            ("ROSTER_AUTH_ISSUER", "https://issuer.example.org/"),
            ("ROSTER_AUTH_AUDIENCE", "roster"),
        ];
        for settings in [aws.as_slice(), &oidc] {
            assert!(read(settings).is_ok());
            for left_out in 1..settings.len() {
                let mut some = settings.to_vec();
                let (name, _) = some.remove(left_out);
                let error = read(&some).unwrap_err();
                assert!(
                    error.to_string().starts_with(&format!("{name}: must be set with ROSTER_")),
                    "{error}"
                );
            }
        }
        assert_eq!(read(&aws).unwrap().require_bucket().unwrap_err().name, "ROSTER_AVATARS_BUCKET");
        assert!(read(&[]).unwrap().require_bucket().is_ok());
        assert_eq!(read(&aws).unwrap().require_queues().unwrap_err().name, "ROSTER_EVENTS_QUEUE_URL");
        assert!(read(&[]).unwrap().require_queues().is_ok());
        let issuer = "https://issuer.example.org/".to_owned();
        assert_eq!(read(&oidc).unwrap().auth, Auth::Oidc { issuer, audience: "roster".to_owned() });
    }

    #[test]
    fn a_function_must_say_who_may_use_it() {
        let read = |auth: &'static str| {
            Config::read_function(|name| (name == "ROSTER_AUTH").then(|| auth.to_owned()))
        };
        assert_eq!(read("").unwrap_err().name, "ROSTER_AUTH");
        assert_eq!(read("off").unwrap().auth, Auth::Off);
    }

    #[test]
    fn who_may_use_what_nobody_reaches_need_not_be_said() {
        let config = Config::read_worker(|name| (name == "ROSTER_LISTEN").then(|| "0.0.0.0:80".to_owned()));
        assert_eq!(config.unwrap().listen.port(), 80);
    }

    #[test]
    fn environments_that_are_set_must_agree() {
        let expected = |process: &str, settings: &str| {
            read(&[("ROSTER_ENVIRONMENT", process), ("ROSTER_CONFIG_ENVIRONMENT", settings)])
                .unwrap()
                .expected_environment()
        };
        assert_eq!(expected("", "").unwrap(), None);
        for (process, settings) in [("prod", ""), ("", "prod"), ("prod", "prod")] {
            assert_eq!(expected(process, settings).unwrap().unwrap().as_str(), "prod");
        }
        let line = expected("prod", "beta").unwrap_err().to_string();
        assert!(line.contains("prod") && line.contains("beta"), "{line}");
    }

    #[test]
    fn origins_are_a_list() {
        let config =
            read(&[("ROSTER_CORS_ORIGINS", "https://a.example.org, http://localhost:3000")]).unwrap();
        assert_eq!(config.cors_origins, ["https://a.example.org", "http://localhost:3000"]);
    }
}
