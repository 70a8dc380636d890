//! One wide event for each request, logged when its response was sent or abandoned.
//!
//! It never holds an e-mail, a name, bytes of an image, a token or a body.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use axum::{
    body::Body,
    extract::{MatchedPath, Request},
    http::{HeaderValue, StatusCode},
    response::Response,
};
use bytes::Bytes;
use domain::{TraceParent, UserId};
use http_body::{Body as _, Frame, SizeHint};
use tracing::{debug, error, info};
use uuid::Uuid;

use crate::{health, problem::Logged};
use runtime::{
    error::chain,
    telemetry::{EndedRequest, Scope, ServerSpan, Telemetry, Uploaded, method, milliseconds},
};

/// Lambda's id of the invocation that carried a request; in the extensions of the request.
#[derive(Clone, Debug)]
pub struct InvocationId(pub String);

/// What is known of a request. Dropping it logs it and reports it to metrics and spans.
pub struct WideEvent {
    telemetry: Telemetry,
    span: Option<ServerSpan>,
    scope: Arc<Scope>,
    began: Instant,
    method: &'static str,
    route: Option<MatchedPath>,
    request_id: HeaderValue,
    invocation: Option<InvocationId>,
    user: Option<UserId>,
    status: StatusCode,
    problem: Option<Logged>,
    uploaded: Option<Uploaded>,
    sent_bytes: u64,
    complete: bool,
    /// Why the response broke off.
    broken: Option<String>,
}

impl WideEvent {
    /// At the start of a request.
    pub fn begin(request: &Request, request_id: &HeaderValue, telemetry: &Telemetry) -> Self {
        let began = Instant::now();
        let method = method(request.method());
        let route = request.extensions().get::<MatchedPath>();
        let (trace_parent, span) = telemetry.begin(method, route.map(MatchedPath::as_str), request.headers());
        Self {
            telemetry: telemetry.clone(),
            span,
            scope: Scope::new(trace_parent),
            began,
            method,
            route: route.cloned(),
            request_id: request_id.clone(),
            invocation: request.extensions().get().cloned(),
            user: request.uri().path().split('/').nth(2).and_then(|segment| segment.parse().ok()),
            // For a client that disconnects before the response.
            status: StatusCode::from_u16(499).expect("in range"),
            problem: None,
            uploaded: None,
            sent_bytes: 0,
            complete: false,
            broken: None,
        }
    }

    /// The span of the request: the parent of what is done for it.
    pub fn trace_parent(&self) -> TraceParent {
        self.scope.trace_parent
    }

    /// Runs `future` on behalf of this request.
    pub fn around<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        self.scope.clone().around(future)
    }

    /// Records the response. A handler reports the user in an extension of type [`UserId`], and the image
    /// that it accepted in one of type [`Uploaded`].
    pub fn answered(&mut self, response: &Response) {
        self.status = response.status();
        self.problem = response.extensions().get().cloned();
        self.uploaded = response.extensions().get().copied();
        self.user = response.extensions().get().copied().or(self.user);
    }

    /// Follows the body until it is sent or dropped.
    pub fn follow(mut self, body: Body) -> Body {
        // An empty body is not polled to its end.
        self.complete = body.is_end_stream();
        Body::new(LoggedBody { body, event: self })
    }

    fn log(&self, ended: &EndedRequest<'_>) {
        let store_ms = (self.scope.store_calls() > 0).then(|| self.scope.store_ms());
        let image_ms = Some(self.scope.image_ms()).filter(|ms| *ms > 0.0);
        let user = ended.user.map(tracing::field::display);
        let invocation = self.invocation.as_ref().map(|InvocationId(id)| id.as_str());
        let problem = self.problem.as_ref();
        let instance = problem.map(|problem| tracing::field::display(Uuid::urn(problem.instance)));
        let cause = problem.and_then(|problem| problem.cause.as_deref()).or(self.broken.as_deref());
        macro_rules! request {
            ($level:ident) => {
                $level!(
                    http.request.method = ended.method,
                    http.route = ended.route.unwrap_or_default(),
                    http.response.status_code = ended.status.as_u16(),
                    http.response.body.size = ended.sent_bytes,
                    complete = self.complete,
                    duration_ms = milliseconds(ended.duration),
                    store.calls = self.scope.store_calls(),
                    store.duration_ms = store_ms,
                    image.format = ended.uploaded,
                    image.refused = ended.refused,
                    image.duration_ms = image_ms,
                    request.id = ended.request_id,
                    trace_id = %self.scope.trace_parent.trace_id_hex(),
                    span_id = %self.scope.trace_parent.span_id_hex(),
                    faas.invocation_id = invocation,
                    user.id = user,
                    problem.r#type = ended.problem,
                    problem.instance = instance,
                    cause,
                    "request"
                )
            };
        }
        if self.status.is_server_error() || self.broken.is_some() {
            request!(error);
        } else if ended.route.is_some_and(health::is_probed) {
            request!(debug);
        } else {
            request!(info);
        }
    }
}

impl Drop for WideEvent {
    fn drop(&mut self) {
        let span = self.span.take();
        let problem = self.problem.as_ref();
        let ended = EndedRequest {
            method: self.method,
            route: self.route.as_ref().map(MatchedPath::as_str),
            status: self.status,
            duration: self.began.elapsed(),
            sent_bytes: self.sent_bytes,
            request_id: self.request_id.to_str().unwrap_or_default(),
            user: self.user,
            problem: problem.map(|problem| problem.kind),
            uploaded: self.uploaded.map(|uploaded| uploaded.0),
            refused: problem.and_then(|problem| problem.refused),
            scope: &self.scope,
        };
        self.telemetry.end(&ended, span);
        self.log(&ended);
    }
}

struct LoggedBody {
    body: Body,
    event: WideEvent,
}

impl http_body::Body for LoggedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        let body = Pin::new(&mut this.body);
        let frame = this.event.scope.within(|| body.poll_frame(cx));
        match &frame {
            Poll::Ready(Some(Ok(data))) => {
                this.event.sent_bytes += data.data_ref().map_or(0, |data| data.len() as u64);
                this.event.complete = this.body.is_end_stream();
            }
            Poll::Ready(None) => this.event.complete = true,
            Poll::Ready(Some(Err(error))) => this.event.broken = Some(chain(error)),
            Poll::Pending => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
