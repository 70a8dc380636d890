//! The bucket of a program without S3: a function that only reads the table does not link the S3 client.

use bytes::Bytes;
use domain::{
    AvatarKey, DirectUpload, Error, Image, ImageFormat, NewAvatar, OpenImage, RenditionKey, SendTo, Upload,
};

use super::{marker::Marker, session::AwsConfig};
use crate::faults::Faults;

#[derive(Clone)]
pub(super) enum Bucket {}

impl Bucket {
    pub(super) fn open(_: &AwsConfig, _: Option<String>, _: &Faults) -> Option<Self> {
        None
    }

    pub(super) fn name(&self) -> &str {
        match *self {}
    }

    #[expect(clippy::unused_async, reason = "same signature as the real bucket")]
    pub(super) async fn marker(&self) -> Result<Option<Marker>, Error> {
        match *self {}
    }

    #[expect(clippy::unused_async, reason = "same signature as the real bucket")]
    pub(super) async fn put(&self, _: &AvatarKey, _: &NewAvatar) -> Result<(), Error> {
        match *self {}
    }

    #[expect(clippy::unused_async, reason = "same signature as the real bucket")]
    pub(super) async fn put_rendition(&self, _: &RenditionKey, _: &Image) -> Result<(), Error> {
        match *self {}
    }

    #[expect(clippy::unused_async, reason = "same signature as the real bucket")]
    pub(super) async fn get(&self, _: &str, _: ImageFormat) -> Result<Upload, Error> {
        match *self {}
    }

    #[expect(clippy::unused_async, reason = "same signature as the real bucket")]
    pub(super) async fn open_image(&self, _: &str, _: ImageFormat) -> Result<OpenImage, Error> {
        match *self {}
    }

    #[expect(clippy::unused_async, reason = "same signature as the real bucket")]
    pub(super) async fn delete(&self, _: Vec<String>) -> Result<(), Error> {
        match *self {}
    }

    #[expect(clippy::unused_async, reason = "same signature as the real bucket")]
    pub(super) async fn link(&self, _: &str) -> Result<String, Error> {
        match *self {}
    }

    #[expect(clippy::unused_async, reason = "same signature as the real bucket")]
    pub(super) async fn send_to(&self, _: String, _: &DirectUpload) -> Result<SendTo, Error> {
        match *self {}
    }

    #[expect(clippy::unused_async, reason = "same signature as the real bucket")]
    pub(super) async fn add(&self, _: String, _: Bytes) -> Result<bool, Error> {
        match *self {}
    }

    #[expect(clippy::unused_async, reason = "same signature as the real bucket")]
    pub(super) async fn get_bytes(&self, _: &str, _: usize) -> Result<Option<Bytes>, Error> {
        match *self {}
    }
}
