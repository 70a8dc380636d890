//! Notes whether a connection waits for its client, and cuts a response that the client does not read and a head of a
//! request that it does not complete.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use super::clients::Client;

/// How long a write may make no progress.
const STALLED: Duration = Duration::from_secs(30);

/// How long a client may take for the head of a request, from its first bytes on.
pub(super) const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// A stream whose writes fail after 30 s without progress, and whose reads fail 10 s after the beginning of a head.
pub(super) struct Progress<S> {
    inner: S,
    client: Client,
    stalled: Option<Pin<Box<Sleep>>>,
    /// How many requests had arrived when the first bytes of the next one came.
    head_after: Option<u64>,
    head: Option<Pin<Box<Sleep>>>,
    expects_heads: bool,
}

impl<S> Progress<S> {
    pub(super) fn new(inner: S, client: Client) -> Self {
        Self { inner, client, stalled: None, head_after: None, head: None, expects_heads: true }
    }

    /// What still arrives is not the head of a request.
    pub(super) fn expect_no_heads(&mut self) {
        self.expects_heads = false;
    }

    fn watch<T>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.stalled = None;
            return result;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(STALLED)));
        match stalled.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Whether the time for the head of the next request is over, which begins again while the answer to the one before is
    /// written. A head that comes at once costs no timer.
    fn is_head_late(&mut self, cx: &mut Context<'_>, has_bytes: bool) -> bool {
        let Some(arrived) = self.client.next_head().filter(|_| self.expects_heads) else {
            (self.head_after, self.head) = (None, None);
            return false;
        };
        if self.head_after != Some(arrived) {
            (self.head_after, self.head) = (has_bytes.then_some(arrived), None);
        }
        if has_bytes || self.head_after.is_none() {
            return false;
        }
        let head = self.head.get_or_insert_with(|| Box::pin(sleep(HEAD_TIMEOUT)));
        head.as_mut().poll(cx).is_ready()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Progress<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.inner).poll_read(cx, buf);
        self.client.note_socket(result.is_ready());
        // Some clients end a body with an empty line that belongs to nothing.
        let is_head = buf.filled()[before..].iter().any(|byte| !b"\r\n".contains(byte));
        let is_late = self.is_head_late(cx, is_head);
        if is_late && result.is_pending() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Progress<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.head = None;
        self.client.note_socket(result.is_ready());
        self.watch(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.head = None;
        self.client.note_socket(result.is_ready());
        self.watch(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.inner).poll_flush(cx);
        self.watch(cx, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::poll;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        time::{Instant, advance},
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_write_that_the_client_does_not_read_times_out() {
        let (near, _far) = tokio::io::duplex(4);
        let client = Client::new(Instant::now());
        let error = Progress::new(near, client).write_all(b"more than four bytes").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_head_that_is_not_completed_times_out() {
        let late = async |sent: &[u8], is_answered: bool, writes: bool| {
            let (near, mut far) = tokio::io::duplex(4);
            let client = Client::new(Instant::now());
            let mut progress = Progress::new(near, client.clone());
            far.write_all(sent).await.unwrap();
            let mut read = [0; 4];
            let count = progress.read(&mut read).await.unwrap();
            assert_eq!(count, sent.len());
            if is_answered {
                client.mark_answering().unwrap();
                client.mark_answered();
            }
            assert!(poll!(pin!(progress.read(&mut read))).is_pending());
            advance(HEAD_TIMEOUT / 2).await;
            if writes {
                progress.write_all(b"part").await.unwrap();
            }
            advance(HEAD_TIMEOUT / 2 + Duration::from_millis(1)).await;
            poll!(pin!(progress.read(&mut read))).is_ready()
        };
        assert!(late(b"GET", false, false).await);
        assert!(!late(b"GET", true, false).await, "it was complete");
        assert!(!late(b"\r\n", false, false).await, "an empty line");
        assert!(!late(b"GET", false, true).await, "the answer to the one before is being written");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_neither_sends_nor_reads_is_waited_for() {
        let (near, mut far) = tokio::io::duplex(4);
        let client = Client::new(Instant::now());
        let mut progress = Progress::new(near, client.clone());
        let mut read = [0; 4];
        assert_eq!(client.waits_since(), None, "before its first bytes were asked for");
        assert!(poll!(pin!(progress.read(&mut read))).is_pending());
        let began = client.waits_since().unwrap();
        advance(Duration::from_secs(5)).await;
        assert!(poll!(pin!(progress.read(&mut read))).is_pending());
        assert_eq!(client.waits_since(), Some(began));
        far.write_all(b"four").await.unwrap();
        progress.read_exact(&mut read).await.unwrap();
        assert_eq!(client.waits_since(), None);

        let mut write = pin!(progress.write_all(b"three times four"));
        assert!(poll!(write.as_mut()).is_pending());
        assert_eq!(client.waits_since(), Some(began + 5_000));
        advance(Duration::from_secs(5)).await;
        far.read_exact(&mut read).await.unwrap();
        assert!(poll!(write.as_mut()).is_pending());
        assert_eq!(client.waits_since(), Some(began + 10_000), "since it took something last");
    }
}
