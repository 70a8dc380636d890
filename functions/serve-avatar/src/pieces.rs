//! The body of a response: an image, or a range of it, read piece by piece as it is sent.

use std::ops::RangeInclusive;

use axum::body::Body;
use bytes::Bytes;
use domain::{Error, ImageBytes, OpenImage};
use futures_util::stream;
use web::body::{BodyMemory, Room};

/// These bytes of the image, at least one. The first piece has `room`; each counts in `memory` until it was
/// sent.
pub(crate) fn body(image: OpenImage, range: RangeInclusive<usize>, room: Room, memory: &BodyMemory) -> Body {
    let (start, end) = (*range.start(), *range.end() + 1);
    let in_first = start.min(image.first.len())..end.min(image.first.len());
    let first = room.hold(image.first.slice(in_first));
    let Some(rest) = image.rest.filter(|_| start + first.len() < end) else { return Body::from(first) };
    let next = start + first.len();
    let pieces = Pieces { first: Some(first).filter(|first| !first.is_empty()), rest, next, end };
    let memory = memory.clone();
    Body::from_stream(stream::try_unfold(pieces, move |pieces| next_piece(pieces, memory.clone())))
}

struct Pieces {
    first: Option<Bytes>,
    rest: Box<dyn ImageBytes>,
    /// Where the next piece begins, and where the last one ends.
    next: usize,
    end: usize,
}

async fn next_piece(mut pieces: Pieces, memory: BodyMemory) -> Result<Option<(Bytes, Pieces)>, Error> {
    if let Some(first) = pieces.first.take() {
        return Ok(Some((first, pieces)));
    }
    if pieces.next == pieces.end {
        return Ok(None);
    }
    let most = (pieces.end - pieces.next).min(OpenImage::PIECE_BYTES);
    let room = memory.room_when_free(most).await;
    let piece = pieces.rest.read(pieces.next, most).await.inspect_err(|error| {
        tracing::warn!(error = error as &dyn std::error::Error, "could not send an image to its end");
    })?;
    pieces.next += piece.len();
    Ok(Some((room.hold(piece), pieces)))
}
