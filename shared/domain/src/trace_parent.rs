//! A position in a trace (W3C Trace Context, `traceparent`).

use std::{fmt, str::FromStr};

/// Trace id, span id and sampling flag. Shown as `00-{32 hex digits}-{16}-{2}`. It travels with an upload to
/// the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    /// Never all zero.
    pub trace_id: [u8; 16],
    /// Never all zero.
    pub span_id: [u8; 8],
    /// Whether the caller may have recorded the trace.
    pub sampled: bool,
}

/// The text is not a `traceparent`.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a traceparent")]
pub struct NotATraceParent;

impl FromStr for TraceParent {
    type Err = NotATraceParent;

    /// Reads version `00`, and of later versions the fields of version `00`.
    fn from_str(text: &str) -> Result<Self, NotATraceParent> {
        let (known, later) = text.split_at_checked(55).ok_or(NotATraceParent)?;
        let [version, trace, span, flags] =
            <[&str; 4]>::try_from(known.split('-').collect::<Vec<_>>()).map_err(|_| NotATraceParent)?;
        let version = bytes::<1>(version)?[0];
        let ends = later.is_empty() || (version > 0 && later.starts_with('-'));
        let parent =
            Self { trace_id: bytes(trace)?, span_id: bytes(span)?, sampled: bytes::<1>(flags)?[0] & 1 == 1 };
        let names = parent.trace_id != [0; 16] && parent.span_id != [0; 8];
        if ends && names && version != 0xff { Ok(parent) } else { Err(NotATraceParent) }
    }
}

impl TraceParent {
    /// The trace id: 32 hex digits.
    pub fn trace_id_hex(&self) -> impl fmt::Display + use<> {
        Hex(self.trace_id)
    }

    /// The span id: 16 hex digits.
    pub fn span_id_hex(&self) -> impl fmt::Display + use<> {
        Hex(self.span_id)
    }
}

struct Hex<const N: usize>([u8; N]);

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::user_id::write_hex(f, &self.0)
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
    fn a_traceparent_round_trips() {
        let parent = TEXT.parse::<TraceParent>().unwrap();
        assert_eq!(parent.to_string(), TEXT);
        assert_eq!(parent.trace_id_hex().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(parent.span_id_hex().to_string(), "b7ad6b7169203331");
        let quiet = TEXT.replace("-01", "-00");
        assert_eq!(quiet.parse::<TraceParent>().unwrap().to_string(), quiet);
    }

    #[test]
    fn later_versions_are_read_as_version_00() {
        let later = format!("{}-what-comes-later", TEXT.replacen("00", "cc", 1));
        assert_eq!(later.parse::<TraceParent>().unwrap().to_string(), TEXT);
    }

    #[test]
    fn malformed_texts_are_refused() {
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
