//! Direct uploads: objects in a bucket of their own, without versions and without a backup.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use domain::{DirectUpload, DirectUploadId, Error, SendTo};

use super::{bucket::Bucket, store::Store};
use crate::uploads::{Objects, Part};

/// The bucket of direct uploads, with the clients of the store.
pub(super) struct UploadsBucket(pub(super) Arc<Store>);

impl UploadsBucket {
    async fn bucket(&self) -> Result<&Bucket, Error> {
        self.0.aws().await?.uploads()
    }
}

#[async_trait]
impl Objects for UploadsBucket {
    async fn add(&self, part: Part, id: &DirectUploadId, bytes: Bytes) -> Result<bool, Error> {
        self.bucket().await?.add(key(part, id), bytes).await
    }

    async fn get(&self, part: Part, id: &DirectUploadId, most: usize) -> Result<Option<Bytes>, Error> {
        self.bucket().await?.get_bytes(&key(part, id), most).await
    }

    /// S3 takes the bytes.
    async fn send_to(&self, upload: &DirectUpload) -> Result<SendTo, Error> {
        self.bucket().await?.send_to(key(Part::Sent, &upload.id), upload).await
    }

    async fn keep(&self, _: &DirectUploadId, _: Bytes) -> Result<(), Error> {
        Err(Error::NotFound)
    }

    async fn remove(&self, id: &DirectUploadId) -> Result<(), Error> {
        self.bucket().await?.delete(vec![key(Part::Sent, id)]).await
    }
}

fn key(part: Part, id: &DirectUploadId) -> String {
    format!("{}/{id}", part.name())
}
