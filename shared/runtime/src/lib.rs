//! What every process of Roster has, with or without HTTP.
//!
//! | module | idea |
//! |---|---|
//! | [`config`] | settings: each has one row with its name, meaning and default |
//! | [`logging`], [`telemetry`] | what an operator observes: logs, metrics, traces |
//! | [`admission`] | image work by memory and cores |
//! | [`memory`] | bounds of a process that together fit its memory limit |
//! | [`lifecycle`] | whether this instance is in service |
//! | [`Services`] | the stores and limits of a process |
//! | [`loopback`], [`error`] | hosts of this machine; errors as text |

pub mod admission;
pub mod config;
pub mod error;
pub mod lifecycle;
pub mod logging;
pub mod loopback;
pub mod memory;
mod services;
pub mod telemetry;

pub use admission::ImageWork;
pub use config::Config;
pub use lifecycle::Lifecycle;
pub use memory::{CachePlan, MemoryPlan};
pub use services::Services;
pub use telemetry::{ImageTask, Telemetry};
