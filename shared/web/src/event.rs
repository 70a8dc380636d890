//! One wide event for each request, written when its answer has been sent or given up.
//!
//! It never holds an e-mail, a name, bytes of an image, a token or a body.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use axum::{
    body::Body,
    extract::{MatchedPath, Request},
    http::{HeaderValue, Method, StatusCode},
    response::Response,
};
use bytes::Bytes;
use domain::UserId;
use http_body::{Body as _, Frame, SizeHint};
use tracing::{error, info};
use uuid::Uuid;

use crate::problem::Logged;

/// What Lambda calls the invocation that a request came with; in the extensions of the request.
#[derive(Clone, Debug)]
pub struct InvocationId(pub String);

/// What is known of a request. Dropping it writes it.
pub struct WideEvent {
    began: Instant,
    method: Method,
    route: Option<MatchedPath>,
    request_id: HeaderValue,
    invocation: Option<InvocationId>,
    user: Option<UserId>,
    status: StatusCode,
    problem: Option<Logged>,
    sent_bytes: u64,
    complete: bool,
}

impl WideEvent {
    /// At the start of a request.
    pub fn begin(request: &Request, route: Option<&MatchedPath>, request_id: &HeaderValue) -> Self {
        Self {
            began: Instant::now(),
            method: request.method().clone(),
            route: route.cloned(),
            request_id: request_id.clone(),
            invocation: request.extensions().get().cloned(),
            user: request.uri().path().split('/').nth(2).and_then(|segment| segment.parse().ok()),
            // What a client that goes away before the answer is logged with.
            status: StatusCode::from_u16(499).expect("in range"),
            problem: None,
            sent_bytes: 0,
            complete: false,
        }
    }

    /// Once there is an answer. A handler names the user by an extension of type [`UserId`].
    pub fn answered(&mut self, response: &Response) {
        self.status = response.status();
        self.problem = response.extensions().get().cloned();
        self.user = response.extensions().get().copied().or(self.user);
    }

    /// Follows the body until it is sent or dropped.
    pub fn follow(mut self, body: Body) -> Body {
        // Nobody asks an empty body for its end.
        self.complete = body.is_end_stream();
        Body::new(Followed { body, event: self })
    }
}

impl Drop for WideEvent {
    fn drop(&mut self) {
        let duration_ms = self.began.elapsed().as_secs_f64() * 1000.0;
        let route = self.route.as_ref().map_or("", MatchedPath::as_str);
        let user = self.user.map(tracing::field::display);
        let invocation = self.invocation.as_ref().map(|InvocationId(id)| id.as_str());
        let problem = self.problem.as_ref();
        let instance = problem.map(|problem| tracing::field::display(Uuid::urn(problem.instance)));
        let cause = problem.and_then(|problem| problem.cause.as_deref());
        macro_rules! request {
            ($level:ident) => {
                $level!(
                    http.request.method = self.method.as_str(),
                    http.route = route,
                    http.response.status_code = self.status.as_u16(),
                    http.response.body.size = self.sent_bytes,
                    complete = self.complete,
                    duration_ms,
                    request.id = self.request_id.to_str().unwrap_or_default(),
                    faas.invocation_id = invocation,
                    user.id = user,
                    problem.r#type = problem.map(|problem| problem.kind),
                    problem.instance = instance,
                    cause,
                    "request"
                )
            };
        }
        if self.status.is_server_error() { request!(error) } else { request!(info) }
    }
}

struct Followed {
    body: Body,
    event: WideEvent,
}

impl http_body::Body for Followed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        let frame = Pin::new(&mut this.body).poll_frame(cx);
        match &frame {
            Poll::Ready(Some(Ok(data))) => {
                this.event.sent_bytes += data.data_ref().map_or(0, |data| data.len() as u64);
                this.event.complete = this.body.is_end_stream();
            }
            Poll::Ready(None) => this.event.complete = true,
            _ => {}
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
