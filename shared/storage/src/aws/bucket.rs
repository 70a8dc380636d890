//! The bucket: one object for each image and each rendition, under its key.

mod direct;

use std::collections::{HashMap, HashSet};

use aws_sdk_s3::{
    Client,
    primitives::ByteStream,
    types::{ChecksumMode, ChecksumType, Delete, Object, ObjectIdentifier},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use domain::{
    AvatarKey, Digest, Environment, Error, Image, ImageBytes as _, ImageFormat, NewAvatar, OpenImage,
    Removal, RenditionKey, Timestamp, Upload,
};
use tokio::time::timeout;

use super::{
    call::Call,
    clients,
    credentials::KeptCredentials,
    error,
    marker::{self, Marker},
    pieces::Pieces,
    response_date::ResponseDate,
    session::AwsConfig,
};
use crate::faults::Faults;

/// Metadata of an object: the trace of its upload (W3C Trace Context).
const TRACE_PARENT: &str = "traceparent";

const TOO_LARGE: &str = "object is larger than any image";

/// Objects that S3 removes in one call.
const REMOVED: usize = 1000;

#[derive(Clone)]
pub(super) struct Bucket {
    client: Client,
    name: String,
    /// Those that sign.
    credentials: Option<KeptCredentials>,
    faults: Faults,
}

impl Bucket {
    /// The bucket with this name, if there is one.
    pub(super) fn open(config: &AwsConfig, name: Option<String>, faults: &Faults) -> Option<Self> {
        let (client, credentials) = (clients::s3(config), config.credentials.clone());
        Some(Self { name: name?, client, credentials, faults: faults.clone() })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Stores the upload. S3 rejects bytes that do not match its digest.
    pub(super) async fn put(&self, key: &AvatarKey, avatar: &NewAvatar) -> Result<(), Error> {
        let metadata = avatar.trace_parent.map(|parent| (TRACE_PARENT.to_owned(), parent.to_string()));
        self.put_object(key.to_string(), &avatar.image, metadata.into_iter().collect()).await
    }

    /// Stores a rendition, replacing an existing one.
    pub(super) async fn put_rendition(&self, key: &RenditionKey, image: &Image) -> Result<(), Error> {
        self.put_object(key.to_string(), image, HashMap::new()).await
    }

    async fn put_object(
        &self,
        key: String,
        image: &Image,
        metadata: HashMap<String, String>,
    ) -> Result<(), Error> {
        let put = || {
            self.client
                .put_object()
                .bucket(&self.name)
                .key(&key)
                .content_type(image.format.content_type())
                .cache_control(AvatarKey::CACHE_CONTROL)
                .checksum_sha256(STANDARD.encode(image.digest.as_bytes()))
                .set_metadata(Some(metadata.clone()).filter(|metadata| !metadata.is_empty()))
                .body(ByteStream::from(image.bytes.clone()))
                .send()
        };
        // Boxed, since it is large and part of every write.
        let call = Box::pin(async {
            error::repeated(put).await.map_err(|error| error::of_write(&self.name, error))
        });
        self.faults.around(Call::PutObject, call).await.map(drop)
    }

    /// The image as it was stored, and the trace of its upload. The SDK verifies it against S3's checksum.
    pub(super) async fn get(&self, key: &str, format: ImageFormat) -> Result<Upload, Error> {
        let request =
            self.client.get_object().bucket(&self.name).key(key).checksum_mode(ChecksumMode::Enabled);
        let call = async {
            let object = request.send().await.map_err(|error| error::of(&self.name, error))?;
            let digest = kept_digest(&object);
            let trace_parent =
                object.metadata().and_then(|metadata| metadata.get(TRACE_PARENT)?.parse().ok());
            let bytes = read(&self.name, object.body, object.content_length).await?;
            let image = Image { format, digest: digest.unwrap_or_else(|| Digest::of(&bytes)), bytes };
            Ok(Upload { image, trace_parent })
        };
        self.within_time(call).await
    }

    /// The image as it was stored. One of several pieces is read further while it is sent, and its digest is
    /// the one that S3 has.
    pub(super) async fn open_image(&self, key: &str, format: ImageFormat) -> Result<OpenImage, Error> {
        let request =
            self.client.get_object().bucket(&self.name).key(key).checksum_mode(ChecksumMode::Enabled);
        let call = async {
            let object = request.send().await.map_err(|error| error::of(&self.name, error))?;
            let length = object.content_length.and_then(|length| usize::try_from(length).ok());
            if length > Some(Image::MAX_BYTES) {
                return Err(Error::damaged(TOO_LARGE));
            }
            match (kept_digest(&object), length) {
                (Some(digest), Some(length)) if length > OpenImage::PIECE_BYTES => {
                    let mut rest = Box::new(Pieces::new(self, key, object.body, length));
                    let first = rest.read(0, OpenImage::PIECE_BYTES).await?;
                    Ok(OpenImage { digest, length, first, rest: Some(rest) })
                }
                (digest, length) => {
                    let length = length.and_then(|length| i64::try_from(length).ok());
                    let bytes = read(&self.name, object.body, length).await?;
                    let digest = digest.unwrap_or_else(|| Digest::of(&bytes));
                    Ok(OpenImage::from(Image { format, digest, bytes }))
                }
            }
        };
        self.within_time(call).await
    }

    /// The rest of an object, from `start` on.
    pub(super) async fn get_from(&self, key: &str, start: usize) -> Result<ByteStream, Error> {
        let request = self.client.get_object().bucket(&self.name).key(key).range(format!("bytes={start}-"));
        let call = async { Ok(request.send().await.map_err(|error| error::of(&self.name, error))?.body) };
        self.within_time(call).await
    }

    /// The SDK's own timeout covers only the head of the response.
    async fn within_time<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let [_, within] = clients::BUCKET_TIMEOUT;
        let call = Box::pin(async {
            timeout(within, call).await.unwrap_or_else(|late| Err(Error::unavailable(late)))
        });
        self.faults.around(Call::GetObject, call).await
    }

    /// Removes those of these objects that exist: at most 1,000.
    pub(super) async fn delete(&self, keys: Vec<String>) -> Result<(), Error> {
        let objects = keys.into_iter().map(|key| ObjectIdentifier::builder().key(key).build());
        let objects = objects.collect::<Result<Vec<_>, _>>().map_err(Error::damaged)?;
        let delete =
            Delete::builder().set_objects(Some(objects)).quiet(true).build().map_err(Error::damaged)?;
        let request = self.client.delete_objects().bucket(&self.name).delete(delete);
        let call = Box::pin(async {
            let answer = error::repeated(|| request.clone().send()).await;
            let answer = answer.map_err(|error| error::of_write(&self.name, error))?;
            error::of_delete_errors(&self.name, answer.errors())
        });
        self.faults.around(Call::DeleteObjects, call).await
    }

    /// Removes these objects; returns the outcome of each, in the same order.
    pub(super) async fn remove(&self, keys: &[String]) -> Vec<Removal> {
        let mut removals = Vec::with_capacity(keys.len());
        for some in keys.chunks(REMOVED) {
            match self.remove_some(some).await {
                Ok(some) => removals.extend(some),
                Err(error) => {
                    let why = error.reason();
                    removals.extend(some.iter().map(|_| Removal::Failed(why.clone())));
                }
            }
        }
        removals
    }

    async fn remove_some(&self, keys: &[String]) -> Result<Vec<Removal>, Error> {
        let objects = keys.iter().map(|key| ObjectIdentifier::builder().key(key).build());
        let objects = objects.collect::<Result<Vec<_>, _>>().map_err(Error::damaged)?;
        let delete = Delete::builder().set_objects(Some(objects)).build().map_err(Error::damaged)?;
        let request = self.client.delete_objects().bucket(&self.name).delete(delete);
        let call = Box::pin(async {
            let answer = error::repeated(|| request.clone().send()).await;
            answer.map_err(|error| error::of_write(&self.name, error))
        });
        let answer = self.faults.around(Call::DeleteObjects, call).await?;
        let removed: HashSet<_> = answer.deleted().iter().filter_map(|object| object.key()).collect();
        let refused: HashMap<_, _> =
            answer.errors().iter().filter_map(|refused| Some((refused.key()?, refused))).collect();
        let removal = |key: &String| match refused.get(key.as_str()) {
            Some(refused) => {
                let outcome = error::of_delete_errors(&self.name, std::slice::from_ref(*refused));
                Removal::Failed(outcome.err().map(|error| error.reason()).unwrap_or_default())
            }
            None if removed.contains(key.as_str()) => Removal::Removed,
            None => Removal::Failed(format!("{}: S3 did not report the object as deleted", self.name)),
        };
        Ok(keys.iter().map(removal).collect())
    }

    /// The marker of the bucket, if it has one. A role that may not list the bucket gets `AccessDenied` for a
    /// missing object.
    pub(super) async fn marker(&self) -> Result<Option<Marker>, Error> {
        let request = self.client.get_object().bucket(&self.name).key(marker::KEY);
        let of = format!("{}/{}", self.name, marker::KEY);
        let call = async {
            let object = match request.send().await.map_err(|error| error::of(&of, error)) {
                Ok(object) => object,
                Err(Error::NotFound) => return Ok(None),
                Err(error) => return Err(error),
            };
            let bytes = read(&of, object.body, object.content_length).await?;
            Marker::parse(&self.name, &bytes).map(Some)
        };
        let [_, within] = clients::BUCKET_TIMEOUT;
        let call = Box::pin(async {
            timeout(within, call).await.unwrap_or_else(|late| Err(Error::unavailable(late)))
        });
        self.faults.around(Call::GetMarker, call).await
    }

    /// Writes the marker of the bucket, unless it has one; returns whether it was written.
    pub(super) async fn mark(&self, environment: &Environment, table: &str) -> Result<bool, Error> {
        let text = Marker::text(environment, table);
        self.add_of_type(marker::KEY, Some("application/json"), text.into()).await
    }

    /// A page of the objects whose keys begin with `prefix`, in their order.
    pub(super) async fn list(&self, prefix: &str, after: Option<&str>) -> Result<ObjectPage, Error> {
        let response_date = ResponseDate::default();
        let request = self
            .client
            .list_objects_v2()
            .bucket(&self.name)
            .prefix(prefix)
            .set_start_after(after.map(str::to_owned))
            .customize()
            .interceptor(response_date.clone());
        let call = Box::pin(async { request.send().await.map_err(|error| error::of(&self.name, error)) });
        let page = self.faults.around(Call::ListObjects, call).await?;
        let object = |object: &Object| {
            let put_at = object.last_modified().and_then(|time| Timestamp::from_second(time.secs()).ok());
            Some((object.key()?.to_owned(), put_at.unwrap_or(Timestamp::MAX)))
        };
        let objects: Vec<_> = page.contents().iter().filter_map(object).collect();
        let is_next = |key: &str| key.starts_with(prefix) && after.is_none_or(|after| after < key);
        let in_order = objects.is_sorted_by(|(one, _), (other, _)| one < other);
        if !in_order || !objects.iter().all(|(key, _)| is_next(key)) {
            return Err(Error::damaged("S3 listed keys out of range or out of order"));
        }
        let last = objects.last().map(|(key, _)| key.clone());
        let next = match page.is_truncated() {
            Some(true) => {
                Some(last.ok_or_else(|| Error::damaged("S3 returned an empty page and reports more keys"))?)
            }
            Some(false) => None,
            None => return Err(Error::damaged("S3 returned a listing without IsTruncated")),
        };
        Ok(ObjectPage { objects, at: response_date.time()?, next })
    }
}

/// Some objects, and the key after which the next page starts.
pub(super) struct ObjectPage {
    /// Keys, and when they were put.
    pub(super) objects: Vec<(String, Timestamp)>,
    /// When S3 listed them.
    pub(super) at: Timestamp,
    pub(super) next: Option<String>,
}

/// The whole body, up to the size limit of images.
async fn read(bucket: &str, mut body: ByteStream, length: Option<i64>) -> Result<Bytes, Error> {
    let expected = length.and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let mut bytes = BytesMut::with_capacity(expected.min(Image::MAX_BYTES));
    while let Some(piece) = body.try_next().await.map_err(|error| error::of_body(bucket, error))? {
        if bytes.len() + piece.len() > Image::MAX_BYTES {
            return Err(Error::damaged(TOO_LARGE));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}

/// The SHA-256 of the whole object, if S3 reports it: it does for every object that Roster stored.
fn kept_digest(object: &aws_sdk_s3::operation::get_object::GetObjectOutput) -> Option<Digest> {
    if object.checksum_type() == Some(&ChecksumType::Composite) {
        return None;
    }
    let bytes = STANDARD.decode(object.checksum_sha256()?).ok()?;
    Some(Digest::from_bytes(bytes.try_into().ok()?))
}
