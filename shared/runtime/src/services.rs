//! What the work of a process needs besides its settings.

use std::{num::NonZero, sync::Arc};

use domain::{EventQueue, Stores};

use crate::{Config, ImageWork, Lifecycle, Telemetry};

/// The stores and limits of a process. Clones share the same state.
#[derive(Clone)]
pub struct Services {
    /// Users and images.
    pub stores: Stores,
    /// The event queue, if this process uses it.
    pub queue: Option<Arc<dyn EventQueue>>,
    /// Admits the work on images.
    pub image_work: ImageWork,
    /// Whether this process is in service.
    pub lifecycle: Lifecycle,
    /// Observes everything.
    pub telemetry: Telemetry,
}

impl Services {
    /// On these stores, with the limits of `config`.
    pub fn new(
        config: &Config,
        stores: Stores,
        queue: Option<Arc<dyn EventQueue>>,
        telemetry: Telemetry,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            stores,
            queue,
            image_work: ImageWork::new(config.image_memory_bytes, cores).observed(telemetry.clone()),
            lifecycle: Lifecycle::default(),
            telemetry,
        }
    }
}
