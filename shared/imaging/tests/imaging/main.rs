//! What `imaging` promises, tested from outside.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes and colours of test pictures are small"
)]
#![allow(clippy::trivially_copy_pass_by_ref, reason = "names of chunks are byte strings")]
#![allow(clippy::unwrap_used, reason = "outside of test functions, too")]

mod colours;
mod damage;
mod formats;
mod generated;
mod limits;
mod make;
mod memory;
mod metadata;
mod orientation;
mod refusals;
mod renditions;
mod samples;
mod seen;
mod shrinking;
mod squares;
mod tables;

use bytes::Bytes;
use domain::{Image, ImageError};

/// Inspects and cleans.
fn clean(bytes: &[u8]) -> Result<Image, ImageError> {
    imaging::inspect(Bytes::copy_from_slice(bytes))?.clean()
}

/// Opens with a decoder of another crate's choosing.
fn open(image: &Image) -> image::DynamicImage {
    image::load_from_memory(&image.bytes).unwrap()
}

/// Whether `needle` stands anywhere in the bytes.
fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(bytes, needle).is_some()
}
