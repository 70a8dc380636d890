//! How large an answer may be where something carries it in one piece, and until when it may be worked on.

use tokio::time::Instant;

/// Whatever carries answers in one piece puts this into the extensions of a request; without it an answer may be
/// streamed, and of any size.
///
/// Bytes are counted as they travel: text as a JSON string, anything else in base64.
#[derive(Clone, Copy, Debug)]
pub struct AnswerLimit {
    /// Where a list is cut.
    pub list_bytes: usize,
    /// What no answer may pass.
    pub max_bytes: usize,
    /// When a list is cut, however short it still is.
    pub by: Instant,
}

impl AnswerLimit {
    /// Whether an answer of so many bytes that are no text can be carried.
    pub fn carries_binary(&self, bytes: usize) -> bool {
        base64_bytes(bytes) <= self.max_bytes
    }
}

/// What so many bytes take in base64.
pub fn base64_bytes(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// What `text` takes within a JSON string: quotes, backslashes and control characters are escaped, everything else
/// stands as it is.
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
