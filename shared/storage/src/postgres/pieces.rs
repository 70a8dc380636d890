//! Images and direct uploads as rows of bounded size.
//!
//! The buffers of a connection grow to its largest message and stay that large. In pieces no connection holds more than
//! a few, and the memory for images is that which `runtime` plans.

use domain::OpenImage;

/// Each row has this many bytes, the last of an image fewer. Rows of other lengths are read as well.
const BYTES: usize = OpenImage::PIECE_BYTES;

/// The pieces, each with the position of its first byte: at least one.
pub(super) fn pieces(bytes: &[u8]) -> impl Iterator<Item = (i32, &[u8])> {
    (0..bytes.len().max(1)).step_by(BYTES).map(move |start| {
        let end = bytes.len().min(start + BYTES);
        (i32::try_from(start).expect("at most 32 MiB"), &bytes[start..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_bounded_and_make_up_the_whole() {
        for length in [0, 1, BYTES - 1, BYTES, BYTES + 1, 3 * BYTES] {
            let bytes: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect();
            let mut whole = Vec::new();
            for (start, piece) in pieces(&bytes) {
                assert_eq!(usize::try_from(start).unwrap(), whole.len());
                assert!(piece.len() <= BYTES);
                whole.extend_from_slice(piece);
            }
            assert_eq!(whole, bytes);
            assert_eq!(pieces(&bytes).count(), length.div_ceil(BYTES).max(1));
        }
    }
}
