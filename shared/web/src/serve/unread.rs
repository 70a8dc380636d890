//! What is left of the body of a request when its response is known.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::timeout;

/// How much of a rest is read before the response, so that the connection can be kept: mostly it has arrived already, and is
/// the end of a chunked body.
const SMALL_BYTES: usize = 16 * 1024;
/// How long that may take.
const SMALL_REST: Duration = Duration::from_millis(100);

/// Shared with the body, which leaves here what its reader has dropped.
#[derive(Clone)]
pub(super) struct Unread(Arc<Mutex<State>>);

enum State {
    /// It has a reader, which may still be at work.
    WithReader,
    Dropped {
        body: Incoming,
        was_begun: bool,
    },
    Ended,
}

impl Unread {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State::WithReader)))
    }

    /// The reader is gone, and has left `body`.
    pub(super) fn leave(&self, body: Incoming, was_begun: bool) {
        *self.lock() = if body.is_end_stream() { State::Ended } else { State::Dropped { body, was_begun } };
    }

    /// The reader has got all of it.
    pub(super) fn end(&self) {
        *self.lock() = State::Ended;
    }

    /// Whether the body was read to its end. A small rest is read now, if that has begun or if it `may_begin`.
    pub(super) async fn has_ended(&self, may_begin: bool) -> bool {
        let left = std::mem::replace(&mut *self.lock(), State::WithReader);
        match left {
            State::Ended => true,
            State::Dropped { body, was_begun }
                if (was_begun || may_begin) && body.size_hint().lower() <= SMALL_BYTES as u64 =>
            {
                timeout(SMALL_REST, is_small(body)).await.unwrap_or(false)
            }
            State::Dropped { .. } | State::WithReader => false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads `body` to its end, unless that is far.
async fn is_small(mut body: Incoming) -> bool {
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return false };
        bytes += frame.data_ref().map_or(0, Bytes::len);
        if bytes > SMALL_BYTES {
            return false;
        }
    }
    true
}
