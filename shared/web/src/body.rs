//! Bodies that come in: a limit on their size, a limit on how slowly they come.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::{Body, BodyDataStream},
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use http_body::{Frame, SizeHint};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep},
};

/// The least speed of a body, in bytes a second.
const MIN_BYTES_PER_SECOND: u64 = 10_000;
/// How long a body may stand still, or fall behind its least speed.
const GRACE: Duration = Duration::from_secs(10);

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It came slower than 10 kB/s.
    #[error("body came too slowly")]
    TooSlow,
    /// It has more bytes than it may.
    #[error("body has more than {max_bytes} bytes")]
    TooLarge {
        /// The limit in bytes.
        max_bytes: usize,
    },
    /// All bodies together would need more memory than there is for them.
    #[error("bodies need more memory than there is for them")]
    Busy,
    /// The connection failed, or the body breaks the rules of HTTP.
    #[error("body is broken")]
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

/// Memory for bodies, shared by all requests: what waits for its turn counts as well as what is under way.
#[derive(Clone)]
pub struct BodyMemory(Arc<Semaphore>);

impl BodyMemory {
    /// Room for `max_bytes` in all.
    pub fn new(max_bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(max_bytes)))
    }

    /// Counts `bytes` for as long as they, or a part of them, are kept.
    pub fn keep(&self, bytes: Bytes) -> Result<Bytes, BodyError> {
        let held = Held::default();
        held.add(self.take(bytes.len())?);
        Ok(held.keep(bytes))
    }

    fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, BodyError> {
        let count = u32::try_from(bytes).map_err(|_| BodyError::Busy)?;
        self.0.clone().try_acquire_many_owned(count).map_err(|_| BodyError::Busy)
    }
}

/// The memory that one body was given; the last clone gives it back.
#[derive(Clone, Default)]
pub struct Held(Arc<Mutex<Option<OwnedSemaphorePermit>>>);

impl Held {
    fn add(&self, more: OwnedSemaphorePermit) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match held.as_mut() {
            Some(held) => held.merge(more),
            None => *held = Some(more),
        }
    }

    /// `bytes` that hold this memory until they are dropped.
    pub fn keep(&self, bytes: impl AsRef<[u8]> + Send + 'static) -> Bytes {
        Bytes::from_owner(Counted { bytes, _held: self.clone() })
    }
}

struct Counted<B> {
    bytes: B,
    _held: Held,
}

impl<B: AsRef<[u8]>> AsRef<[u8]> for Counted<B> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

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

/// Reads a whole body of at most `max_bytes`; one that says it is larger is not read at all.
pub async fn read(
    body: Body,
    headers: &HeaderMap,
    max_bytes: usize,
    memory: &BodyMemory,
) -> Result<Bytes, BodyError> {
    let mut pieces = Limited::new(body, headers, max_bytes, memory)?;
    let held = pieces.held();
    let mut whole = BytesMut::with_capacity(declared(headers).unwrap_or(0));
    while let Some(piece) = pieces.next().await {
        whole.extend_from_slice(&piece?);
    }
    Ok(held.keep(whole))
}

/// Refuses a body whose `Content-Length` is more than `max_bytes`.
fn refuse_declared(headers: &HeaderMap, max_bytes: usize) -> Result<(), BodyError> {
    match declared(headers) {
        Some(length) if length > max_bytes => Err(BodyError::TooLarge { max_bytes }),
        _ => Ok(()),
    }
}

fn declared(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// When a request's body last moved: an answer is late only counted from there.
#[derive(Clone)]
pub struct Activity {
    began: Instant,
    last_ms: Arc<AtomicU64>,
}

impl Activity {
    /// From now on.
    pub fn begin() -> Self {
        Self { began: Instant::now(), last_ms: Arc::default() }
    }

    /// When the body last moved.
    pub fn last(&self) -> Instant {
        self.began + Duration::from_millis(self.last_ms.load(Ordering::Relaxed))
    }

    fn touch(&self) {
        let elapsed = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_ms.store(elapsed, Ordering::Relaxed);
    }
}

pin_project_lite::pin_project! {
    /// A body that fails with [`BodyError::TooSlow`] once it falls behind its least speed.
    ///
    /// Only time that is spent waiting for the client counts. What came faster than it had to buys at most [`GRACE`].
    pub struct PacedBody {
        #[pin]
        inner: Body,
        #[pin]
        deadline: Sleep,
        activity: Activity,
        credit: Duration,
        waiting_since: Option<Instant>,
    }
}

impl PacedBody {
    /// Holds `inner` to the least speed.
    pub fn new(inner: Body, activity: Activity) -> Self {
        Self { inner, deadline: tokio::time::sleep(GRACE), activity, credit: GRACE, waiting_since: None }
    }
}

impl http_body::Body for PacedBody {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let mut this = self.project();
        let Poll::Ready(frame) = this.inner.poll_frame(cx) else {
            if this.waiting_since.is_none() {
                let now = Instant::now();
                *this.waiting_since = Some(now);
                this.deadline.as_mut().reset(now + *this.credit);
            }
            ready!(this.deadline.poll(cx));
            return Poll::Ready(Some(Err(BodyError::TooSlow.into())));
        };
        this.activity.touch();
        let waited = this.waiting_since.take().map_or(Duration::ZERO, |since| since.elapsed());
        let length = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()).map_or(0, Bytes::len);
        let earned = Duration::from_micros(length as u64 * 1_000_000 / MIN_BYTES_PER_SECOND);
        *this.credit = (this.credit.saturating_sub(waited) + earned).min(GRACE);
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    /// A hundred pieces of `length` bytes, one a second.
    fn paced(length: usize) -> PacedBody {
        let pieces = futures_util::stream::iter(0..100).then(move |_| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok::<_, std::convert::Infallible>(Bytes::from(vec![0; length]))
        });
        PacedBody::new(Body::from_stream(pieces), Activity::begin())
    }

    #[tokio::test(start_paused = true)]
    async fn time_that_the_server_takes_is_not_the_clients() {
        let mut body = Box::pin(PacedBody::new(Body::from("here all along"), Activity::begin()));
        tokio::time::advance(GRACE * 2).await;
        assert!(body.frame().await.is_some_and(|frame| frame.is_ok()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_at_its_least_speed_is_never_cut() {
        let whole = paced(10_100).collect().await.map(|whole| whole.to_bytes().len());
        assert_eq!(whole.ok(), Some(1_010_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_at_half_its_least_speed_is_cut() {
        let began = Instant::now();
        assert!(paced(5_000).collect().await.is_err());
        assert!(began.elapsed() < Duration::from_secs(22), "{:?}", began.elapsed());
    }
}
