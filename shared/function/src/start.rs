//! The settings and store of a function, or one line that says why it cannot start.

use std::sync::Arc;

use boot::{OpenError, Opened, Plan, Requirements};
use runtime::{Config, MemoryPlan, Telemetry, config::ConfigError};
use storage::Connection;
use web::{Access, App, Auth, Callers};

/// An event carries 6 MB, which fits an image of 4 MiB in base64, and a function has one at a time. Beside it there may
/// be a direct upload, of the largest size that is set. It accepts no connections.
fn memory(config: &Config) -> MemoryPlan {
    MemoryPlan {
        image_bytes: 4 << 20,
        upload_bytes: config.max_upload_bytes + (12 << 20),
        download_bytes: 16 << 20,
        connections: 0,
    }
}

/// Why a function cannot start, in one line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// The store cannot be used. That one of AWS is of another environment is found by the first request: the
    /// start sends none.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// `RUST_LOG` is malformed.
    #[error("{0}")]
    Filter(String),
    /// `OTEL_*` settings for traces are invalid.
    #[error("{0}")]
    Traces(String),
    /// Nothing sends it events.
    #[error("{0}: must be set: start this program in Lambda or an emulator of it (docs/lambda.md)")]
    NotLambda(&'static str),
    /// The system refused.
    #[error("cannot start: {0}")]
    System(#[from] std::io::Error),
}

impl From<ConfigError> for StartError {
    fn from(error: ConfigError) -> Self {
        Self::Open(error.into())
    }
}

impl StartError {
    /// The exit code: 64 (`EX_USAGE`) if only a setting can fix it, 78 (`EX_CONFIG`) for parts that do not belong
    /// together, else 1.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Open(error) => error.exit_code(),
            Self::Filter(_) | Self::Traces(_) | Self::NotLambda(_) => 64,
            Self::System(_) => 1,
        }
    }
}

/// What a function runs on.
pub(crate) struct Started {
    pub(crate) app: App,
    /// To be closed at the end.
    pub(crate) connection: Connection,
}

/// Opens the store that `config` names. A gateway is in front, whose address the function cannot know: links are paths
/// unless the settings have it, and every caller is accepted.
pub(crate) async fn start(
    config: Config,
    requirements: Requirements,
    telemetry: Telemetry,
) -> Result<Started, StartError> {
    let access = Access { auth: auth(&config, requirements)?, callers: Callers::default() };
    let Opened { services, connection, .. } =
        Plan::new(&config, requirements)?.open(&config, telemetry).await?;
    let memory = memory(&config);
    Ok(Started { app: App::new(Arc::new(config), services, access, &memory, ""), connection })
}

/// Images and events are open to everyone: a function for them does not link the code that checks tokens.
fn auth(config: &Config, requirements: Requirements) -> Result<Auth, ConfigError> {
    match requirements {
        Requirements::Images | Requirements::Events => Ok(Auth::off()),
        Requirements::Users | Requirements::UsersAndImages => Auth::new(&config.auth),
    }
}
