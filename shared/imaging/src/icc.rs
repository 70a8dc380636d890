//! Which colour profiles (ICC.1:2022, 7.2) are kept.

use crate::read;

/// The colours that pixels and profile must agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colours {
    /// One channel.
    Grey,
    /// Red, green and blue, however they are encoded.
    Rgb,
    /// Four inks.
    Cmyk,
}

/// The smallest profile: header and an empty tag table.
const MIN_BYTES: usize = 132;

/// Whether these bytes are a complete profile, with nothing after it, for pixels of these colours.
///
/// A profile of other colours would make viewers show wrong ones, so it is dropped like any other metadata.
pub(crate) fn fits(profile: &[u8], colours: Colours) -> bool {
    profile.len() >= MIN_BYTES && header_fits(profile, profile.len(), colours)
}

/// As [`fits`], from the first 40 bytes of a profile of `length` bytes.
pub(crate) fn header_fits(header: &[u8], length: usize, colours: Colours) -> bool {
    let space: &[u8] = match colours {
        Colours::Grey => b"GRAY",
        Colours::Rgb => b"RGB ",
        Colours::Cmyk => b"CMYK",
    };
    length >= MIN_BYTES
        && read::be32(header, 0).is_some_and(|size| usize::try_from(size) == Ok(length))
        && read::slice(header, 16, 4) == Some(space)
        && read::slice(header, 36, 4) == Some(b"acsp")
}

/// Whether a profile converts by tables (`AToB0Tag` and its kin, 9.2.1) rather than by matrix and curves.
pub(crate) fn has_tables(profile: &[u8]) -> bool {
    let tags = profile.get(MIN_BYTES..).unwrap_or_default().chunks_exact(12);
    let count = read::be32(profile, MIN_BYTES - 4).map_or(0, |count| count as usize);
    tags.take(count).any(|tag| tag.starts_with(b"A2B"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_whole_and_of_the_colours_of_the_pixels() {
        let mut profile = vec![0; 140];
        profile[..4].copy_from_slice(&140u32.to_be_bytes());
        profile[16..20].copy_from_slice(b"RGB ");
        profile[36..40].copy_from_slice(b"acsp");
        assert!(fits(&profile, Colours::Rgb));
        assert!(!fits(&profile, Colours::Grey));
        assert!(!fits(&profile[..139], Colours::Rgb));
        profile.extend(b"<script>");
        assert!(!fits(&profile, Colours::Rgb));
        assert!(!fits(b"", Colours::Rgb));
    }
}
