//! As many users as fit in one response.

use domain::{Cursor, Error, Page};
use tokio::time::Instant;
use web::AnswerLimit;

use crate::{ListUsers, encode::Bounded, read_ahead::ReadAhead};

/// The array of the users from `first` on, and the cursor to continue from. With `requested`, only those of
/// `first`; otherwise all, as far as size and time of the response allow.
pub(crate) async fn cut(
    state: &ListUsers,
    first: Page,
    requested: Option<usize>,
    limit: AnswerLimit,
) -> Result<(Vec<u8>, Option<Cursor>), Error> {
    let mut array = Bounded::new(&state.links, limit.list_bytes);
    let mut page = first;
    let next = loop {
        let ahead = match (page.next.clone(), requested) {
            (Some(cursor), None) => Some(ReadAhead::start(state, cursor, limit.by)),
            _ => None,
        };
        if let Some(cursor) = array.add(&page) {
            break Some(cursor);
        }
        let Some(ahead) = ahead else { break page.next };
        match ahead.page().await {
            Ok(next) => page = next,
            // Out of time: the client continues from here.
            Err(_) if Instant::now() >= limit.by => break page.next,
            Err(error) => return Err(error),
        }
    };
    Ok((array.end(), next))
}
