//! A buffer that refuses to grow past the size limit, so that encoding too large a picture fails early.

use std::io;

/// Takes at most so many bytes and allocates once.
pub(crate) struct Capped {
    bytes: Vec<u8>,
    max_bytes: usize,
}

impl Capped {
    /// What an encoder may allocate for `raw_bytes` of pixels, if it may write `max_bytes`.
    pub(crate) fn capacity(raw_bytes: u64, max_bytes: usize) -> u64 {
        raw_bytes.saturating_add(64 * 1024).min(max_bytes as u64)
    }

    /// Room for the encoded form of `raw_bytes` of pixels, at most `max_bytes`.
    pub(crate) fn new(raw_bytes: usize, max_bytes: usize) -> Self {
        let capacity = raw_bytes.saturating_add(64 * 1024).min(max_bytes);
        Self { bytes: Vec::with_capacity(capacity), max_bytes }
    }

    /// The bytes written.
    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.shrink_to_fit();
        self.bytes
    }
}

impl io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.max_bytes {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
