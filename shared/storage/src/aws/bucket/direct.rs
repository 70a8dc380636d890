//! What clients send to a bucket and get from it directly, and objects that are added once.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::{
    config::RequestChecksumCalculation, presigning::PresigningConfig, primitives::ByteStream,
    types::ChecksumMode,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use domain::{DirectUpload, Error, SendTo, Timestamp};
use tokio::time::timeout;

use super::{Bucket, read};
use crate::aws::{call::Call, clients, error};

/// How long an image can be got by its [link](Bucket::link).
const LINK: Duration = Duration::from_mins(5);

impl Bucket {
    /// A URL at which everyone can get the object for some minutes, less if the credentials expire before.
    pub(in crate::aws) async fn link(&self, key: &str) -> Result<String, Error> {
        let request = self.client.get_object().bucket(&self.name).key(key);
        let link = request.presigned(presigning(LINK)?).await;
        Ok(link.map_err(|error| error::of(&self.name, error))?.uri().to_owned())
    }

    /// Where a client puts the bytes of an upload: size, type and digest are signed, so S3 refuses others
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>). It ends with the
    /// credentials that signed it, if they expire before.
    pub(in crate::aws) async fn send_to(&self, key: String, upload: &DirectUpload) -> Result<SendTo, Error> {
        let request = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(key)
            .content_type(upload.content_type.name())
            .content_length(i64::try_from(upload.bytes).map_err(Error::damaged)?)
            .set_checksum_sha256(upload.digest.map(|digest| STANDARD.encode(digest.as_bytes())))
            .customize()
            // Else the SDK signs the checksum of no bytes.
            .config_override(
                aws_sdk_s3::config::Builder::new()
                    .request_checksum_calculation(RequestChecksumCalculation::WhenRequired),
            );
        let call = async {
            // Those that sign are these, or newer ones.
            let expiry = match &self.credentials {
                Some(credentials) => credentials.get().await?.expiry(),
                None => None,
            };
            let until = expiry.map(|end| {
                Timestamp::UNIX_EPOCH + end.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
            });
            let until = until.filter(|until| *until < upload.open_until());
            let signed = request.presigned(presigning(DirectUpload::OPEN)?).await;
            let signed = signed.map_err(|error| error::of(&self.name, error))?;
            let headers = signed.headers().map(|(name, value)| (name.to_lowercase(), value.to_owned()));
            Ok(SendTo::Elsewhere { headers: headers.collect(), url: signed.uri().to_owned(), until })
        };
        Box::pin(call).await
    }

    /// Adds an object unless there is one; returns whether it was added.
    pub(in crate::aws) async fn add(&self, key: String, bytes: Bytes) -> Result<bool, Error> {
        self.add_of_type(&key, None, bytes).await
    }

    /// The same, with this type.
    ///
    /// S3 answers 412 if there is one, and 409 while another call adds it
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>). If the answer to a first try is
    /// lost, the second one finds the object of the first.
    pub(super) async fn add_of_type(
        &self,
        key: &str,
        content_type: Option<&str>,
        bytes: Bytes,
    ) -> Result<bool, Error> {
        let put = || {
            self.client
                .put_object()
                .bucket(&self.name)
                .key(key)
                .set_content_type(content_type.map(str::to_owned))
                .if_none_match("*")
                .body(ByteStream::from(bytes.clone()))
                .send()
        };
        let call = async {
            match error::repeated(put).await {
                Ok(_) => Ok(true),
                Err(error) if error::has_code(&error, "PreconditionFailed") => Ok(false),
                Err(error) => Err(error::of_write(&self.name, error)),
            }
        };
        let [_, within] = clients::BUCKET_TIMEOUT;
        let call = Box::pin(async {
            timeout(within, call).await.unwrap_or_else(|late| Err(Error::unavailable(late)))
        });
        self.faults.around(Call::PutObject, call).await
    }

    /// All bytes of an object, if there is one of at most `most`.
    pub(in crate::aws) async fn get_bytes(&self, key: &str, most: usize) -> Result<Option<Bytes>, Error> {
        let request =
            self.client.get_object().bucket(&self.name).key(key).checksum_mode(ChecksumMode::Enabled);
        let call = async {
            let object = match request.send().await.map_err(|error| error::of(&self.name, error)) {
                Ok(object) => object,
                Err(Error::NotFound) => return Ok(None),
                Err(error) => return Err(error),
            };
            let length = object.content_length.and_then(|length| usize::try_from(length).ok());
            if length.is_none_or(|length| length > most) {
                return Ok(None);
            }
            read(&self.name, object.body, object.content_length).await.map(Some)
        };
        self.within_time(call).await
    }
}

fn presigning(valid: Duration) -> Result<PresigningConfig, Error> {
    PresigningConfig::expires_in(valid).map_err(Error::damaged)
}
