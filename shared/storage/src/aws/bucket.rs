//! The bucket: one object for each image, under its key.

use aws_config::SdkConfig;
use aws_sdk_s3::{
    Client,
    primitives::ByteStream,
    types::{ChecksumMode, ChecksumType},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{AvatarKey, Digest, Error, Image, NewAvatar};

use super::{clients, error};
use crate::Faults;

/// Metadata of an object: what its upload was part of (W3C Trace Context).
const TRACE_PARENT: &str = "traceparent";

/// The most that an object of Roster has.
const MAX_BYTES: i64 = 4 * 1024 * 1024;
const _: () = assert!(MAX_BYTES.cast_unsigned() == Image::MAX_BYTES as u64);

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
            if object.content_length().is_some_and(|length| length > MAX_BYTES) {
                return Err(Error::damaged("object is larger than any image"));
            }
            let digest = kept_digest(&object);
            let bytes = object.body.collect().await.map_err(Error::unavailable)?.into_bytes();
            Ok(Image { format: key.format, digest: digest.unwrap_or_else(|| Digest::of(&bytes)), bytes })
        };
        self.faults.around("aws.get_object", call).await
    }

    /// Removes the image, if it is there.
    pub(super) async fn delete(&self, key: &AvatarKey) -> Result<(), Error> {
        let request = self.client.delete_object().bucket(&self.name).key(key.to_string());
        let call = async { request.send().await.map_err(error::of_write) };
        self.faults.around("aws.delete_object", call).await.map(drop)
    }
}

/// The SHA-256 of the whole object, where S3 tells it: it does for every object that Roster put.
fn kept_digest(object: &aws_sdk_s3::operation::get_object::GetObjectOutput) -> Option<Digest> {
    if object.checksum_type() == Some(&ChecksumType::Composite) {
        return None;
    }
    let bytes = STANDARD.decode(object.checksum_sha256()?).ok()?;
    Some(Digest::from_bytes(bytes.try_into().ok()?))
}
