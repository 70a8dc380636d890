//! The image data: one zlib stream (RFC 1950) of filtered rows, as many as the header says.

use std::io::Write as _;

use domain::ImageError;
use flate2::{Compression, Decompress, FlushDecompress, Status, write::ZlibEncoder};

use super::header::Header;
use crate::read::OrUndecodable;

const TRUNCATED: &str = "the PNG's image data is truncated";

/// Bytes that are inflated at once.
const WINDOW: usize = 64 * 1024;

/// Start and step of the columns and rows of each pass of Adam7 (8.1).
const PASSES: [(u32, u32, u32, u32); 7] =
    [(0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2)];

/// Whether a stream has more than the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    /// It ends after them, with a valid checksum, and has so many bytes.
    Exact(usize),
    Longer,
}

/// Appends the stream in `pieces` to `out`, without what follows it.
///
/// libpng and browsers ignore what is inflated after the last row. It could hide data, so the rows of such a stream are
/// compressed anew. A stream with fewer rows is truncated.
pub(crate) fn append(pieces: &[&[u8]], header: &Header, out: &mut Vec<u8>) -> Result<(), ImageError> {
    let start = out.len();
    out.extend(pieces.iter().copied().flatten());
    match measure(&out[start..], header)? {
        Length::Exact(bytes) => out.truncate(start + bytes),
        Length::Longer => {
            out.truncate(start);
            compress_rows(pieces, header, out)?;
        }
    }
    Ok(())
}

/// Inflates the stream, and discards the inflated bytes.
fn measure(stream: &[u8], header: &Header) -> Result<Length, ImageError> {
    let expected = inflated_bytes(header);
    let mut inflater = Decompress::new(true);
    let mut window = vec![0; WINDOW];
    loop {
        let (used, made) = (inflater.total_in(), inflater.total_out());
        let at = usize::try_from(used).or_undecodable(TRUNCATED)?;
        let rest = stream.get(at..).or_undecodable(TRUNCATED)?;
        let status = inflater.decompress(rest, &mut window, FlushDecompress::None);
        if inflater.total_out() > expected {
            return Ok(Length::Longer);
        }
        if status.or_undecodable("the PNG's image data is damaged")? == Status::StreamEnd {
            if inflater.total_out() < expected {
                return Err(ImageError::Undecodable(TRUNCATED));
            }
            return usize::try_from(inflater.total_in()).or_undecodable(TRUNCATED).map(Length::Exact);
        }
        if (inflater.total_in(), inflater.total_out()) == (used, made) {
            return Err(ImageError::Undecodable(TRUNCATED));
        }
    }
}

/// Compresses the rows of the picture anew, in not much more room than the stream took.
fn compress_rows(pieces: &[&[u8]], header: &Header, out: &mut Vec<u8>) -> Result<(), ImageError> {
    let (start, length) = (out.len(), pieces.iter().map(|piece| piece.len()).sum::<usize>());
    let most = length + length / 8 + 2 * WINDOW;
    out.shrink_to_fit();
    out.reserve_exact(most + 2 * WINDOW);
    let mut rows = ZlibEncoder::new(out, Compression::default());
    let mut left = inflated_bytes(header);
    let mut inflater = Decompress::new(true);
    let mut window = vec![0; WINDOW];
    for piece in pieces {
        let mut rest = *piece;
        while left > 0 {
            let (used, made) = (inflater.total_in(), inflater.total_out());
            // What comes before an error counts: it was enough when it was measured.
            let _ = inflater.decompress(rest, &mut window, FlushDecompress::None);
            let (used, made) = (inflater.total_in() - used, inflater.total_out() - made);
            let fresh = usize::try_from(made.min(left)).or_undecodable(TRUNCATED)?;
            rows.write_all(&window[..fresh]).or_undecodable(TRUNCATED)?;
            left -= fresh as u64;
            rest = usize::try_from(used).ok().and_then(|used| rest.get(used..)).unwrap_or_default();
            if rows.get_ref().len() - start > most {
                return Err(ImageError::Undecodable("the PNG has more image data than its dimensions allow"));
            }
            if (used, made) == (0, 0) {
                break;
            }
        }
    }
    rows.finish().or_undecodable(TRUNCATED)?;
    if left > 0 { Err(ImageError::Undecodable(TRUNCATED)) } else { Ok(()) }
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
