//! Settings and store, or a one-line error.

use domain::environment::WrongEnvironment;
use runtime::{
    Lifecycle, MemoryPlan, Telemetry,
    config::{Config, ConfigError},
};
use storage::{Config as Storage, ConnectError, Connection, Faults, Settings, guarded, with_faults};
use web::{Auth, Callers, Cors, Kit, Links, Parts};

/// An event carries 6 MB, and a function has one at a time. It accepts no connections.
const MEMORY: MemoryPlan = MemoryPlan { upload_bytes: 16 << 20, download_bytes: 16 << 20, connections: 0 };

/// What a function needs of its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Users, and no image.
    Users,
    /// Both.
    UsersAndImages,
    /// Images, which are open to everyone.
    Images,
    /// Events, and the images that they are about.
    Events,
}

/// Why a function cannot start, in one line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// A setting is missing or invalid.
    #[error(transparent)]
    Setting(#[from] ConfigError),
    /// `RUST_LOG` is invalid.
    #[error("{0}")]
    Filter(String),
    /// The settings of traces in `OTEL_*` are invalid.
    #[error("{0}")]
    Traces(String),
    /// Lambda did not start it, so there are no events.
    #[error("{0}: must be set: start this program in Lambda or an emulator of it (docs/lambda.md)")]
    NotLambda(&'static str),
    /// The settings were written for another environment.
    #[error(transparent)]
    Environment(#[from] WrongEnvironment),
    /// Tokens are required, but it was built without the code that checks them.
    #[cfg(not(feature = "oidc"))]
    #[error("ROSTER_AUTH: this program cannot check tokens: build it with the feature `oidc`")]
    NoTokens,
    /// The store cannot be used. On AWS, a start does not access the store: another environment is detected
    /// at the first call.
    #[error(transparent)]
    Store(#[from] ConnectError),
    /// The system call failed.
    #[error("cannot start: {0}")]
    System(#[from] std::io::Error),
}

impl StartError {
    /// The exit code: 64 (`EX_USAGE`) for settings that must be corrected, 78 (`EX_CONFIG`) for environments
    /// that do not match, 1 for the rest.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Setting(_) | Self::Filter(_) | Self::Traces(_) | Self::NotLambda(_) => 64,
            Self::Environment(_) | Self::Store(ConnectError::WrongEnvironment(_)) => 78,
            #[cfg(not(feature = "oidc"))]
            Self::NoTokens => 64,
            Self::Store(_) | Self::System(_) => 1,
        }
    }
}

/// What a function runs on.
pub(crate) struct Started {
    pub(crate) kit: Kit,
    /// To be flushed after each event and at the end.
    pub(crate) telemetry: Telemetry,
    /// To be closed at the end.
    pub(crate) connection: Connection,
}

/// Opens the store that `config` names.
pub(crate) async fn start(config: Config, needs: Needs, telemetry: Telemetry) -> Result<Started, StartError> {
    if needs != Needs::Users {
        config.require_bucket()?;
    }
    if needs == Needs::Events {
        config.require_queues()?;
    }
    let faults = Faults::parse(config.faults.as_deref().unwrap_or_default()).map_err(ConfigError::faults)?;
    let expected = config.expected_environment()?;
    let settings = Settings {
        storage: &config.storage,
        users_table: config.users_table.as_deref(),
        // A function without images has no permission to read the bucket's marker.
        avatars_bucket: config.avatars_bucket.as_deref().filter(|_| needs != Needs::Users),
        events_queue_url: config.events_queue_url.as_deref(),
        dead_letters_url: config.dead_letters_url.as_deref(),
        public_url: config.public_url.as_deref(),
        avatar_base_url: config.avatar_base_url.as_deref().or(config.public_url.as_deref()),
        environment: expected.as_ref(),
    };
    let storage = Storage::new(&settings).map_err(ConfigError::storage)?.with_faults(faults.clone());
    let connection = storage::connect(&storage).await?;
    let (stores, _) = guarded(with_faults(connection.stores.clone(), faults), expected);
    // It cannot be guessed behind a gateway; without it links are paths.
    let public_url = config.public_url.as_deref().unwrap_or_default();
    let parts = Parts {
        stores,
        queue: connection.tools.queue.clone(),
        links: Links::new(public_url, config.avatar_base_url.as_deref().unwrap_or(public_url)),
        auth: auth(&config, needs)?,
        cors: Cors::new(&config.cors_origins),
        // Only a gateway calls it: it has no address that a browser could reach.
        callers: Callers::default(),
        lifecycle: Lifecycle::default(),
        max_upload_bytes: config.max_upload_bytes,
        image_memory_bytes: config.image_memory_bytes,
        cache_bytes: config.cache_bytes,
        default_image_hosts: config.default_image_hosts.clone(),
        initials: config.initials,
        demo: config.demo,
        telemetry: telemetry.clone(),
    };
    Ok(Started { kit: Kit::new(parts, &MEMORY), telemetry, connection })
}

#[cfg(feature = "oidc")]
#[expect(clippy::unnecessary_wraps, reason = "as without the feature")]
fn auth(config: &Config, _: Needs) -> Result<Auth, StartError> {
    Ok(Auth::new(&config.auth))
}

/// Without the code that checks tokens, a function that requires them does not start.
#[cfg(not(feature = "oidc"))]
fn auth(config: &Config, needs: Needs) -> Result<Auth, StartError> {
    match config.auth {
        runtime::config::Auth::Oidc { .. } if !matches!(needs, Needs::Images | Needs::Events) => {
            Err(StartError::NoTokens)
        }
        _ => Ok(Auth::off()),
    }
}
