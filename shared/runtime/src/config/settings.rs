//! Every setting once: its name, meaning, default, field and parser.

use std::{net::SocketAddr, time::Duration};

use domain::{Environment, Image};

use super::{
    Auth, ConfigError, LogFormat,
    parse::{optional, or},
    storage_url::{StoragePassword, StorageUrl},
    value,
};

/// A setting, as the command line and the documents show it.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The environment variable.
    pub name: &'static str,
    /// What it means, a phrase.
    pub meaning: &'static str,
    /// The default, in words.
    pub default: &'static str,
}

impl Setting {
    /// The flag of the command line, without its hyphens: `public-url` for `ROSTER_PUBLIC_URL`.
    pub fn flag(&self) -> String {
        self.name.trim_start_matches("ROSTER_").to_lowercase().replace('_', "-")
    }
}

/// A row for each setting; one without a field is part of [`Config::auth`].
macro_rules! settings {
    ($($id:ident = $name:literal, $meaning:literal, default $default:literal
        $(, $field:ident: $type:ty = $parse:expr)?;)+) => {
        $(pub(super) const $id: &str = $name;)+

        /// Every setting.
        pub const SETTINGS: &[Setting] =
            &[$(Setting { name: $id, meaning: $meaning, default: $default }),+];

        /// All settings, checked.
        #[derive(Clone, Debug)]
        pub struct Config {
            $($(#[doc = concat!("`", $name, "`: ", $meaning, ".")] pub $field: $type,)?)+
            /// Who may read and write users.
            pub auth: Auth,
            /// Where the password of the store is, unless in its URL or its file.
            pub storage_password: StoragePassword,
        }

        impl Config {
            /// Without [`auth`](Self::auth), which depends on how clients reach the program, and without the password,
            /// which no row and so no flag has.
            pub(super) fn parse(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
                Ok(Self { $($($field: $parse($id, lookup($id))?,)?)+ auth: Auth::Off, storage_password: StoragePassword::default() })
            }
        }
    };
}

settings! {
    STORAGE = "ROSTER_STORAGE",
        "where users and images are kept: sqlite:FILE, postgres://USER@HOST/DATABASE or aws",
        default "sqlite:roster.db",
        storage: StorageUrl = or(value::storage, || StorageUrl::new("sqlite:roster.db"));
    STORAGE_PASSWORD_FILE = "ROSTER_STORAGE_PASSWORD_FILE",
        "file with the password of the PostgreSQL user",
        default "none; else PGPASSWORD or PGPASSFILE",
        storage_password_file: Option<String> = optional(value::text);
    USERS_TABLE = "ROSTER_USERS_TABLE",
        "the DynamoDB table of users",
        default "none; required with aws",
        users_table: Option<String> = optional(value::text);
    AVATARS_BUCKET = "ROSTER_AVATARS_BUCKET",
        "the S3 bucket of images",
        default "none; required with aws to read or write images",
        avatars_bucket: Option<String> = optional(value::text);
    UPLOADS_BUCKET = "ROSTER_UPLOADS_BUCKET",
        "the S3 bucket of direct uploads, without versions and backup",
        default "none; required with aws for direct uploads",
        uploads_bucket: Option<String> = optional(value::text);
    EVENTS_QUEUE_URL = "ROSTER_EVENTS_QUEUE_URL",
        "URL of the SQS queue of image events",
        default "none; required with aws to process or resend events",
        events_queue_url: Option<String> = optional(value::base_url);
    DEAD_LETTERS_URL = "ROSTER_DEAD_LETTERS_URL",
        "URL of the SQS dead-letter queue",
        default "none; required with aws to process or resend events",
        dead_letters_url: Option<String> = optional(value::base_url);
    LISTEN = "ROSTER_LISTEN",
        "address of the API",
        default "127.0.0.1:8080",
        listen: SocketAddr = or(value::address, || ([127, 0, 0, 1], 8080).into());
    MANAGEMENT_LISTEN = "ROSTER_MANAGEMENT_LISTEN",
        "address of /metrics, for operators only",
        default "127.0.0.1:8081",
        management_listen: SocketAddr = or(value::address, || ([127, 0, 0, 1], 8081).into());
    PUBLIC_URL = "ROSTER_PUBLIC_URL",
        "URL where clients reach the API, used in links",
        default "http:// and the listen address; required with aws",
        public_url: Option<String> = optional(value::base_url);
    AVATAR_BASE_URL = "ROSTER_AVATAR_BASE_URL",
        "base URL of avatar_url, such as that of a CDN",
        default "the value of ROSTER_PUBLIC_URL",
        avatar_base_url: Option<String> = optional(value::base_url);
    ENVIRONMENT = "ROSTER_ENVIRONMENT",
        "the environment where this process runs, such as prod",
        default "none; required with aws and postgres",
        environment: Option<Environment> = optional(value::environment);
    CONFIG_ENVIRONMENT = "ROSTER_CONFIG_ENVIRONMENT",
        "the environment for which these settings were written",
        default "none",
        config_environment: Option<Environment> = optional(value::environment);
    AUTH = "ROSTER_AUTH",
        "who may read and write users: off (everyone) or oidc; required unless the address is loopback",
        default "off on loopback";
    AUTH_ISSUER = "ROSTER_AUTH_ISSUER",
        "https:// URL of the trusted OpenID Connect issuer; http:// only on loopback",
        default "none; required with oidc";
    AUTH_AUDIENCE = "ROSTER_AUTH_AUDIENCE",
        "the audience that a token must have",
        default "none; required with oidc";
    CORS_ORIGINS = "ROSTER_CORS_ORIGINS",
        "origins whose pages may call the API, separated by commas",
        default "none",
        cors_origins: Vec<String> = or(value::origins, Vec::new);
    MAX_UPLOAD_BYTES = "ROSTER_MAX_UPLOAD_BYTES",
        "largest accepted image in bytes, at most 33554432",
        default "16777216",
        max_upload_bytes: usize = or(value::upload_bytes, || Image::DEFAULT_MAX_BYTES);
    IMAGE_MEMORY = "ROSTER_IMAGE_MEMORY",
        "total memory for decoding images, in MiB",
        default "160",
        image_memory_bytes: u64 = or(value::mebibytes, || 160 << 20);
    CACHE_BYTES = "ROSTER_CACHE_BYTES",
        "memory for cached pictures and reads of users, in bytes",
        default "67108864",
        cache_bytes: u64 = or(value::cache_bytes, || 64 << 20);
    CACHE_BAN_URL = "ROSTER_CACHE_BAN_URL",
        "http:// URL where the HTTP cache in front of this server takes bans",
        default "none: there is no such cache",
        cache_ban_url: Option<String> = optional(value::plain_url);
    DEFAULT_IMAGE_HOSTS = "ROSTER_DEFAULT_IMAGE_HOSTS",
        "hosts to which the default image of /avatar/{hash} may redirect, separated by commas",
        default "none",
        default_image_hosts: Vec<String> = or(value::hosts, Vec::new);
    INITIALS = "ROSTER_INITIALS",
        "on or off: default images may show the initials of a name",
        default "off",
        initials: bool = or(value::switch, || false);
    DEMO = "ROSTER_DEMO",
        "on or off: serve /demo/hello and /demo/random-error",
        default "off",
        demo: bool = or(value::switch, || false);
    LOG = "ROSTER_LOG",
        "log format: text or json; RUST_LOG sets the filter",
        default "text on a terminal, else json",
        log: Option<LogFormat> = optional(value::log_format);
    DRAIN = "ROSTER_DRAIN",
        "how long to keep serving after /readyz fails at shutdown, such as 5s",
        default "0s",
        drain: Duration = or(value::duration, || Duration::ZERO);
    FAULTS = "ROSTER_FAULTS",
        "faults to inject, for experiments",
        default "none",
        faults: Option<String> = optional(value::text);
}
