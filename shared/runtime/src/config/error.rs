//! What is wrong with a setting.

use std::fmt::Display;

use super::settings::{AUTH, FAULTS, STORAGE};

/// A missing or invalid setting, in one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct ConfigError {
    /// The setting.
    pub name: &'static str,
    /// What is wrong with it, and what it must be.
    pub problem: String,
}

impl ConfigError {
    /// What is wrong with `ROSTER_STORAGE`, which another crate parses.
    pub fn storage(problem: impl Display) -> Self {
        Self { name: STORAGE, problem: problem.to_string() }
    }

    /// What is wrong with the faults to inject.
    pub fn faults(problem: impl Display) -> Self {
        Self { name: FAULTS, problem: problem.to_string() }
    }

    /// What is wrong with `ROSTER_AUTH`, which another crate uses.
    pub fn auth(problem: impl Display) -> Self {
        Self { name: AUTH, problem: problem.to_string() }
    }

    pub(super) fn missing(name: &'static str, why: &str) -> Self {
        Self { name, problem: format!("must be set {why}") }
    }
}

/// What is wrong with a setting that requires a feature which this program was built without.
pub fn not_built(feature: &str) -> String {
    format!(
        "this program was built without {feature}: build it with `--features {feature}`, or use the container image"
    )
}
