//! The bucket: one object for each image, under its key.

use aws_config::SdkConfig;
use aws_sdk_s3::{
    Client,
    primitives::ByteStream,
    types::{ChecksumMode, ChecksumType},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use domain::{AvatarKey, Digest, Error, Image, NewAvatar};
use tokio::time::timeout;

use super::{clients, error};
use crate::Faults;

/// Metadata of an object: what its upload was part of (W3C Trace Context).
const TRACE_PARENT: &str = "traceparent";

#[derive(Clone)]
pub(super) struct Bucket {
    client: Client,
    name: String,
    faults: Faults,
}

impl Bucket {
    /// The bucket with this name, if there is one.
    pub(super) fn open(config: &SdkConfig, name: Option<String>, faults: &Faults) -> Option<Self> {
        Some(Self { name: name?, client: clients::s3(config), faults: faults.clone() })
    }

    /// Keeps the image. S3 refuses bytes that do not have its digest.
    pub(super) async fn put(&self, key: &AvatarKey, avatar: &NewAvatar) -> Result<(), Error> {
        let image = &avatar.image;
        let request = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(key.to_string())
            .content_type(key.content_type())
            .cache_control(AvatarKey::CACHE_CONTROL)
            .checksum_sha256(STANDARD.encode(image.digest.as_bytes()))
            .set_metadata(
                avatar.trace_parent.map(|place| [(TRACE_PARENT.to_owned(), place.to_string())].into()),
            )
            .body(ByteStream::from(image.bytes.clone()));
        // Boxed, since it is large and every write is made of it.
        let call = Box::pin(async { request.send().await.map_err(error::of_write) });
        self.faults.around("aws.put_object", call).await.map(drop)
    }

    /// The image as it was kept; the SDK holds it against the checksum that S3 keeps.
    pub(super) async fn get(&self, key: &AvatarKey) -> Result<Image, Error> {
        let request = self
            .client
            .get_object()
            .bucket(&self.name)
            .key(key.to_string())
            .checksum_mode(ChecksumMode::Enabled);
        let call = async {
            let object = request.send().await.map_err(error::of)?;
            let digest = kept_digest(&object);
            let bytes = read(object.body, object.content_length).await?;
            Ok(Image { format: key.format, digest: digest.unwrap_or_else(|| Digest::of(&bytes)), bytes })
        };
        // The SDK's own limit ends with the head of the answer.
        let [_, within] = clients::BUCKET_WITHIN;
        let call = Box::pin(async {
            timeout(within, call).await.unwrap_or_else(|late| Err(Error::unavailable(late)))
        });
        self.faults.around("aws.get_object", call).await
    }

    /// Removes the image, if it is there.
    pub(super) async fn delete(&self, key: &AvatarKey) -> Result<(), Error> {
        let request = self.client.delete_object().bucket(&self.name).key(key.to_string());
        let call = async { request.send().await.map_err(error::of_write) };
        self.faults.around("aws.delete_object", call).await.map(drop)
    }
}

/// The whole body, which is no larger than any image.
async fn read(mut body: ByteStream, length: Option<i64>) -> Result<Bytes, Error> {
    let expected = length.and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let mut bytes = BytesMut::with_capacity(expected.min(Image::MAX_BYTES));
    while let Some(piece) = body.try_next().await.map_err(error::of_body)? {
        if bytes.len() + piece.len() > Image::MAX_BYTES {
            return Err(Error::damaged("object is larger than any image"));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}

/// The SHA-256 of the whole object, where S3 tells it: it does for every object that Roster put.
fn kept_digest(object: &aws_sdk_s3::operation::get_object::GetObjectOutput) -> Option<Digest> {
    if object.checksum_type() == Some(&ChecksumType::Composite) {
        return None;
    }
    let bytes = STANDARD.decode(object.checksum_sha256()?).ok()?;
    Some(Digest::from_bytes(bytes.try_into().ok()?))
}
