//! A minimum speed for bodies.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use super::BodyError;

/// Minimum speed of a body, in bytes per second.
const MIN_BYTES_PER_SECOND: u64 = 10_000;
/// How long a body may stall, or fall behind the minimum speed.
const GRACE: Duration = Duration::from_secs(10);

/// When a request's body last made progress: the time limit of its response counts from there.
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

    /// When the body last made progress.
    pub fn last(&self) -> Instant {
        self.began + Duration::from_millis(self.last_ms.load(Ordering::Relaxed))
    }

    fn touch(&self) {
        let elapsed = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_ms.store(elapsed, Ordering::Relaxed);
    }
}

pin_project_lite::pin_project! {
    /// A body that fails with [`BodyError::TooSlow`] once it falls behind the minimum speed.
    ///
    /// Only time that is spent waiting for the client counts. Faster pieces earn at most [`GRACE`].
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
    /// Holds `inner` to the minimum speed.
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
    use futures_util::StreamExt as _;
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
    async fn time_that_the_server_takes_does_not_count() {
        let mut body = Box::pin(PacedBody::new(Body::from("here all along"), Activity::begin()));
        tokio::time::advance(GRACE * 2).await;
        assert!(body.frame().await.is_some_and(|frame| frame.is_ok()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_at_the_minimum_speed_is_accepted() {
        let whole = paced(10_100).collect().await.map(|whole| whole.to_bytes().len());
        assert_eq!(whole.ok(), Some(1_010_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_at_half_the_minimum_speed_times_out() {
        let began = Instant::now();
        assert!(paced(5_000).collect().await.is_err());
        assert!(began.elapsed() < Duration::from_secs(22), "{:?}", began.elapsed());
    }
}
