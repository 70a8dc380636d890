//! Parses all settings from their names and texts.

use std::net::SocketAddr;

use domain::Image;

use super::{
    Auth, Config, ConfigError,
    settings::{
        AUTH, AUTH_AUDIENCE, AUTH_ISSUER, AVATAR_BASE_URL, AVATARS_BUCKET, CACHE_BYTES, CONFIG_ENVIRONMENT,
        CORS_ORIGINS, DEAD_LETTERS_URL, DEFAULT_IMAGE_HOSTS, DEMO, DRAIN, ENVIRONMENT, EVENTS_QUEUE_URL,
        FAULTS, IMAGE_MEMORY, INITIALS, LISTEN, LOG, MANAGEMENT_LISTEN, MAX_UPLOAD_BYTES, PUBLIC_URL,
        STORAGE, USERS_TABLE,
    },
    value,
};

/// How clients reach this program.
#[derive(Clone, Copy)]
enum Reach {
    Address(SocketAddr),
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
        let listen = listen(&lookup)?;
        Self::read_all(lookup, listen, Reach::Address(listen))
    }

    /// Reads all settings of a Lambda function, which has no address: `ROSTER_AUTH` is required.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn read_function(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        Self::read_all(lookup, ([127, 0, 0, 1], 0).into(), Reach::Gateway)
    }

    /// Reads all settings of a process without clients: `ROSTER_AUTH` is not required.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn read_worker(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let listen = listen(&lookup)?;
        Self::read_all(lookup, listen, Reach::Worker)
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
    let issuer = parse(AUTH_ISSUER, lookup(AUTH_ISSUER), value::issuer)?;
    match (parse(AUTH, lookup(AUTH), understand)?, reach) {
        (Some(true), _) => {
            let why = "with ROSTER_AUTH=oidc";
            let issuer = issuer.ok_or_else(|| ConfigError::missing(AUTH_ISSUER, why))?;
            let audience = lookup(AUTH_AUDIENCE).ok_or_else(|| ConfigError::missing(AUTH_AUDIENCE, why))?;
            Ok(Auth::Oidc { issuer, audience })
        }
        (Some(false), _) | (None, Reach::Worker) => Ok(Auth::Off),
        (None, Reach::Address(listen)) if listen.ip().to_canonical().is_loopback() => Ok(Auth::Off),
        (None, Reach::Address(listen)) => Err(ConfigError::missing(
            AUTH,
            &format!("to oidc, or to off to let everyone who reaches {listen} read and write users"),
        )),
        (None, Reach::Gateway) => Err(ConfigError::missing(
            AUTH,
            "to oidc, or to off to let everyone admitted by the gateway read and write users",
        )),
    }
}
