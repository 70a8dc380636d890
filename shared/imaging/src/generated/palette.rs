//! Colours that look well beside each other.

/// An opaque RGBA colour from a hue in degrees, with saturation and lightness in percent (CSS Color 4, 7).
///
/// Integer arithmetic, so that every machine draws the same.
pub(crate) fn hsl(hue: u32, saturation: u32, lightness: u32) -> [u8; 4] {
    let spread = saturation * lightness.min(100 - lightness);
    let channel = |offset: u32| {
        let turn = (offset * 30 + hue) % 360;
        // Stays at 0, rises, stays at 60, falls.
        let depth = turn.saturating_sub(60).min(300_u32.saturating_sub(turn)).min(60);
        let percent = i64::from(lightness) * 100 * 30 - i64::from(spread) * (i64::from(depth) - 30);
        u8::try_from((percent * 255 + 150_000) / 300_000).expect("between black and white")
    };
    [channel(0), channel(8), channel(4), u8::MAX]
}

/// A hue in degrees from two bytes.
pub(crate) fn hue(high: u8, low: u8) -> u32 {
    u32::from(u16::from_be_bytes([high, low])) % 360
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hues_are_those_of_css() {
        for (hue, saturation, lightness, rgb) in [
            (0, 100, 50, [255, 0, 0]),
            (60, 100, 50, [255, 255, 0]),
            (120, 100, 50, [0, 255, 0]),
            (180, 100, 50, [0, 255, 255]),
            (240, 100, 50, [0, 0, 255]),
            (300, 100, 50, [255, 0, 255]),
            (30, 100, 50, [255, 128, 0]),
            (210, 50, 40, [51, 102, 153]),
            (77, 0, 20, [51, 51, 51]),
            (200, 80, 100, [255, 255, 255]),
        ] {
            assert_eq!(hsl(hue, saturation, lightness)[..3], rgb, "{hue} {saturation} {lightness}");
        }
    }
}
