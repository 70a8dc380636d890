//! The image data: one zlib stream (RFC 1950) of filtered rows, exactly as long as the header says.

use domain::ImageError;
use flate2::{Decompress, FlushDecompress, Status};

use super::header::Header;
use crate::read::OrUndecodable;

const TRUNCATED: &str = "the PNG's image data is truncated";

/// Start and step of the columns and rows of each pass of Adam7 (8.1).
const PASSES: [(u32, u32, u32, u32); 7] =
    [(0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2)];

/// Length of the zlib stream at the start of `stream`, in bytes; decoders ignore what follows.
///
/// Fails unless it inflates, with a valid checksum, to exactly the number of bytes of the picture: more would
/// hide data, fewer means truncation. The inflated bytes are discarded.
pub(crate) fn measure(stream: &[u8], header: &Header) -> Result<usize, ImageError> {
    let expected = inflated_bytes(header);
    let mut inflater = Decompress::new(true);
    let mut window = vec![0; 64 * 1024];
    loop {
        let (used, made) = (inflater.total_in(), inflater.total_out());
        let at = usize::try_from(used).or_undecodable(TRUNCATED)?;
        let rest = stream.get(at..).or_undecodable(TRUNCATED)?;
        let status = inflater
            .decompress(rest, &mut window, FlushDecompress::None)
            .or_undecodable("the PNG's image data is damaged")?;
        if inflater.total_out() > expected {
            return Err(ImageError::Undecodable("the PNG has more image data than its dimensions allow"));
        }
        if status == Status::StreamEnd {
            if inflater.total_out() < expected {
                return Err(ImageError::Undecodable(TRUNCATED));
            }
            return usize::try_from(inflater.total_in()).or_undecodable(TRUNCATED);
        }
        if (inflater.total_in(), inflater.total_out()) == (used, made) {
            return Err(ImageError::Undecodable(TRUNCATED));
        }
    }
}

/// Bytes of all rows, each with its filter byte (7.2).
fn inflated_bytes(header: &Header) -> u64 {
    let bits = header.samples() * u64::from(header.depth);
    let rows = |width: u32, height: u32| match width {
        0 => 0,
        _ => u64::from(height) * (1 + (u64::from(width) * bits).div_ceil(8)),
    };
    if !header.interlaced {
        return rows(header.width, header.height);
    }
    let lines = |side: u32, start: u32, step: u32| side.saturating_sub(start).div_ceil(step);
    PASSES
        .iter()
        .map(|(x, dx, y, dy)| rows(lines(header.width, *x, *dx), lines(header.height, *y, *dy)))
        .sum()
}
