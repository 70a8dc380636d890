//! Where in a trace something happened (W3C Trace Context, `traceparent`).

use std::{fmt, str::FromStr};

/// A place in a trace: which trace, which span of it, and whether it is recorded. It travels with an upload to the
/// worker. Shown as `00-{32 hex digits}-{16}-{2}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    /// Names the trace; never all zero.
    pub trace_id: [u8; 16],
    /// Names the span; never all zero.
    pub span_id: [u8; 8],
    /// Whether whoever began the trace records it.
    pub sampled: bool,
}

/// The text is no `traceparent`.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a traceparent")]
pub struct NotATraceParent;

impl FromStr for TraceParent {
    type Err = NotATraceParent;

    /// Reads version `00`, and of later versions the part that `00` knows.
    fn from_str(text: &str) -> Result<Self, NotATraceParent> {
        let (known, later) = text.split_at_checked(55).ok_or(NotATraceParent)?;
        let [version, trace, span, flags] =
            <[&str; 4]>::try_from(known.split('-').collect::<Vec<_>>()).map_err(|_| NotATraceParent)?;
        let version = bytes::<1>(version)?[0];
        let ends = later.is_empty() || (version > 0 && later.starts_with('-'));
        let place =
            Self { trace_id: bytes(trace)?, span_id: bytes(span)?, sampled: bytes::<1>(flags)?[0] & 1 == 1 };
        let names = place.trace_id != [0; 16] && place.span_id != [0; 8];
        if ends && names && version != 0xff { Ok(place) } else { Err(NotATraceParent) }
    }
}

fn bytes<const N: usize>(hex: &str) -> Result<[u8; N], NotATraceParent> {
    crate::user_id::read_hex(hex).ok_or(NotATraceParent)
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("00-")?;
        crate::user_id::write_hex(f, &self.trace_id)?;
        f.write_str("-")?;
        crate::user_id::write_hex(f, &self.span_id)?;
        f.write_str(if self.sampled { "-01" } else { "-00" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_place_survives_its_text() {
        assert_eq!(TEXT.parse::<TraceParent>().unwrap().to_string(), TEXT);
        let quiet = TEXT.replace("-01", "-00");
        assert_eq!(quiet.parse::<TraceParent>().unwrap().to_string(), quiet);
    }

    #[test]
    fn of_a_later_version_the_known_part_is_read() {
        let later = format!("{}-what-comes-later", TEXT.replacen("00", "cc", 1));
        assert_eq!(later.parse::<TraceParent>().unwrap().to_string(), TEXT);
    }

    #[test]
    fn what_is_no_traceparent_is_refused() {
        for text in [
            "",
            &TEXT[..54],
            &TEXT.to_uppercase(),
            &TEXT.replacen("00", "ff", 1),
            &format!("{TEXT}-more"),
            &format!("{}x", TEXT.replacen("00", "cc", 1)),
            &TEXT.replace("b7ad6b7169203331", "0000000000000000"),
            &TEXT.replace("0af7651916cd43dd8448eb211c80319c", "00000000000000000000000000000000"),
            &TEXT.replace('-', "_"),
            &"é".repeat(40),
        ] {
            assert_eq!(text.parse::<TraceParent>(), Err(NotATraceParent), "{text}");
        }
    }
}
