//! Incoming bodies: limits on their size and memory, and a minimum speed.

mod limited;
mod memory;
mod paced;
mod turns;

use axum::{body::Body, http::HeaderMap};
use futures_util::StreamExt as _;

pub use limited::Limited;
pub(crate) use limited::declared;
pub use memory::{BodyBuffer, BodyBytes, BodyMemory, Room};
pub use paced::{Activity, PacedBody};
pub use turns::{Turn, Turns};

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It came slower than 10 kB/s.
    #[error("body was sent too slowly")]
    TooSlow,
    /// It has more bytes than it may.
    #[error("body has more than {max_bytes} bytes")]
    TooLarge {
        /// The limit in bytes.
        max_bytes: usize,
    },
    /// It is compressed, or encoded in another way.
    #[error("body has a content encoding")]
    Encoded,
    /// All bodies together would need more memory than there is for them.
    #[error("memory for request and response bodies is exhausted")]
    Busy,
    /// The connection failed, or the body breaks the rules of HTTP.
    #[error("body could not be read")]
    Broken(#[source] axum::Error),
}

impl From<axum::Error> for BodyError {
    fn from(error: axum::Error) -> Self {
        let inner = error.into_inner();
        match inner.downcast::<Self>() {
            Ok(known) => *known,
            Err(other) => Self::Broken(axum::Error::new(other)),
        }
    }
}

/// Reads a whole body of at most `max_bytes`; one that declares a larger size is not read at all.
pub async fn read(
    body: Body,
    headers: &HeaderMap,
    max_bytes: usize,
    memory: &BodyMemory,
) -> Result<BodyBytes, BodyError> {
    let mut pieces = Limited::new(body, headers, max_bytes, memory)?;
    let mut buffer = BodyBuffer::new(memory, declared(headers).unwrap_or(max_bytes));
    while let Some(piece) = pieces.next().await {
        buffer.push(&piece?).await?;
    }
    Ok(buffer.finish())
}
