//! What a program needs of its settings, beyond what each says by itself.

use domain::{Environment, environment::WrongEnvironment};

use super::{
    Config, ConfigError,
    settings::{AVATARS_BUCKET, DEAD_LETTERS_URL, ENVIRONMENT, EVENTS_QUEUE_URL, PUBLIC_URL, USERS_TABLE},
};

impl Config {
    /// A store that others share asks for more: nobody guesses which it is, where it is, or whose.
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
