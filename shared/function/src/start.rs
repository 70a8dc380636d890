//! Settings and store, or one line that says why not.

use storage::{Config as Storage, ConnectError, Connection, Faults, with_faults};
use web::{
    Lifecycle, Links,
    config::{Config, ConfigError},
};

use crate::Parts;

/// What a function asks of its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// It touches no image.
    Users,
    /// It reads or writes images.
    UsersAndImages,
}

/// Why a function cannot start, in one line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// A setting is missing or bad.
    #[error(transparent)]
    Setting(#[from] ConfigError),
    /// `RUST_LOG` cannot be understood.
    #[error("{0}")]
    Filter(String),
    /// Nobody hands it events.
    #[error("{0}: must be set: Lambda starts this program, or what stands in for it (docs/lambda.md)")]
    NotLambda(&'static str),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] ConnectError),
    /// The system refused.
    #[error("cannot start: {0}")]
    System(#[from] std::io::Error),
}

impl StartError {
    /// What the process ends with: 64 (`EX_USAGE`) for what only a setting mends.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Setting(_) | Self::Filter(_) | Self::NotLambda(_) => 64,
            Self::Store(_) | Self::System(_) => 1,
        }
    }
}

/// What a function runs on.
pub(crate) struct Started {
    pub(crate) parts: Parts,
    /// To be closed at the end.
    pub(crate) connection: Connection,
}

/// Opens the store that `config` names.
pub(crate) async fn start(config: Config, needs: Needs) -> Result<Started, StartError> {
    if needs == Needs::UsersAndImages {
        config.require_bucket()?;
    }
    let faults = Faults::parse(config.faults.as_deref().unwrap_or_default()).map_err(ConfigError::faults)?;
    let storage = Storage::parse(&config.storage).map_err(ConfigError::storage)?;
    let connection = storage::connect(&storage).await?;
    // Behind a gateway nobody can guess it; without it links are paths.
    let public_url = config.public_url.unwrap_or_default();
    let parts = Parts {
        stores: with_faults(connection.stores.clone(), faults),
        links: Links::new(&public_url, config.avatar_base_url.as_deref().unwrap_or(&public_url)),
        lifecycle: Lifecycle::default(),
        max_upload_bytes: config.max_upload_bytes,
        image_memory_bytes: config.image_memory_bytes,
    };
    Ok(Started { parts, connection })
}
