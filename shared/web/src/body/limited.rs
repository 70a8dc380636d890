//! A limit on the size of a body.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, BodyDataStream},
    http::{HeaderMap, header},
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};

use super::{BodyError, BodyMemory, Held};

/// The pieces of a body, at most `max_bytes` in all, each counted against the memory for bodies.
pub struct Limited {
    pieces: BodyDataStream,
    max_bytes: usize,
    left_bytes: usize,
    memory: BodyMemory,
    held: Held,
}

impl Limited {
    /// Limits `body`; one that says it is larger is refused at once.
    pub fn new(
        body: Body,
        headers: &HeaderMap,
        max_bytes: usize,
        memory: &BodyMemory,
    ) -> Result<Self, BodyError> {
        refuse_declared(headers, max_bytes)?;
        let pieces = body.into_data_stream();
        Ok(Self { pieces, max_bytes, left_bytes: max_bytes, memory: memory.clone(), held: Held::default() })
    }

    fn admit(&mut self, piece: Bytes) -> Result<Bytes, BodyError> {
        let left = self.left_bytes.checked_sub(piece.len());
        self.left_bytes = left.ok_or(BodyError::TooLarge { max_bytes: self.max_bytes })?;
        self.held.add(self.memory.take(piece.len())?);
        Ok(piece)
    }

    /// The memory of all pieces, for what is made of them.
    pub fn held(&self) -> Held {
        self.held.clone()
    }
}

impl Stream for Limited {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = ready!(self.pieces.poll_next_unpin(cx));
        Poll::Ready(piece.map(|piece| piece.map_err(BodyError::from).and_then(|piece| self.admit(piece))))
    }
}

/// Refuses a body whose `Content-Length` is more than `max_bytes`.
fn refuse_declared(headers: &HeaderMap, max_bytes: usize) -> Result<(), BodyError> {
    match declared(headers) {
        Some(length) if length > max_bytes => Err(BodyError::TooLarge { max_bytes }),
        _ => Ok(()),
    }
}

pub(super) fn declared(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
