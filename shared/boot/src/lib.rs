//! From settings to open stores: the composition root of every program.

use std::sync::Arc;

use domain::{Error, environment::WrongEnvironment};
use runtime::{Config, Services, Telemetry, config::ConfigError};
use storage::{Boundary, ConnectError, Connection, Faults, Guard, Settings, config::Password};

/// What a program requires of its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirements {
    /// Users, and no image.
    Users,
    /// Both.
    UsersAndImages,
    /// Images, which are open to everyone.
    Images,
    /// Events, and the images that they name.
    Events,
}

impl Requirements {
    /// Whether the program may take direct uploads: `serve` with a worker requires events.
    fn take_uploads(self) -> bool {
        matches!(self, Self::UsersAndImages | Self::Events)
    }
}

/// Why a program cannot use its store, in one line.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A setting is missing or invalid.
    #[error(transparent)]
    Setting(#[from] ConfigError),
    /// Process, settings and store do not belong to one environment.
    #[error(transparent)]
    Environment(#[from] WrongEnvironment),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(ConnectError),
    /// The store cannot be asked for its environment.
    #[error(transparent)]
    Unavailable(Error),
}

impl OpenError {
    /// The exit code: 64 (`EX_USAGE`) if only a setting can fix it, 78 (`EX_CONFIG`) for parts that do not belong
    /// together, else 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Setting(_) => 64,
            Self::Environment(_) => 78,
            Self::Store(_) | Self::Unavailable(_) => 1,
        }
    }
}

impl From<ConnectError> for OpenError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::WrongEnvironment(why) => Self::Environment(why),
            other @ ConnectError::Store(_) => Self::Store(other),
        }
    }
}

/// A store, as the settings name it; not open yet.
pub struct Plan {
    storage: storage::Config,
    boundary: Boundary,
}

/// An open store, and what uses it.
pub struct Opened {
    /// The stores and limits of this process.
    pub services: Services,
    /// Knows whether the store is of the expected environment.
    pub guard: Guard,
    /// To be closed at the end.
    pub connection: Connection,
}

impl Plan {
    /// Checks the settings of a program that requires these.
    ///
    /// # Errors
    /// [`OpenError::Setting`]; [`OpenError::Environment`] if the settings were written for another environment.
    pub fn new(config: &Config, requirements: Requirements) -> Result<Self, OpenError> {
        if requirements != Requirements::Users {
            config.require_bucket()?;
        }
        if requirements == Requirements::Events {
            config.require_queues()?;
        }
        let expected = config.expected_environment()?;
        let faults =
            Faults::parse(config.faults.as_deref().unwrap_or_default()).map_err(ConfigError::faults)?;
        // Behind a gateway their base cannot be guessed; without it they are paths.
        let links = config.links("");
        let settings = Settings {
            storage: config.storage.as_str(),
            password: Password {
                text: config.storage_password.text.as_deref(),
                file: config.storage_password_file.as_deref(),
                passfile: config.storage_password.passfile.as_deref(),
            },
            users_table: config.users_table.as_deref(),
            // A program without images has no right to read the marker of their bucket.
            avatars_bucket: config.avatars_bucket.as_deref().filter(|_| requirements != Requirements::Users),
            uploads_bucket: config.uploads_bucket.as_deref().filter(|_| requirements.take_uploads()),
            events_queue_url: config.events_queue_url.as_deref(),
            dead_letters_url: config.dead_letters_url.as_deref(),
            links: Some(&links),
        };
        let storage = storage::Config::new(&settings).map_err(ConfigError::storage)?;
        Ok(Self { storage, boundary: Boundary { expected, faults, observer: None } })
    }

    /// Opens the store to serve it. On AWS this sends no request: a store of another environment is found by the guard.
    ///
    /// # Errors
    /// [`OpenError::Store`], [`OpenError::Environment`].
    pub async fn open(self, config: &Config, telemetry: Telemetry) -> Result<Opened, OpenError> {
        let boundary = Boundary { observer: Some(Arc::new(telemetry.clone())), ..self.boundary };
        let connection = storage::connect(&self.storage, boundary).await?;
        let (stores, queue) = (connection.stores.clone(), connection.tools.queue.clone());
        let services = Services::new(config, stores, queue, telemetry);
        Ok(Opened { services, guard: connection.guard.clone(), connection })
    }

    /// Opens the store for a data tool, beside a server that may be running, after it has named the expected
    /// environment.
    ///
    /// # Errors
    /// Any [`OpenError`] but that of a setting.
    pub async fn open_tool(self) -> Result<Connection, OpenError> {
        let connection = storage::connect_tool(&self.storage, self.boundary).await?;
        let Err(error) = connection.guard.pass().await else { return Ok(connection) };
        connection.close().await;
        Err(match error {
            Error::WrongEnvironment(why) => OpenError::Environment(why),
            other => OpenError::Unavailable(other),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_takes_direct_uploads_with_a_worker_inside_too() {
        for (requirements, takes) in [
            (Requirements::UsersAndImages, true),
            (Requirements::Events, true),
            (Requirements::Users, false),
            (Requirements::Images, false),
        ] {
            assert_eq!(requirements.take_uploads(), takes, "{requirements:?}");
        }
    }
}
