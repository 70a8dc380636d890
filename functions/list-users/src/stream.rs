//! All users as a stream.

use std::time::Duration;

use bytes::Bytes;
use domain::{Error, Page};
use futures_util::{Stream, stream::try_unfold};
use tokio::time::Instant;

use crate::{
    ListUsers,
    ahead::Ahead,
    encode::{Place, encode},
};

/// How long a page after the first may take: as long as any response.
const PAGE_WITHIN: Duration = Duration::from_secs(20);

enum Rest {
    First(Page),
    After(Ahead),
    Nothing,
}

/// The whole array, a page at a time. The next page is read while the current one is sent.
pub(crate) fn stream(state: ListUsers, first: Page) -> impl Stream<Item = Result<Bytes, Error>> {
    try_unfold((state, Rest::First(first)), |(state, rest)| async move {
        let (page, is_first) = match rest {
            Rest::First(page) => (page, true),
            Rest::After(ahead) => (ahead.page().await?, false),
            Rest::Nothing => return Ok(None),
        };
        let place = match (is_first, page.next.is_some()) {
            (true, true) => Place::First,
            (true, false) => Place::Whole,
            (false, true) => Place::Middle,
            (false, false) => Place::Last,
        };
        let rest = match page.next.clone() {
            Some(cursor) => Rest::After(Ahead::read(&state, cursor, Instant::now() + PAGE_WITHIN)),
            None => Rest::Nothing,
        };
        let chunk = encode(&page, &state.links, place);
        Ok(Some((Bytes::from(chunk), (state, rest))))
    })
}
