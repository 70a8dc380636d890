//! What Lambda serves to a function (the runtime API, version 2018-06-01): events out, responses in.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{RawPathParams, State},
    http::{HeaderValue, StatusCode},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use bytes::Bytes;
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{Notify, mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

/// How long a function may take, its start included.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);

/// The outcome of an event.
#[derive(Debug)]
pub enum Outcome {
    /// The function's response.
    Answered(Value),
    /// The error that the function reported.
    Failed(Value),
}

impl Outcome {
    /// The response.
    ///
    /// # Panics
    /// If the function failed.
    pub fn answered(self) -> Value {
        match self {
            Self::Answered(answer) => answer,
            Self::Failed(error) => panic!("the function failed: {error}"),
        }
    }
}

/// Lambda, for one function.
pub struct RuntimeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    events: mpsc::UnboundedSender<(String, Bytes)>,
    serving: JoinHandle<io::Result<()>>,
}

struct Shared {
    waiting_events: tokio::sync::Mutex<mpsc::UnboundedReceiver<(String, Bytes)>>,
    waiting_callers: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
    init_errors: Mutex<Vec<Value>>,
    asked_for_events: Notify,
    last_id: AtomicU64,
}

impl RuntimeApi {
    /// Listens on loopback.
    ///
    /// # Errors
    /// If the system refuses.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (events, waiting_events) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            waiting_events: tokio::sync::Mutex::new(waiting_events),
            waiting_callers: Mutex::default(),
            init_errors: Mutex::default(),
            asked_for_events: Notify::new(),
            last_id: AtomicU64::new(0),
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answered))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failed))
            .route("/2018-06-01/runtime/init/error", post(init_failed))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(shared.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, shared, events, serving })
    }

    /// Its address, for `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Delivers an event to the function and waits for its outcome.
    ///
    /// # Panics
    /// If there is none within a minute.
    pub async fn invoke(&self, event: impl Into<Bytes>) -> Outcome {
        let id = format!("invocation-{}", self.shared.last_id.fetch_add(1, Ordering::Relaxed));
        let (caller, outcome) = oneshot::channel();
        lock(&self.shared.waiting_callers).insert(id.clone(), caller);
        self.events.send((id, event.into())).expect("the other end lives as long as this");
        timeout(ANSWER_TIMEOUT, outcome).await.expect("an answer in time").expect("its caller waits")
    }

    /// Waits until the function has started and asks for an event.
    ///
    /// # Panics
    /// If it does not within a minute.
    pub async fn ready(&self) {
        timeout(ANSWER_TIMEOUT, self.shared.asked_for_events.notified()).await.expect("a start in time");
    }

    /// All init errors that the function reported.
    pub fn init_errors(&self) -> Vec<Value> {
        lock(&self.shared.init_errors).clone()
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    shared.asked_for_events.notify_one();
    let Some((id, event)) = shared.waiting_events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let headers = [
        ("lambda-runtime-aws-request-id", id.as_str()),
        ("lambda-runtime-deadline-ms", "4102444800000"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:123456789012:function:roster"),
    ];
    let mut response = event.into_response();
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_str(value).expect("plain text"));
    }
    response
}

async fn answered(State(shared): State<Arc<Shared>>, params: RawPathParams, body: Bytes) -> StatusCode {
    complete(&shared, &params, Outcome::Answered(json(&body)))
}

async fn failed(State(shared): State<Arc<Shared>>, params: RawPathParams, body: Bytes) -> StatusCode {
    complete(&shared, &params, Outcome::Failed(json(&body)))
}

async fn init_failed(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    lock(&shared.init_errors).push(json(&body));
    StatusCode::ACCEPTED
}

fn complete(shared: &Shared, params: &RawPathParams, outcome: Outcome) -> StatusCode {
    let id = params.iter().next().map(|(_, id)| id.to_owned()).unwrap_or_default();
    let caller = lock(&shared.waiting_callers).remove(&id);
    match caller.map(|caller| caller.send(outcome)) {
        Some(Ok(())) => StatusCode::ACCEPTED,
        _ => StatusCode::NOT_FOUND,
    }
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("Lambda takes JSON")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
