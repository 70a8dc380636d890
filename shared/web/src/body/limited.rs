//! A limit on the size of a body.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, BodyDataStream},
    http::{HeaderMap, HeaderValue, header},
};
use bytes::Bytes;
use futures_util::{FutureExt as _, Stream, StreamExt as _, future::BoxFuture};

use super::{BodyError, BodyMemory, Room};

/// The pieces of a body, at most `max_bytes` in all. Each counts against the memory for bodies until the next
/// one is polled: by then its reader has copied it.
///
/// Between two pieces it is pending once, so that a reader that takes all that is ready takes one at a time.
pub struct Limited {
    pieces: BodyDataStream,
    max_bytes: usize,
    left_bytes: usize,
    memory: BodyMemory,
    piece: Option<Room>,
    /// A piece that waits for memory.
    waiting: Option<BoxFuture<'static, Result<(Bytes, Room), BodyError>>>,
}

impl Limited {
    /// Limits `body`; one that declares a larger size, or an encoding, is refused at once.
    pub fn new(
        body: Body,
        headers: &HeaderMap,
        max_bytes: usize,
        memory: &BodyMemory,
    ) -> Result<Self, BodyError> {
        refuse_encoded(headers)?;
        refuse_declared(headers, max_bytes)?;
        let pieces = body.into_data_stream();
        Ok(Self {
            pieces,
            max_bytes,
            left_bytes: max_bytes,
            memory: memory.clone(),
            piece: None,
            waiting: None,
        })
    }

    fn count(&mut self, piece: &Bytes) -> Result<(), BodyError> {
        let left = self.left_bytes.checked_sub(piece.len());
        self.left_bytes = left.ok_or(BodyError::TooLarge { max_bytes: self.max_bytes })?;
        Ok(())
    }

    /// A piece, with memory for it.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(Bytes, Room), BodyError>>> {
        let mut waiting = if let Some(waiting) = self.waiting.take() {
            waiting
        } else {
            let Some(piece) = ready!(self.pieces.poll_next_unpin(cx)) else { return Poll::Ready(None) };
            let piece = piece.map_err(BodyError::from)?;
            self.count(&piece)?;
            let memory = self.memory.clone();
            if let Ok(room) = memory.room(piece.len()) {
                return Poll::Ready(Some(Ok((piece, room))));
            }
            async move { memory.room_soon(piece.len()).await.map(|room| (piece, room)) }.boxed()
        };
        let admitted = waiting.poll_unpin(cx);
        if admitted.is_pending() {
            self.waiting = Some(waiting);
        }
        admitted.map(Some)
    }
}

impl Stream for Limited {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.piece.take().is_some() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let admitted = ready!(self.poll_piece(cx));
        Poll::Ready(admitted.map(|admitted| {
            let (piece, room) = admitted?;
            self.piece = Some(room);
            Ok(piece)
        }))
    }
}

/// Refuses a body that would have to be decompressed: images hardly shrink, and a limit on what comes out is one more.
fn refuse_encoded(headers: &HeaderMap) -> Result<(), BodyError> {
    let is_plain = |value: &HeaderValue| {
        value.as_bytes().split(|byte| *byte == b',').all(|coding| {
            let coding = coding.trim_ascii();
            coding.is_empty() || coding.eq_ignore_ascii_case(b"identity")
        })
    };
    let all_plain = headers.get_all(header::CONTENT_ENCODING).iter().all(is_plain);
    if all_plain { Ok(()) } else { Err(BodyError::Encoded) }
}

/// Refuses a body whose `Content-Length` is more than `max_bytes`.
fn refuse_declared(headers: &HeaderMap, max_bytes: usize) -> Result<(), BodyError> {
    match declared(headers) {
        Some(length) if length > max_bytes => Err(BodyError::TooLarge { max_bytes }),
        _ => Ok(()),
    }
}

/// The `Content-Length`, where there is one.
pub(crate) fn declared(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
