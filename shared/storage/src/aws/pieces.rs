//! An object that is read while it is sent.

use async_trait::async_trait;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use domain::{Error, ImageBytes};
use tokio::time::timeout;

use super::{bucket::Bucket, clients, error};

/// The bytes of an object, from S3's response. Another start is another request.
pub(super) struct Pieces {
    bucket: Bucket,
    key: String,
    body: ByteStream,
    /// What was received and not yet returned.
    received: Bytes,
    /// Where `received` begins.
    position: usize,
    /// Of the object.
    length: usize,
}

impl Pieces {
    /// Of this object of `length` bytes, whose response has this body.
    pub(super) fn new(bucket: &Bucket, key: &str, body: ByteStream, length: usize) -> Self {
        let (bucket, key) = (bucket.clone(), key.to_owned());
        Self { bucket, key, body, received: Bytes::new(), position: 0, length }
    }

    /// What comes next in the response.
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let [_, within] = clients::BUCKET_TIMEOUT;
        let next = timeout(within, self.body.try_next()).await.map_err(Error::unavailable)?;
        next.map_err(|error| error::of_body(self.bucket.name(), error))
    }
}

#[async_trait]
impl ImageBytes for Pieces {
    /// At the end of the whole object the SDK compares it with its checksum: its last piece is returned only
    /// after that.
    async fn read(&mut self, start: usize, most: usize) -> Result<Bytes, Error> {
        if start != self.position {
            self.body = self.bucket.get_from(&self.key, start).await?;
            (self.received, self.position) = (Bytes::new(), start);
        }
        while self.received.is_empty() {
            let next = self.next().await?.ok_or_else(|| Error::unavailable("the object ended early"))?;
            if self.position + next.len() >= self.length && self.next().await?.is_some() {
                return Err(Error::damaged("the object is longer than its length"));
            }
            self.received = next;
        }
        let piece = self.received.split_to(most.min(self.received.len()));
        self.position += piece.len();
        Ok(piece)
    }
}
