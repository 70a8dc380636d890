//! Every setting once: its name, its meaning and its default.

/// A setting, as the command line and the documents show it.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The environment variable.
    pub name: &'static str,
    /// Its meaning, a phrase.
    pub meaning: &'static str,
    /// The value where it is not set, in words.
    pub default: &'static str,
}

impl Setting {
    /// The command-line flag without leading hyphens: `public-url` for `ROSTER_PUBLIC_URL`.
    pub fn flag(&self) -> String {
        self.name.trim_start_matches("ROSTER_").to_lowercase().replace('_', "-")
    }
}

const fn setting(name: &'static str, meaning: &'static str, default: &'static str) -> Setting {
    Setting { name, meaning, default }
}

/// Every setting.
pub const SETTINGS: &[Setting] = &[
    setting(STORAGE, "where users and images are kept: sqlite:FILE or aws", "sqlite:roster.db"),
    setting(USERS_TABLE, "the DynamoDB table of users", "none; required with aws"),
    setting(AVATARS_BUCKET, "the S3 bucket of images", "none; required with aws to read or write images"),
    setting(
        EVENTS_QUEUE_URL,
        "URL of the SQS queue of image events",
        "none; required with aws to process or resend events",
    ),
    setting(
        DEAD_LETTERS_URL,
        "URL of the SQS dead-letter queue",
        "none; required with aws to process or resend events",
    ),
    setting(LISTEN, "address of the API", "127.0.0.1:8080"),
    setting(MANAGEMENT_LISTEN, "address of /metrics, for operators only", "127.0.0.1:8081"),
    setting(
        PUBLIC_URL,
        "URL where clients reach the API, the base of links",
        "http:// and the listen address; required with aws",
    ),
    setting(AVATAR_BASE_URL, "base of avatar_url, for a CDN in front", "the value of ROSTER_PUBLIC_URL"),
    setting(ENVIRONMENT, "the environment where this process runs, such as prod", "none; required with aws"),
    setting(CONFIG_ENVIRONMENT, "the environment for which these settings were written", "none"),
    setting(
        AUTH,
        "who may read and write users: off or oidc; required where the address is not loopback",
        "off on loopback",
    ),
    setting(
        AUTH_ISSUER,
        "https:// URL of the trusted OpenID Connect issuer; http:// only on loopback",
        "none; required with oidc",
    ),
    setting(AUTH_AUDIENCE, "the audience that a token must name", "none; required with oidc"),
    setting(CORS_ORIGINS, "origins whose pages may call the API, separated by commas", "none"),
    setting(MAX_UPLOAD_BYTES, "largest accepted image in bytes, at most 4194304", "4194304"),
    setting(IMAGE_MEMORY, "total memory for decoding images, in MiB", "160"),
    setting(CACHE_BYTES, "memory for hot renditions, in bytes", "67108864"),
    setting(
        DEFAULT_IMAGE_HOSTS,
        "hosts to which the default image of /avatar/{hash} may redirect, separated by commas",
        "none",
    ),
    setting(INITIALS, "on or off: default images may show initials, letters of a name", "off"),
    setting(DEMO, "on or off: /demo/hello and /demo/random-error", "off"),
    setting(LOG, "text or json; RUST_LOG is the filter", "text on a terminal, else json"),
    setting(DRAIN, "time between not ready and closing the listener, such as 5s", "0s"),
    setting(FAULTS, "faults to inject, for experiments", "none"),
];

pub(super) const STORAGE: &str = "ROSTER_STORAGE";
pub(super) const USERS_TABLE: &str = "ROSTER_USERS_TABLE";
pub(super) const AVATARS_BUCKET: &str = "ROSTER_AVATARS_BUCKET";
pub(super) const EVENTS_QUEUE_URL: &str = "ROSTER_EVENTS_QUEUE_URL";
pub(super) const DEAD_LETTERS_URL: &str = "ROSTER_DEAD_LETTERS_URL";
pub(super) const LISTEN: &str = "ROSTER_LISTEN";
pub(super) const MANAGEMENT_LISTEN: &str = "ROSTER_MANAGEMENT_LISTEN";
pub(super) const PUBLIC_URL: &str = "ROSTER_PUBLIC_URL";
pub(super) const AVATAR_BASE_URL: &str = "ROSTER_AVATAR_BASE_URL";
pub(super) const ENVIRONMENT: &str = "ROSTER_ENVIRONMENT";
pub(super) const CONFIG_ENVIRONMENT: &str = "ROSTER_CONFIG_ENVIRONMENT";
pub(super) const AUTH: &str = "ROSTER_AUTH";
pub(super) const AUTH_ISSUER: &str = "ROSTER_AUTH_ISSUER";
pub(super) const AUTH_AUDIENCE: &str = "ROSTER_AUTH_AUDIENCE";
pub(super) const CORS_ORIGINS: &str = "ROSTER_CORS_ORIGINS";
pub(super) const MAX_UPLOAD_BYTES: &str = "ROSTER_MAX_UPLOAD_BYTES";
pub(super) const IMAGE_MEMORY: &str = "ROSTER_IMAGE_MEMORY";
pub(super) const CACHE_BYTES: &str = "ROSTER_CACHE_BYTES";
pub(super) const DEFAULT_IMAGE_HOSTS: &str = "ROSTER_DEFAULT_IMAGE_HOSTS";
pub(super) const INITIALS: &str = "ROSTER_INITIALS";
pub(super) const DEMO: &str = "ROSTER_DEMO";
pub(super) const LOG: &str = "ROSTER_LOG";
pub(super) const DRAIN: &str = "ROSTER_DRAIN";
pub(super) const FAULTS: &str = "ROSTER_FAULTS";
