//! The JSON of Roster's own event: `{"kind":"avatar.stored","key":"avatars/…","traceparent":"00-…"}`, the last
//! only where it is known. It is what SQS carries, and what operators see.

use domain::{AvatarStored, Delivery};

/// The kind of an event, of which there is one.
pub(crate) const AVATAR_STORED: &str = "avatar.stored";

/// Why an event of another kind is poison.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "sqs"))]
pub(crate) const UNKNOWN_KIND: &str = "this release does not know the event kind";

/// The text of an event.
pub fn write(event: &AvatarStored) -> String {
    let AvatarStored { key, trace_parent } = event;
    // Nothing in it needs escaping: digits, letters, hyphens, slashes and a dot.
    let member = trace_parent.map(|parent| format!(r#","traceparent":"{parent}""#)).unwrap_or_default();
    format!(r#"{{"kind":"{AVATAR_STORED}","key":"{key}"{member}}}"#)
}

/// The text of a delivered event: as its queue carries it, or else as it would be sent.
pub fn payload(delivery: &Delivery) -> String {
    match &delivery.raw {
        Some(raw) => raw.clone(),
        None => delivery.event.stored.iter().map(write).collect(),
    }
}

/// Reads the text of an event; `None` if it is not one of Roster's, which all have a kind.
#[cfg(feature = "sqs")]
pub(crate) fn read(text: &str) -> Option<domain::DecodedEvent> {
    #[derive(serde::Deserialize)]
    struct Event {
        kind: String,
        key: Option<String>,
        traceparent: Option<String>,
    }

    let Event { kind, key, traceparent } = serde_json::from_str(text).ok()?;
    let Some(key) = key.filter(|_| kind == AVATAR_STORED) else {
        return Some(domain::DecodedEvent::poisoned(UNKNOWN_KIND));
    };
    let Ok(key) = key.parse() else {
        return Some(domain::DecodedEvent::poisoned("the key is not an avatar key"));
    };
    let trace_parent = traceparent.and_then(|parent| parent.parse().ok());
    Some(AvatarStored { key, trace_parent }.into())
}

#[cfg(all(test, feature = "sqs"))]
mod tests {
    use domain::{AvatarKey, DecodedEvent, ImageFormat, TraceParent, UploadId, UserId};

    use super::*;

    #[test]
    fn an_event_has_a_traceparent_only_where_it_is_known_and_is_read_as_it_was_written() {
        let key = AvatarKey {
            user: UserId::from_bytes([0; 32]),
            upload: UploadId::new(),
            format: ImageFormat::Png,
        };
        let mut event = AvatarStored { key, trace_parent: None };
        assert_eq!(write(&event), format!(r#"{{"kind":"avatar.stored","key":"{key}"}}"#));
        assert_eq!(read(&write(&event)), Some(event.into()));
        let parent = TraceParent { trace_id: [1; 16], span_id: [2; 8], sampled: true };
        event.trace_parent = Some(parent);
        assert!(write(&event).ends_with(&format!(r#"","traceparent":"{parent}"}}"#)));
        assert_eq!(read(&write(&event)), Some(event.into()));
    }

    #[test]
    fn an_event_of_another_kind_is_poison_and_other_json_is_no_event() {
        for (text, why) in [
            (r#"{"kind":"user.renamed"}"#, UNKNOWN_KIND),
            (r#"{"kind":"avatar.stored"}"#, UNKNOWN_KIND),
            (r#"{"kind":"avatar.stored","key":"avatars/x"}"#, "the key is not an avatar key"),
        ] {
            assert_eq!(read(text), Some(DecodedEvent::poisoned(why)), "{text}");
        }
        for text in ["", "text", "{}", r#"{"key":"avatars/x"}"#, r#"{"Records":[]}"#] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
