//! Decodes a message of the queue of events: an S3 notification, or an event of Roster itself.

use domain::{AvatarKey, AvatarStored, DecodedEvent};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::event_json;

/// A message of S3. The members that are present determine its kind.
#[derive(Deserialize)]
struct Notification {
    #[serde(rename = "Records")]
    records: Option<Vec<Record>>,
    #[serde(rename = "Event")]
    event: Option<String>,
}

/// An S3 notification (Amazon S3 User Guide, "Event message structure").
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_source: Option<String>,
    event_name: Option<String>,
    s3: Option<S3Object>,
}

#[derive(Deserialize)]
struct S3Object {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
struct Object {
    key: String,
}

/// Decodes the body of a message; if `bucket` is set, objects must be in it.
pub fn decode(body: &str, bucket: Option<&str>) -> DecodedEvent {
    if let Some(event) = event_json::read(body) {
        return event;
    }
    let Ok(notification) = serde_json::from_str::<Notification>(body) else {
        return DecodedEvent::poisoned("the payload is not JSON of a known shape");
    };
    match notification {
        Notification { records: Some(records), .. } => {
            let mut decoded = DecodedEvent::default();
            for record in records {
                match record.stored(bucket) {
                    Ok(key) => decoded.stored.push(AvatarStored { key, trace_parent: None }),
                    Err(why) => decoded.poison = Some(why.to_owned()),
                }
            }
            decoded
        }
        // S3 sends a test event when notifications are configured.
        Notification { event: Some(event), .. } if event == "s3:TestEvent" => DecodedEvent::default(),
        Notification { .. } => {
            DecodedEvent::poisoned("the payload is neither an S3 event nor a Roster event")
        }
    }
}

impl Record {
    /// The image that was stored.
    fn stored(self, bucket: Option<&str>) -> Result<AvatarKey, &'static str> {
        let name = self.event_name.unwrap_or_default();
        if self.event_source.as_deref() != Some("aws:s3") || !name.starts_with("ObjectCreated:") {
            return Err("the record is not an ObjectCreated event of S3");
        }
        let s3 = self.s3.ok_or("the record has no object")?;
        if bucket.is_some_and(|bucket| bucket != s3.bucket.name) {
            return Err("the object is in another bucket than ROSTER_AVATARS_BUCKET");
        }
        form_decoded(&s3.object.key).parse().map_err(|_| "the object key is not an avatar key")
    }
}

/// S3 encodes keys as forms do: `+` for a space, `%2F`.
fn form_decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use domain::{ImageFormat, TraceParent, UploadId, UserId};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn key() -> AvatarKey {
        let user = UserId::from_bytes([7; 32]);
        AvatarKey { user, upload: UploadId::new(), format: ImageFormat::Jpeg }
    }

    fn record(bucket: &str, key: &str) -> Value {
        json!({"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": 9, "versionId": "abc.DEF"}}})
    }

    fn read(payload: &Value) -> DecodedEvent {
        decode(&payload.to_string(), Some("avatars"))
    }

    #[test]
    fn object_keys_of_a_notification_are_decoded_in_every_spelling() {
        let key = key();
        for text in
            [key.to_string(), key.to_string().replace('/', "%2F"), key.to_string().replace('-', "%2d")]
        {
            let decoded = read(&json!({"Records": [record("avatars", &text), record("avatars", &text)]}));
            let stored = AvatarStored { key, trace_parent: None };
            assert_eq!(decoded, DecodedEvent { stored: vec![stored, stored], poison: None }, "{text}");
        }
    }

    #[test]
    fn an_event_of_roster_carries_its_trace_parent() {
        let trace_parent = Some(TraceParent { trace_id: [1; 16], span_id: [2; 8], sampled: true });
        let stored = AvatarStored { key: key(), trace_parent };
        assert_eq!(
            decode(&event_json::write(&stored), None),
            DecodedEvent { stored: vec![stored], poison: None }
        );
    }

    #[test]
    fn a_test_event_is_ignored() {
        let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "avatars"});
        assert_eq!(read(&test), DecodedEvent::default());
    }

    #[test]
    fn an_undecodable_event_is_poison_with_a_reason() {
        let key = key();
        let deleted = {
            let mut record = record("avatars", &key.to_string());
            record["eventName"] = json!("ObjectRemoved:Delete");
            record
        };
        for (payload, why) in [
            (json!("text"), "not JSON of a known shape"),
            (json!({"Records": [{"s3": 1}]}), "not JSON of a known shape"),
            (json!({}), "neither an S3 event"),
            (json!({"Records": [{}]}), "not an ObjectCreated event"),
            (json!({"Records": [deleted]}), "not an ObjectCreated event"),
            (json!({"Records": [record("other", &key.to_string())]}), "another bucket"),
            (json!({"Records": [record("avatars", "renditions/a.png")]}), "not an avatar key"),
            (json!({"Records": [record("avatars", "avatars/a+b/%20%C3%A9.png")]}), "not an avatar key"),
            (json!({"Records": [record("avatars", &format!("{key}+"))]}), "not an avatar key"),
            (json!({"kind": "user.renamed"}), "does not know the event kind"),
            (json!({"kind": "avatar.stored", "key": "avatars/x"}), "not an avatar key"),
        ] {
            let decoded = read(&payload);
            let poison = decoded.poison.as_deref();
            assert!(poison.is_some_and(|poison| poison.contains(why)), "{payload}: {decoded:?}");
            assert_eq!(decoded.stored, []);
        }
    }

    #[test]
    fn valid_records_beside_poison_are_decoded() {
        let key = key();
        let decoded = read(&json!({"Records": [record("other", "x"), record("avatars", &key.to_string())]}));
        assert_eq!(decoded.stored, [AvatarStored { key, trace_parent: None }]);
        assert!(decoded.poison.is_some());
    }

    #[test]
    fn a_key_is_decoded_as_a_form() {
        for (written, key) in
            [("a+b", "a b"), ("a%20b", "a b"), ("a%2Bb", "a+b"), ("%C3%A9", "é"), ("a%3Db", "a=b")]
        {
            assert_eq!(form_decoded(written), key, "{written}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String, key in "[a-z0-9/%+.]{0,60}") {
            let _ = decode(&text, None);
            let decoded = read(&json!({"Records": [record("avatars", &key)]}));
            prop_assert!(decoded.poison.is_some() || !decoded.stored.is_empty());
        }
    }
}
