//! Rewrites a WebP with only the data that the picture needs; the pixels stay the same bit for bit.

use domain::ImageError;

use super::{
    chunks::{self, Parts},
    header::Header,
};
use crate::{
    icc::{self, Colours},
    read::OrUndecodable,
};

const ICC: u8 = 0x20;
const ALPHA: u8 = 0x10;

/// The profile, where it fits the pixels.
pub(crate) fn profile<'a>(parts: &Parts<'a>) -> Option<&'a [u8]> {
    parts.profile.filter(|profile| icc::fits(profile, Colours::Rgb))
}

/// The picture as a still WebP of its own size: the extended form only where profile or alpha need it.
pub(crate) fn strip(parts: &Parts, header: &Header) -> Result<Vec<u8>, ImageError> {
    let picture = parts.picture.or_undecodable("the WebP has no image data")?;
    let profile = profile(parts);
    let alpha = parts.alpha.filter(|_| header.frame.alpha && !header.frame.lossless);
    let hides_alpha = header.frame.lossless && announces_alpha(picture.data) != header.frame.alpha;
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    out.reserve_exact(
        picture.data.len() + alpha.map_or(0, <[u8]>::len) + profile.map_or(0, <[u8]>::len) + 64,
    );
    if profile.is_some() || alpha.is_some() || hides_alpha {
        let flags = if profile.is_some() { ICC } else { 0 } | if header.frame.alpha { ALPHA } else { 0 };
        let [w0, w1, w2, _] = (header.frame.width - 1).to_le_bytes();
        let [h0, h1, h2, _] = (header.frame.height - 1).to_le_bytes();
        chunks::write(*b"VP8X", &[flags, 0, 0, 0, w0, w1, w2, h0, h1, h2], &mut out);
    }
    if let Some(profile) = profile {
        chunks::write(*b"ICCP", profile, &mut out);
    }
    if let Some(alpha) = alpha {
        chunks::write(*b"ALPH", alpha, &mut out);
    }
    chunks::write(picture.name, picture.data, &mut out);
    let length = u32::try_from(out.len() - 8).or_undecodable("the WebP is too long")?;
    out[4..8].copy_from_slice(&length.to_le_bytes());
    Ok(out)
}

/// The alpha bit in the header of a VP8L picture.
fn announces_alpha(data: &[u8]) -> bool {
    data.get(4).is_some_and(|byte| byte & 0x10 != 0)
}
