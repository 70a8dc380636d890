//! What the routes of a function are made of.

use std::num::NonZero;

use domain::Stores;
use web::{Auth, ImageWork, Lifecycle, Links, Telemetry, body::BodyMemory};

/// Memory for bodies: an event carries 6 MB, and a function has one at a time.
const BODY_MEMORY_BYTES: usize = 16 << 20;

/// What the routes of a function are made of.
pub struct Parts {
    /// Users and images.
    pub stores: Stores,
    /// Who may read and write users.
    pub auth: Auth,
    /// Makes URLs.
    pub links: Links,
    /// Whether this process is in service.
    pub lifecycle: Lifecycle,
    /// Largest image taken, in bytes.
    pub max_upload_bytes: usize,
    /// Memory for decoding images, all at once, in bytes.
    pub image_memory_bytes: u64,
    /// Whether the demo endpoints are served.
    pub demo: bool,
    /// Sees all of it.
    pub telemetry: Telemetry,
}

impl Parts {
    /// Admits the work on images.
    pub fn image_work(&self) -> ImageWork {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        ImageWork::new(self.image_memory_bytes, cores).observed(self.telemetry.clone())
    }

    /// Memory for bodies that come in or go out.
    pub fn body_memory(&self) -> BodyMemory {
        BodyMemory::new(BODY_MEMORY_BYTES)
    }
}
