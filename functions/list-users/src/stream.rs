//! All users as a stream.

use std::time::Duration;

use bytes::Bytes;
use domain::{Error, Page};
use futures_util::{Stream, stream::try_unfold};
use tokio::time::Instant;

use crate::{
    ListUsers,
    encode::{Piece, encode},
    read_ahead::ReadAhead,
};

/// How long a page after the first may take: as long as any response.
const PAGE_TIMEOUT: Duration = Duration::from_secs(20);

enum NextPage {
    First(Page),
    Reading(ReadAhead),
    Nothing,
}

/// The whole array, a page at a time. The next page is read while the current one is sent.
pub(crate) fn stream(state: ListUsers, first: Page) -> impl Stream<Item = Result<Bytes, Error>> {
    try_unfold((state, NextPage::First(first)), |(state, next)| async move {
        let (page, is_first) = match next {
            NextPage::First(page) => (page, true),
            NextPage::Reading(ahead) => (ahead.page().await?, false),
            NextPage::Nothing => return Ok(None),
        };
        let piece = match (is_first, page.next.is_some()) {
            (true, true) => Piece::First,
            (true, false) => Piece::Whole,
            (false, true) => Piece::Middle,
            (false, false) => Piece::Last,
        };
        let next = match page.next.clone() {
            Some(cursor) => {
                NextPage::Reading(ReadAhead::start(&state, cursor, Instant::now() + PAGE_TIMEOUT))
            }
            None => NextPage::Nothing,
        };
        let chunk = encode(&page, &state.links, piece);
        Ok(Some((Bytes::from(chunk), (state, next))))
    })
}
