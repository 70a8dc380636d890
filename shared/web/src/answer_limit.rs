//! How large a response may be where a gateway carries it in one piece, and how long it may take.

use tokio::time::Instant;

/// Set in the extensions of a request by what carries its response in one piece. Without it a response may be
/// streamed, and of any size.
///
/// Bytes are counted as they are sent: text as a JSON string, anything else in base64.
#[derive(Clone, Copy, Debug)]
pub struct AnswerLimit {
    /// The size at which a list is cut.
    pub list_bytes: usize,
    /// Maximum size of a response.
    pub max_bytes: usize,
    /// When a list is cut, whatever its size.
    pub by: Instant,
}

impl AnswerLimit {
    /// Whether a response of this many bytes that are not text can be carried.
    pub fn carries_binary(&self, bytes: usize) -> bool {
        base64_bytes(bytes) <= self.max_bytes
    }
}

/// The length of this many bytes in base64.
pub fn base64_bytes(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// The length of `text` within a JSON string: quotes, backslashes and control characters are escaped,
/// everything else is unchanged.
pub fn json_string_bytes(text: &[u8]) -> usize {
    let escaped = |byte: &u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0x00..0x20 => 6,
        _ => 1,
    };
    text.iter().map(escaped).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_is_counted_as_it_is_written(text in any::<String>()) {
            let written = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(json_string_bytes(text.as_bytes()) + 2, written.len());
        }
    }

    #[test]
    fn every_control_character_is_counted_as_it_is_written() {
        for byte in 0..=0x7f {
            let text = char::from(byte).to_string();
            let written = serde_json::to_string(&text).unwrap();
            assert_eq!(json_string_bytes(text.as_bytes()) + 2, written.len(), "{byte:#x}");
        }
    }
}
