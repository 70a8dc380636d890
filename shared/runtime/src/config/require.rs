//! The settings that a program requires, and rules across settings.

use domain::{Environment, Links, environment::WrongEnvironment};

use crate::CachePlan;

use super::{
    Config, ConfigError,
    settings::{AVATARS_BUCKET, DEAD_LETTERS_URL, ENVIRONMENT, EVENTS_QUEUE_URL, PUBLIC_URL, USERS_TABLE},
};

impl Config {
    /// A shared store requires more settings: its table, its URL and its environment cannot be guessed.
    pub(super) fn check_shared(&self) -> Result<(), ConfigError> {
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

    /// Whether other instances and programs use the store too.
    pub fn is_shared(&self) -> bool {
        self.storage == "aws"
    }

    /// How the memory for caches is divided.
    pub fn cache_plan(&self) -> CachePlan {
        CachePlan::new(self.cache_bytes, self.is_shared())
    }

    /// The links of this program, below `public_url` unless it is set.
    pub fn links(&self, public_url: &str) -> Links {
        let public_url = self.public_url.as_deref().unwrap_or(public_url);
        Links::new(public_url, self.avatar_base_url.as_deref().unwrap_or(public_url))
    }

    /// Requires the bucket of images, for a program that uses it.
    ///
    /// # Errors
    /// If the store is AWS and it is not set.
    pub fn require_bucket(&self) -> Result<(), ConfigError> {
        match self.avatars_bucket {
            None if self.is_shared() => Err(ConfigError::missing(AVATARS_BUCKET, "with ROSTER_STORAGE=aws")),
            _ => Ok(()),
        }
    }

    /// Requires the event queue and the dead-letter queue, for a program that uses them.
    ///
    /// # Errors
    /// If the store is AWS and one is not set.
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
    /// If the process runs in another environment than the one for which these settings were written.
    pub fn expected_environment(&self) -> Result<Option<Environment>, WrongEnvironment> {
        match (&self.environment, &self.config_environment) {
            (Some(process), Some(settings)) if process != settings => {
                Err(WrongEnvironment::Settings { process: process.clone(), settings: settings.clone() })
            }
            (process, settings) => Ok(process.as_ref().or(settings.as_ref()).cloned()),
        }
    }
}
