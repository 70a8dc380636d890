//! What the routes of every function share.

use std::sync::Arc;

use axum::Router;
use domain::Stores;
use runtime::{Config, ImageWork, MemoryPlan, Services};

use crate::{Auth, Callers, Cors, Links, body::BodyMemory, edge};

/// The settings, services and limits of an API. Clones share the same state.
#[derive(Clone)]
pub struct App {
    /// The settings.
    pub config: Arc<Config>,
    /// The stores, and what observes and limits their use.
    pub services: Services,
    /// Builds URLs.
    pub links: Links,
    /// Maximum size of the image in one request, and of what is kept of it: a gateway must be able to return it.
    pub max_image_bytes: usize,
    /// Memory for all uploads, from the first byte until they are stored.
    pub upload_memory: BodyMemory,
    /// Memory for all pieces of images that are being sent, to slow readers too.
    pub download_memory: BodyMemory,
    access: Access,
}

/// Who may use an API.
#[derive(Clone, Default)]
pub struct Access {
    /// Who may read and write users.
    pub auth: Auth,
    /// Which requests are accepted at all.
    pub callers: Callers,
}

impl App {
    /// With the memory that `plan` has for bodies; links begin with `public_url` unless the settings have another.
    pub fn new(
        config: Arc<Config>,
        services: Services,
        access: Access,
        plan: &MemoryPlan,
        public_url: &str,
    ) -> Self {
        Self {
            links: config.links(public_url),
            max_image_bytes: config.max_upload_bytes.min(plan.image_bytes),
            upload_memory: BodyMemory::new(plan.upload_bytes),
            download_memory: BodyMemory::new(plan.download_bytes),
            config,
            services,
            access,
        }
    }

    /// The stores.
    pub fn stores(&self) -> &Stores {
        &self.services.stores
    }

    /// Admits the work on images.
    pub fn image_work(&self) -> &ImageWork {
        &self.services.image_work
    }

    /// Admits only requests to `router` that may read and write users.
    pub fn protect(&self, router: Router) -> Router {
        self.access.auth.protect(router)
    }

    /// Whether reading and writing users requires a token.
    pub fn requires_tokens(&self) -> bool {
        self.access.auth.requires_tokens()
    }

    /// Whether requests of other sites are refused.
    pub fn refuses_foreign_sites(&self) -> bool {
        self.access.callers.are_restricted()
    }

    /// Wraps these routes in the edge.
    pub fn close(&self, routes: Router) -> Router {
        edge::close(
            routes,
            self.services.lifecycle.clone(),
            Cors::new(&self.config.cors_origins),
            self.access.callers.clone(),
            self.services.telemetry.clone(),
        )
    }
}
