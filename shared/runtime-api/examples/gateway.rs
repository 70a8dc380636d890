//! The functions behind an HTTP API, on loopback and on emulated AWS: prints its URL, and serves until SIGTERM.
//! `ROSTER_AUTH…` and `ROSTER_DEMO` of this process are settings of the functions too.
//!
//! ```console
//! $ cargo build --workspace --bins --examples && target/debug/examples/gateway target/debug
//! ```

#![allow(clippy::print_stdout, reason = "its caller reads the URL")]

use std::{io, path::Path, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use emulator::{Endpoints, KEY, REGION};
use runtime_api::{ClientRequest, EventSource, Function, RuntimeApi};
use tokio::signal::unix::{SignalKind, signal};

const TABLE: &str = "users";
const BUCKET: &str = "avatars";
const UPLOADS: &str = "uploads";
const ENVIRONMENT: &str = "contract";

/// The largest body that an HTTP API passes on.
const MAX_BYTES: usize = 10 << 20;

#[tokio::main]
async fn main() -> io::Result<()> {
    let programs = std::env::args().nth(1).ok_or_else(|| io::Error::other("usage: gateway FOLDER"))?;
    let programs = Path::new(&programs).canonicalize()?;
    let (folder, objects) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let endpoints = Endpoints::start(objects.path()).await;
    let environment = ENVIRONMENT.parse().expect("a name");
    storage::aws::provision(&endpoints.config(), TABLE, BUCKET, &environment)
        .await
        .map_err(io::Error::other)?;
    storage::aws::provision_uploads(&endpoints.config(), UPLOADS).await.map_err(io::Error::other)?;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let settings = settings(&endpoints, &url);
    let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let deployed = async |name: &'static str| -> io::Result<Deployed> {
        let api = RuntimeApi::start().await?;
        let function = Function::start(programs.join(name), folder.path(), &api, &settings)?;
        Ok(Deployed { api, _function: function })
    };
    let functions = Functions {
        create_user: deployed("create-user").await?,
        list_users: deployed("list-users").await?,
        manage_user: deployed("manage-user").await?,
        serve_avatar: deployed("serve-avatar").await?,
    };
    let router = Router::new().fallback(invoke).with_state(Arc::new(functions));
    println!("{url}");
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        served = axum::serve(listener, router) => served,
        _ = terminated.recv() => Ok(()),
    }
}

/// A function, and what gives it events.
struct Deployed {
    api: RuntimeApi,
    _function: Function,
}

struct Functions {
    create_user: Deployed,
    list_users: Deployed,
    manage_user: Deployed,
    serve_avatar: Deployed,
}

impl Functions {
    /// The function that owns a path, as in `docs/lambda.md`.
    fn owner(&self, path: &str) -> &Deployed {
        let begins = |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty());
        match path {
            "/user" | "/uploads" => &self.create_user,
            _ if begins("/users/") => &self.manage_user,
            _ if begins("/avatars/") || begins("/avatar/") => &self.serve_avatar,
            _ => &self.list_users,
        }
    }
}

/// The settings for AWS at `endpoints`, with those of this process.
fn settings(endpoints: &Endpoints, url: &str) -> Vec<(String, String)> {
    let aws = [
        ("ROSTER_STORAGE", "aws"),
        ("ROSTER_USERS_TABLE", TABLE),
        ("ROSTER_AVATARS_BUCKET", BUCKET),
        ("ROSTER_UPLOADS_BUCKET", UPLOADS),
        ("ROSTER_ENVIRONMENT", ENVIRONMENT),
        ("ROSTER_PUBLIC_URL", url),
        ("AWS_ENDPOINT_URL_DYNAMODB", &endpoints.dynamodb),
        ("AWS_ENDPOINT_URL_S3", &endpoints.s3),
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", KEY),
        ("AWS_SECRET_ACCESS_KEY", KEY),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("RUST_LOG", "warn"),
    ];
    let aws = aws.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let passed = |name: &str| name.starts_with("ROSTER_AUTH") || name == "ROSTER_DEMO";
    #[expect(clippy::disallowed_methods, reason = "these are passed on to the functions")]
    let own = std::env::vars();
    own.filter(|(name, _)| passed(name)).chain(aws).collect()
}

/// The response of the function that owns the path.
async fn invoke(State(functions): State<Arc<Functions>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let request = ClientRequest {
        method: parts.method.to_string(),
        target,
        headers: headers(&parts.headers),
        body: body.to_vec(),
    };
    let event = EventSource::HttpApi.event(&request).to_string();
    let answer = functions.owner(parts.uri.path()).api.invoke(event).await.answered();
    let answer = EventSource::HttpApi.response(&answer);
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).expect("a function's headers are valid")
}

/// Values are text in an event; bytes that are not ASCII count as Latin-1.
fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &[u8]| value.iter().copied().map(char::from).collect();
    headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect()
}
