//! The body of a request, which notes whether it waits for its client, and what of it was not read.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::BoxError;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;

use super::{clients::Client, unread::Unread};

/// While none of it has arrived, its connection waits for the client.
pub(super) struct RequestBody {
    /// There until it is dropped.
    body: Option<Incoming>,
    client: Client,
    unread: Unread,
    was_begun: bool,
}

impl RequestBody {
    pub(super) fn new(body: Incoming, client: Client, unread: Unread) -> Self {
        Self { body: Some(body), client, unread, was_begun: false }
    }
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.was_begun = true;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = Pin::new(body).poll_frame(cx);
        if frame.is_pending() {
            self.client.mark_waiting();
        }
        let frame = ready!(frame);
        self.client.mark_working()?;
        if frame.is_none() {
            self.body = None;
            self.unread.end();
        }
        Poll::Ready(frame.map(|frame| frame.map_err(BoxError::from)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Incoming::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        // A handler that drops the rest of the body has work to do, or the response begins.
        let _ = self.client.mark_working();
        if let Some(body) = self.body.take() {
            self.unread.leave(body, self.was_begun);
        }
    }
}
