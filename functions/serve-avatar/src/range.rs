//! `Range` (RFC 9110, 14).

use std::ops::RangeInclusive;

/// What a `Range` requests of an image.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Range {
    /// All of it: several ranges are answered with the whole image, and an invalid range is ignored.
    Whole,
    /// These bytes.
    Part(RangeInclusive<usize>),
    /// Bytes beyond its end.
    Unsatisfiable,
}

/// What `value` requests of an image of `length` bytes, at least one.
pub(crate) fn range(value: &str, length: usize) -> Range {
    let Some((first, last)) =
        value.trim().strip_prefix("bytes=").and_then(|range| range.trim().split_once('-'))
    else {
        return Range::Whole;
    };
    match (position(first), position(last)) {
        (None, Some(0)) if first.is_empty() => Range::Unsatisfiable,
        (None, Some(suffix)) if first.is_empty() => Range::Part(length.saturating_sub(suffix)..=length - 1),
        (Some(first), None) if last.is_empty() => part(first, usize::MAX, length),
        (Some(first), Some(last)) if first <= last => part(first, last, length),
        _ => Range::Whole,
    }
}

fn part(first: usize, last: usize, length: usize) -> Range {
    if first < length { Range::Part(first..=last.min(length - 1)) } else { Range::Unsatisfiable }
}

/// Digits only; a number that overflows is beyond the end of every image.
fn position(text: &str) -> Option<usize> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_parsed_as_in_the_rfc() {
        for (value, expected) in [
            ("bytes=0-9", Range::Part(0..=9)),
            ("bytes=90-200", Range::Part(90..=95)),
            ("bytes=95-", Range::Part(95..=95)),
            ("bytes=-5", Range::Part(91..=95)),
            ("bytes=-99999", Range::Part(0..=95)),
            ("bytes=0-99999999999999999999999", Range::Part(0..=95)),
            ("bytes=96-", Range::Unsatisfiable),
            ("bytes=-0", Range::Unsatisfiable),
            ("bytes=99999999999999999999999-", Range::Unsatisfiable),
            ("bytes=5-2", Range::Whole),
            ("bytes=-", Range::Whole),
            ("bytes=", Range::Whole),
            ("bytes=a-b", Range::Whole),
            ("bytes=+1-2", Range::Whole),
            ("bytes=0-1,3-4", Range::Whole),
            ("items=0-1", Range::Whole),
        ] {
            assert_eq!(range(value, 96), expected, "{value}");
        }
    }
}
