//! Which ancillary chunks are kept (11.3): those that change how pixels look, and only if they are valid.

use std::borrow::Cow;

use flate2::{Decompress, FlushDecompress, Status};

use super::{chunks::Chunk, header::Header};
use crate::icc::{self, Colours};

/// The form in which a chunk before the palette is kept, if at all.
///
/// Everything else is dropped: text, time, EXIF, histograms, densities, animation and private chunks.
pub(crate) fn colour_chunk<'a>(chunk: &Chunk<'a>, header: &Header) -> Option<Cow<'a, [u8]>> {
    let length = chunk.data.len();
    match &chunk.name {
        b"gAMA" | b"cICP" => (length == 4).then_some(Cow::Borrowed(chunk.data)),
        b"cHRM" => (length == 32).then_some(Cow::Borrowed(chunk.data)),
        b"sRGB" => (length == 1).then_some(Cow::Borrowed(chunk.data)),
        b"mDCV" => (length == 24).then_some(Cow::Borrowed(chunk.data)),
        b"cLLI" => (length == 8).then_some(Cow::Borrowed(chunk.data)),
        b"sBIT" => significant_bits_fit(chunk.data, header).then_some(Cow::Borrowed(chunk.data)),
        b"iCCP" => profile(chunk.data, header).map(Cow::Owned),
        _ => None,
    }
}

/// Whether a `tRNS` chunk has the form that belongs to the colour type (11.3.1.1).
pub(crate) fn transparency_fits(data: &[u8], header: &Header, palette: usize) -> bool {
    match header.colour {
        0 => data.len() == 2,
        2 => data.len() == 6,
        3 => !data.is_empty() && data.len() <= palette,
        _ => false,
    }
}

fn significant_bits_fit(data: &[u8], header: &Header) -> bool {
    let (samples, depth) = match header.colour {
        3 => (3, 8),
        _ => (header.samples(), header.depth),
    };
    data.len() as u64 == samples && data.iter().all(|bits| (1..=depth).contains(bits))
}

/// The chunk with a neutral name, and with nothing after the compressed profile.
fn profile(data: &[u8], header: &Header) -> Option<Vec<u8>> {
    let name_end = data.iter().take(80).position(|byte| *byte == 0)?;
    let [0, compressed @ ..] = data.get(name_end + 1..)? else { return None };
    let colours = if matches!(header.colour, 0 | 4) { Colours::Grey } else { Colours::Rgb };
    let used = inflate_profile(compressed, colours)?;
    Some([b"icc\0\0", &compressed[..used]].concat())
}

/// Length of the fitting profile at the start of `compressed`, in bytes. The inflated bytes are discarded,
/// and inflating stops past the size in its header: a bomb costs no more than the size it declares.
fn inflate_profile(compressed: &[u8], colours: Colours) -> Option<usize> {
    const MAX_PROFILE: u64 = 4 * 1024 * 1024;
    let mut inflater = Decompress::new(true);
    let mut window = [0; 16 * 1024];
    let mut header = Vec::new();
    loop {
        let (used, made) = (inflater.total_in(), inflater.total_out());
        let rest = compressed.get(usize::try_from(used).ok()?..)?;
        let status = inflater.decompress(rest, &mut window, FlushDecompress::None).ok()?;
        let fresh = usize::try_from(inflater.total_out() - made).ok()?;
        header.extend(window[..fresh].iter().take(40 - header.len().min(40)));
        if inflater.total_out() > MAX_PROFILE {
            return None;
        }
        if status == Status::StreamEnd {
            let length = usize::try_from(inflater.total_out()).ok()?;
            let used = usize::try_from(inflater.total_in()).ok()?;
            return icc::header_fits(&header, length, colours).then_some(used);
        }
        if fresh == 0 && inflater.total_in() == used {
            return None;
        }
    }
}
