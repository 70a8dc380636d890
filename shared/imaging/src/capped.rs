//! A buffer that refuses to grow past the size limit, so that encoding too large a picture fails early.

use std::io;

use domain::Image;

/// Takes at most [`Image::MAX_BYTES`] and allocates once.
pub(crate) struct Capped {
    bytes: Vec<u8>,
}

impl Capped {
    /// What an encoder may allocate for `raw_bytes` of pixels.
    pub(crate) fn capacity(raw_bytes: u64) -> u64 {
        raw_bytes.saturating_add(64 * 1024).min(Image::MAX_BYTES as u64)
    }

    /// Room for the encoded form of `raw_bytes` of pixels.
    pub(crate) fn new(raw_bytes: usize) -> Self {
        let capacity = raw_bytes.saturating_add(64 * 1024).min(Image::MAX_BYTES);
        Self { bytes: Vec::with_capacity(capacity) }
    }

    /// The bytes written.
    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.shrink_to_fit();
        self.bytes
    }
}

impl io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > Image::MAX_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
