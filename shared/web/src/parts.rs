//! What the routes of every function share.

use std::{num::NonZero, sync::Arc};

use axum::Router;
use domain::{EventQueue, Stores};

use crate::{
    Auth, Callers, Cors, Links,
    body::{BodyMemory, Turns},
    edge,
};
use runtime::{ImageWork, Lifecycle, MemoryPlan, Telemetry, telemetry::observed};

/// What a process provides, from its settings and its store.
pub struct Parts {
    /// Users and images.
    pub stores: Stores,
    /// The event queue, if this process has one.
    pub queue: Option<Arc<dyn EventQueue>>,
    /// Makes URLs.
    pub links: Links,
    /// Who may read and write users.
    pub auth: Auth,
    /// The origins whose pages may call the API.
    pub cors: Cors,
    /// Which requests are accepted, by host and origin.
    pub callers: Callers,
    /// Whether this process is in service.
    pub lifecycle: Lifecycle,
    /// Largest accepted image, in bytes.
    pub max_upload_bytes: usize,
    /// Total memory for decoding images, in bytes.
    pub image_memory_bytes: u64,
    /// Memory for hot renditions, in bytes.
    pub cache_bytes: u64,
    /// Hosts to which a default image may redirect, in lower case.
    pub default_image_hosts: Vec<String>,
    /// Whether default images may show initials.
    pub initials: bool,
    /// Whether the demo endpoints are served.
    pub demo: bool,
    /// Metrics and traces.
    pub telemetry: Telemetry,
}

/// What routes share. Clones share it too.
#[derive(Clone)]
pub struct Kit {
    /// Users and images, with calls observed by telemetry.
    pub stores: Stores,
    /// The event queue, if this process has one.
    pub queue: Option<Arc<dyn EventQueue>>,
    /// Makes URLs.
    pub links: Links,
    /// Who may read and write users.
    pub auth: Auth,
    /// Whether this process is in service.
    pub lifecycle: Lifecycle,
    /// Largest accepted image, in bytes.
    pub max_upload_bytes: usize,
    /// Admits the work on images.
    pub image_work: ImageWork,
    /// Memory for all uploads, from the first byte until they are stored.
    pub upload_memory: BodyMemory,
    /// Memory for all images being sent, to slow readers too.
    pub download_memory: BodyMemory,
    /// Admits reads of whole images, whose size is known only once they are read.
    pub image_reads: Arc<Turns>,
    /// Memory for hot renditions, in bytes.
    pub cache_bytes: u64,
    /// Hosts to which a default image may redirect, in lower case.
    pub default_image_hosts: Arc<[String]>,
    /// Whether default images may show initials.
    pub initials: bool,
    /// Whether the demo endpoints are served.
    pub demo: bool,
    /// Metrics and traces.
    pub telemetry: Telemetry,
    cors: Cors,
    callers: Callers,
}

impl Kit {
    /// From these parts, with the memory that `plan` has for bodies.
    pub fn new(parts: Parts, plan: &MemoryPlan) -> Self {
        let Parts {
            stores,
            queue,
            links,
            auth,
            cors,
            callers,
            lifecycle,
            max_upload_bytes,
            image_memory_bytes,
            cache_bytes,
            default_image_hosts,
            initials,
            demo,
            telemetry,
        } = parts;
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            stores: observed(stores, telemetry.clone()),
            queue,
            links,
            auth,
            lifecycle,
            max_upload_bytes,
            image_work: ImageWork::new(image_memory_bytes, cores).observed(telemetry.clone()),
            upload_memory: BodyMemory::new(plan.upload_bytes),
            download_memory: BodyMemory::new(plan.download_bytes),
            image_reads: Arc::new(Turns::new(plan.reads(), plan.connections / 4)),
            cache_bytes,
            default_image_hosts: default_image_hosts.into(),
            initials,
            demo,
            cors,
            callers,
            telemetry,
        }
    }

    /// Wraps these routes in the edge.
    pub fn close(&self, routes: Router) -> Router {
        edge::close(
            routes,
            self.lifecycle.clone(),
            self.cors.clone(),
            self.callers.clone(),
            self.telemetry.clone(),
        )
    }
}
