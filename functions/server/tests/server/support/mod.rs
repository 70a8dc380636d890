//! A Roster on an empty store, and requests to it.

mod answer;
pub mod aws;
pub mod collector;
mod contract;
pub mod deployment;
pub mod form;
pub mod gated_store;
pub mod issuer;
pub mod keys;
pub mod metrics;
pub mod mix;
pub mod pictures;
pub mod running;

use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use axum::{
    Router,
    body::Body,
    http::{Method, Request, header},
};
use domain::{Image, Stores};
use http_body_util::BodyExt as _;
use runtime::{Config, ImageWork, Lifecycle, MemoryPlan, Services, Telemetry};
use server::app::routes;
use storage::{Boundary, Connection, Faults};
use tempfile::TempDir;
use tower::ServiceExt as _;
use web::{Access, App, Auth, Callers, problem::Logged};

pub use answer::Answer;
use form::Form;

pub const BASE: &str = "https://users.example.org";

/// Memory for uploads, and the same for downloads.
pub fn bodies(bytes: usize) -> MemoryPlan {
    MemoryPlan { image_bytes: Image::MAX_BYTES, upload_bytes: bytes, download_bytes: bytes, connections: 0 }
}

/// Settings that a test changes.
pub struct Settings {
    pub auth: Auth,
    pub cors_origins: Vec<String>,
    pub callers: Callers,
    pub max_upload_bytes: usize,
    pub image_memory_bytes: u64,
    /// The places and the memory for image work, instead of this machine's cores and `image_memory_bytes`.
    pub image_work: Option<ImageWork>,
    pub cache_bytes: u64,
    /// Where an HTTP cache in front takes bans.
    pub cache_ban_url: Option<String>,
    pub default_image_hosts: Vec<String>,
    pub initials: bool,
    pub demo: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            auth: Auth::off(),
            cors_origins: Vec::new(),
            callers: Callers::default(),
            max_upload_bytes: 4 << 20,
            image_memory_bytes: 160 << 20,
            image_work: None,
            cache_bytes: 64 << 20,
            cache_ban_url: None,
            default_image_hosts: Vec::new(),
            initials: false,
            demo: false,
        }
    }
}

impl Settings {
    /// A Roster that is ready, on these stores.
    pub fn app(self, stores: Stores) -> App {
        self.app_observed(stores, Telemetry::for_server(None))
    }

    /// The same, with this telemetry, which observes the stores.
    pub fn app_observed(self, stores: Stores, telemetry: Telemetry) -> App {
        let plan = MemoryPlan::new(None, self.image_memory_bytes, self.cache_bytes, self.max_upload_bytes);
        self.build(&plan, stores, telemetry)
    }

    /// The same, with this memory.
    pub fn app_within(self, plan: &MemoryPlan, stores: Stores) -> App {
        self.build(plan, stores, Telemetry::for_server(None))
    }

    fn build(self, plan: &MemoryPlan, stores: Stores, telemetry: Telemetry) -> App {
        let mut config = Config::read(|_| None).unwrap();
        config.cors_origins = self.cors_origins;
        config.max_upload_bytes = self.max_upload_bytes;
        config.image_memory_bytes = self.image_memory_bytes;
        config.cache_bytes = self.cache_bytes;
        config.cache_ban_url = self.cache_ban_url;
        config.default_image_hosts = self.default_image_hosts;
        config.initials = self.initials;
        config.demo = self.demo;
        let mut services = Services::new(&config, stores, None, telemetry);
        services.image_work = self.image_work.unwrap_or(services.image_work);
        services.lifecycle.serving();
        let access = Access { auth: self.auth, callers: self.callers };
        App::new(Arc::new(config), services, access, plan, BASE)
    }
}

/// The store in the file `path`.
pub async fn connect(path: &Path, boundary: Boundary) -> Connection {
    let config = storage::Config::parse(&format!("sqlite:{}", path.display())).unwrap();
    storage::connect(&config, boundary).await.unwrap()
}

pub struct TestApp {
    pub router: Router,
    pub faults: Faults,
    pub lifecycle: Lifecycle,
    pub telemetry: Telemetry,
    /// Dropped before the folder it lives in.
    pub connection: Connection,
    folder: Option<TempDir>,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    pub async fn with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roster.db");
        Self::on(folder, &path, settings).await
    }

    /// On the file `path`, which lives in `folder`.
    pub async fn on(folder: TempDir, path: &Path, settings: Settings) -> Self {
        let (faults, telemetry) = (Faults::default(), Telemetry::for_server(None));
        let boundary = Boundary {
            faults: faults.clone(),
            observer: Some(Arc::new(telemetry.clone())),
            ..Boundary::default()
        };
        let connection = connect(path, boundary).await;
        Self { folder: Some(folder), ..Self::on_connection(connection, faults, telemetry, settings) }
    }

    /// Over these stores, which have these faults and this observer.
    pub fn on_connection(
        connection: Connection,
        faults: Faults,
        telemetry: Telemetry,
        settings: Settings,
    ) -> Self {
        let app = settings.app_observed(connection.stores.clone(), telemetry.clone());
        let (router, lifecycle) = (routes(&app), app.services.lifecycle);
        Self { router, faults, lifecycle, telemetry, connection, folder: None }
    }

    /// The file of the store.
    pub fn file(&self) -> std::path::PathBuf {
        self.folder.as_ref().unwrap().path().join("roster.db")
    }

    /// Sends a request, reads the whole response, and checks both against the contract.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map(http_body_util::Collected::to_bytes);
        let logged = parts.extensions.get::<Logged>();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.unwrap_or_default(),
            cause: logged.and_then(|logged| logged.cause.clone()),
        };
        contract::check(&method, &path, &answer);
        answer
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, form: Form) -> Answer {
        self.send(form.request(Method::POST, "/user")).await
    }

    /// Creates a user with a small picture, and returns its id.
    pub async fn user(&self, email: &str) -> String {
        let answer = self.post(Form::user("Ada", email, &pictures::small_jpeg())).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// A request with these headers and body.
    pub async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    pub async fn patch(&self, id: &str, json: &str) -> Answer {
        let headers = [(header::CONTENT_TYPE.as_str(), "application/merge-patch+json")];
        self.request("PATCH", &format!("/users/{id}"), &headers, json.to_owned()).await
    }

    pub async fn put_image(&self, id: &str, image: &[u8]) -> Answer {
        let headers = [(header::CONTENT_TYPE.as_str(), "image/jpeg")];
        self.request("PUT", &format!("/users/{id}/avatar"), &headers, image.to_vec()).await
    }

    /// The image behind an `avatar_url`.
    pub async fn image(&self, avatar_url: &serde_json::Value) -> Answer {
        let path = avatar_url.as_str().unwrap().strip_prefix(BASE).unwrap().to_owned();
        self.get(&path).await
    }

    /// All users, as `GET /users` shows them.
    pub async fn users(&self) -> Vec<serde_json::Value> {
        self.get("/users").await.json().as_array().unwrap().clone()
    }
}

/// The OpenAPI document.
pub fn document() -> &'static serde_json::Value {
    static DOCUMENT: OnceLock<serde_json::Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::from_str(&server::document::text()).unwrap())
}
