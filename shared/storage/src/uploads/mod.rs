//! Direct uploads, kept as three small sets of objects: an announcement, the bytes, and a claim for each upload.
//!
//! | file | idea |
//! |---|---|
//! | this one | the port, the same for a folder and for a bucket |
//! | `record` | the announcement as JSON |
//!
//! The bytes never get into the database or the bucket of images: those have backups and versions.

mod record;

use async_trait::async_trait;
use bytes::Bytes;
use domain::{Claim, Digest, DirectUpload, DirectUploadId, Error, SendTo, UploadStore};

/// How many bytes may wait in all where they wait in a folder or a database: 64 uploads of the default's largest size.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) const WAITING_BYTES: u64 = 1 << 30;

/// How often expired ones are removed there: often enough that none gets a day old.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) const REMOVE_EVERY: std::time::Duration = std::time::Duration::from_mins(30);

/// What is kept of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// What the client announced.
    Announced,
    /// The bytes.
    Sent,
    /// Which request uses them.
    Claimed,
}

impl Part {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Sent => "sent",
            Self::Claimed => "claimed",
        }
    }
}

/// Where the parts are kept.
#[async_trait]
pub(crate) trait Objects: Send + Sync {
    /// Adds this part, unless there is one; returns whether it was added. Of racing calls one adds it.
    async fn add(&self, part: Part, id: &DirectUploadId, bytes: Bytes) -> Result<bool, Error>;

    /// This part, if there is one of at most `most` bytes.
    async fn get(&self, part: Part, id: &DirectUploadId, most: usize) -> Result<Option<Bytes>, Error>;

    /// Where a client sends the bytes.
    async fn send_to(&self, upload: &DirectUpload) -> Result<SendTo, Error>;

    /// Keeps bytes that were sent to this API, all or none of them.
    async fn keep(&self, id: &DirectUploadId, bytes: Bytes) -> Result<(), Error>;

    /// Removes the bytes, if there are any.
    async fn remove(&self, id: &DirectUploadId) -> Result<(), Error>;
}

/// The port over these objects.
pub(crate) struct Uploads<O>(pub(crate) O);

/// No announcement and no claim is longer.
const RECORD_BYTES: usize = 1024;

#[async_trait]
impl<O: Objects> UploadStore for Uploads<O> {
    async fn announce(&self, upload: &DirectUpload) -> Result<SendTo, Error> {
        let send_to = self.0.send_to(upload).await?;
        // Only a repeated attempt of this call finds it.
        self.0.add(Part::Announced, &upload.id, record::encode(upload)).await?;
        Ok(send_to)
    }

    async fn find(&self, id: &DirectUploadId) -> Result<Option<DirectUpload>, Error> {
        let record = self.0.get(Part::Announced, id, RECORD_BYTES).await?;
        record.map(|record| record::decode(*id, &record)).transpose()
    }

    async fn keep(&self, id: &DirectUploadId, bytes: Bytes) -> Result<(), Error> {
        self.0.keep(id, bytes).await
    }

    async fn read(&self, upload: &DirectUpload) -> Result<Option<Bytes>, Error> {
        let bytes = self.0.get(Part::Sent, &upload.id, upload.bytes).await?;
        // Another length is that of a file which a power failure cut: it counts as not sent.
        Ok(bytes.filter(|bytes| bytes.len() == upload.bytes))
    }

    async fn is_claimed(&self, id: &DirectUploadId) -> Result<bool, Error> {
        Ok(self.0.get(Part::Claimed, id, RECORD_BYTES).await?.is_some())
    }

    async fn claim(&self, id: &DirectUploadId, request: &Digest) -> Result<Claim, Error> {
        let name = Bytes::from(request.to_string());
        if self.0.add(Part::Claimed, id, name.clone()).await? {
            return Ok(Claim::Granted);
        }
        // Perhaps an earlier attempt of this request, whose answer was lost.
        let claimed = self.0.get(Part::Claimed, id, RECORD_BYTES).await?;
        Ok(if claimed == Some(name) { Claim::Granted } else { Claim::Taken })
    }

    async fn remove(&self, id: &DirectUploadId) -> Result<(), Error> {
        self.0.remove(id).await
    }
}
