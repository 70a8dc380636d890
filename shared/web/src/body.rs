//! Bodies that come in: a limit on their size, a limit on how slowly they come.

use std::{
    pin::Pin,
    sync::{
        Arc,
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
/// How long a body may take beyond its least speed, for a slow start.
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
    /// All uploads together would need more memory than there is for them.
    #[error("uploads need more memory than there is for them")]
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

/// Memory for the bodies of all uploads under way.
#[derive(Clone)]
pub struct UploadMemory(Arc<Semaphore>);

impl UploadMemory {
    /// Room for `max_bytes` in all.
    pub fn new(max_bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(max_bytes)))
    }

    fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, BodyError> {
        let count = u32::try_from(bytes).map_err(|_| BodyError::Busy)?;
        self.0.clone().try_acquire_many_owned(count).map_err(|_| BodyError::Busy)
    }
}

/// The pieces of a body, at most `max_bytes` in all, each counted against the memory for uploads until the stream is
/// dropped.
pub struct Limited {
    pieces: BodyDataStream,
    max_bytes: usize,
    left_bytes: usize,
    memory: UploadMemory,
    held: Option<OwnedSemaphorePermit>,
}

impl Limited {
    /// Limits `body`; one that says it is larger is refused at once.
    pub fn new(
        body: Body,
        headers: &HeaderMap,
        max_bytes: usize,
        memory: &UploadMemory,
    ) -> Result<Self, BodyError> {
        refuse_declared(headers, max_bytes)?;
        let pieces = body.into_data_stream();
        Ok(Self { pieces, max_bytes, left_bytes: max_bytes, memory: memory.clone(), held: None })
    }

    fn admit(&mut self, piece: Bytes) -> Result<Bytes, BodyError> {
        let left = self.left_bytes.checked_sub(piece.len());
        self.left_bytes = left.ok_or(BodyError::TooLarge { max_bytes: self.max_bytes })?;
        let more = self.memory.take(piece.len())?;
        match &mut self.held {
            Some(held) => held.merge(more),
            None => self.held = Some(more),
        }
        Ok(piece)
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
    memory: &UploadMemory,
) -> Result<Bytes, BodyError> {
    let mut pieces = Limited::new(body, headers, max_bytes, memory)?;
    let mut whole = BytesMut::new();
    while let Some(piece) = pieces.next().await {
        whole.extend_from_slice(&piece?);
    }
    Ok(whole.freeze())
}

/// Refuses a body whose `Content-Length` is more than `max_bytes`.
fn refuse_declared(headers: &HeaderMap, max_bytes: usize) -> Result<(), BodyError> {
    let declared =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    match declared {
        Some(length) if length > max_bytes as u64 => Err(BodyError::TooLarge { max_bytes }),
        _ => Ok(()),
    }
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
    pub struct PacedBody {
        #[pin]
        inner: Body,
        #[pin]
        deadline: Sleep,
        activity: Activity,
        began: Instant,
        received: u64,
    }
}

impl PacedBody {
    /// Holds `inner` to the least speed, from now on.
    pub fn new(inner: Body, activity: Activity) -> Self {
        let began = Instant::now();
        Self { inner, deadline: tokio::time::sleep_until(began + GRACE), activity, began, received: 0 }
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
        if this.deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(BodyError::TooSlow.into())));
        }
        let frame = ready!(this.inner.poll_frame(cx));
        this.activity.touch();
        if let Some(Ok(frame)) = &frame {
            *this.received += frame.data_ref().map_or(0, |data| data.len() as u64);
            let allowed = Duration::from_millis(*this.received * 1000 / MIN_BYTES_PER_SECOND);
            this.deadline.reset(*this.began + GRACE + allowed);
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
