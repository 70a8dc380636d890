//! The body of a request, which notes whether it waits for its client.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::BoxError;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;

use super::clients::Client;

/// While none of it has arrived, its connection waits for the client.
pub(super) struct RequestBody {
    body: Incoming,
    client: Client,
}

impl RequestBody {
    pub(super) fn new(body: Incoming, client: Client) -> Self {
        Self { body, client }
    }
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_pending() {
            self.client.mark_waiting();
        }
        let frame = ready!(frame);
        self.client.mark_working()?;
        Poll::Ready(frame.map(|frame| frame.map_err(BoxError::from)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        // A handler that drops the rest of the body has work to do, or the response begins.
        let _ = self.client.mark_working();
    }
}
