//! All users as a stream.

use std::time::Duration;

use bytes::Bytes;
use domain::{Cursor, Error};
use futures_util::{Stream, stream::try_unfold};
use tokio::time::Instant;

use crate::{
    ListUsers,
    encode::{Piece, encode},
    read_ahead::ReadAhead,
};

/// How long a page after the first may take: as long as any response.
const PAGE_TIMEOUT: Duration = Duration::from_secs(20);

enum Next {
    Piece(Bytes, Cursor),
    Reading(ReadAhead),
    Nothing,
}

impl Next {
    /// Begins to read the page after `cursor`, if there is one.
    fn read(state: &ListUsers, cursor: Option<Cursor>) -> Self {
        cursor.map_or(Self::Nothing, |cursor| {
            Self::Reading(ReadAhead::start(state, cursor, Instant::now() + PAGE_TIMEOUT))
        })
    }
}

/// An array that begins with the piece `first` and continues after `cursor`, a page at a time. The next page is read
/// while the current one is sent.
pub(crate) fn stream(
    state: ListUsers,
    first: Bytes,
    cursor: Cursor,
) -> impl Stream<Item = Result<Bytes, Error>> {
    try_unfold((state, Next::Piece(first, cursor)), |(state, next)| async move {
        Ok(match next {
            Next::Piece(first, cursor) => {
                let next = Next::read(&state, Some(cursor));
                Some((first, (state, next)))
            }
            Next::Reading(ahead) => {
                let page = ahead.page().await?;
                let next = Next::read(&state, page.next.clone());
                let piece = if page.next.is_some() { Piece::Middle } else { Piece::Last };
                Some((Bytes::from(encode(&page, &state.links, piece)), (state, next)))
            }
            Next::Nothing => None,
        })
    })
}
