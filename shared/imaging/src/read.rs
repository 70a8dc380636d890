//! Reads numbers from bytes that may end early.

use domain::ImageError;

/// `length` bytes from `at` on.
pub(crate) fn slice(bytes: &[u8], at: usize, length: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(length)?)
}

/// The array at `at`.
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    slice(bytes, at, N)?.try_into().ok()
}

/// A big-endian `u64` at `at`.
#[inline]
pub(crate) fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_be_bytes)
}

/// A big-endian `u32` at `at`.
pub(crate) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_be_bytes)
}

/// A little-endian `u32` at `at`.
pub(crate) fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

/// A little-endian number of three bytes at `at`.
pub(crate) fn le24(bytes: &[u8], at: usize) -> Option<u32> {
    array::<3>(bytes, at).map(|[a, b, c]| u32::from_le_bytes([a, b, c, 0]))
}

/// A big-endian `u16` at `at`.
pub(crate) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

/// A little-endian `u16` at `at`.
pub(crate) fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

/// Makes missing data an undecodable image, with `detail`.
pub(crate) trait OrUndecodable<T> {
    /// The value, or [`ImageError::Undecodable`].
    fn or_undecodable(self, detail: &'static str) -> Result<T, ImageError>;
}

impl<T> OrUndecodable<T> for Option<T> {
    fn or_undecodable(self, detail: &'static str) -> Result<T, ImageError> {
        self.ok_or(ImageError::Undecodable(detail))
    }
}

impl<T, E> OrUndecodable<T> for Result<T, E> {
    fn or_undecodable(self, detail: &'static str) -> Result<T, ImageError> {
        self.map_err(|_| ImageError::Undecodable(detail))
    }
}
