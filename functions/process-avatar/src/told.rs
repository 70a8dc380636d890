//! What an event tells: a notification of S3, or Roster's own words.

use domain::{AvatarKey, AvatarStored};
use serde::Deserialize;

/// What of it can be worked, and what nobody could.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) stored: Vec<AvatarStored>,
    pub(crate) poison: Option<String>,
}

/// Any of them: each has what the others lack.
#[derive(Deserialize)]
struct Payload {
    kind: Option<String>,
    key: Option<String>,
    traceparent: Option<String>,
    #[serde(rename = "Records")]
    records: Option<Vec<Record>>,
    #[serde(rename = "Event")]
    event: Option<String>,
}

/// The structure of S3's notifications (user guide of Amazon S3, "Event message structure").
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_source: Option<String>,
    event_name: Option<String>,
    s3: Option<OfS3>,
}

#[derive(Deserialize)]
struct OfS3 {
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

impl Told {
    /// Understands the payload of an event; objects must be of `bucket`, where there is one.
    pub(crate) fn read(payload: &str, bucket: Option<&str>) -> Self {
        let Ok(payload) = serde_json::from_str::<Payload>(payload) else {
            return Self::poisoned("it is no JSON of a known shape");
        };
        match payload {
            Payload { kind: Some(kind), key: Some(key), traceparent, .. } if kind == "avatar.stored" => {
                match key.parse() {
                    Ok(key) => {
                        let trace_parent = traceparent.and_then(|place| place.parse().ok());
                        Self { stored: vec![AvatarStored { key, trace_parent }], poison: None }
                    }
                    Err(_) => Self::poisoned("its key is not the key of an avatar"),
                }
            }
            Payload { kind: Some(_), .. } => {
                Self::poisoned("it is of a kind that this release does not know")
            }
            Payload { records: Some(records), .. } => {
                let mut told = Self::default();
                for record in records {
                    match record.stored(bucket) {
                        Ok(key) => told.stored.push(AvatarStored { key, trace_parent: None }),
                        Err(why) => told.poison = Some(why.to_owned()),
                    }
                }
                told
            }
            // S3 tries a queue out when it is told of it.
            Payload { event: Some(event), .. } if event == "s3:TestEvent" => Self::default(),
            _ => Self::poisoned("it is no event of S3, and none of Roster"),
        }
    }

    fn poisoned(why: &str) -> Self {
        Self { stored: Vec::new(), poison: Some(why.to_owned()) }
    }
}

impl Record {
    /// The image that was stored.
    fn stored(self, bucket: Option<&str>) -> Result<AvatarKey, &'static str> {
        let name = self.event_name.unwrap_or_default();
        if self.event_source.as_deref() != Some("aws:s3") || !name.starts_with("ObjectCreated:") {
            return Err("it tells of something else than an object that was created in S3");
        }
        let s3 = self.s3.ok_or("it names no object")?;
        if bucket.is_some_and(|bucket| bucket != s3.bucket.name) {
            return Err("its object is in another bucket than ROSTER_AVATARS_BUCKET");
        }
        form_decoded(&s3.object.key).parse().map_err(|_| "its object is not an avatar of Roster")
    }
}

/// S3 writes keys as forms do: `+` for a space, `%2F`.
fn form_decoded(key: &str) -> String {
    // The encoded text is a value, whatever it has of `&` and `=`: S3 writes those as `%26` and `%3D`.
    let pairs = form_urlencoded::parse(key.as_bytes());
    pairs
        .map(|(name, value)| if value.is_empty() { name.into_owned() } else { format!("{name}={value}") })
        .collect()
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

    fn read(payload: &Value) -> Told {
        Told::read(&payload.to_string(), Some("avatars"))
    }

    #[test]
    fn a_notification_names_each_object_however_its_key_is_written() {
        let key = key();
        for text in
            [key.to_string(), key.to_string().replace('/', "%2F"), key.to_string().replace('-', "%2d")]
        {
            let told = read(&json!({"Records": [record("avatars", &text), record("avatars", &text)]}));
            let stored = AvatarStored { key, trace_parent: None };
            assert_eq!(told, Told { stored: vec![stored, stored], poison: None }, "{text}");
        }
    }

    #[test]
    fn an_event_of_roster_says_what_it_is_part_of() {
        let trace_parent = Some(TraceParent { trace_id: [1; 16], span_id: [2; 8], sampled: true });
        let stored = AvatarStored { key: key(), trace_parent };
        assert_eq!(Told::read(&stored.to_string(), None), Told { stored: vec![stored], poison: None });
    }

    #[test]
    fn a_test_of_the_queue_is_nothing_to_do() {
        let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "avatars"});
        assert_eq!(read(&test), Told::default());
    }

    #[test]
    fn what_nobody_could_work_is_poison_and_says_why() {
        let key = key();
        let deleted = {
            let mut record = record("avatars", &key.to_string());
            record["eventName"] = json!("ObjectRemoved:Delete");
            record
        };
        for (payload, why) in [
            (json!("text"), "no JSON of a known shape"),
            (json!({"Records": [{"s3": 1}]}), "no JSON of a known shape"),
            (json!({}), "no event of S3"),
            (json!({"Records": [{}]}), "something else"),
            (json!({"Records": [deleted]}), "something else"),
            (json!({"Records": [record("other", &key.to_string())]}), "another bucket"),
            (json!({"Records": [record("avatars", "renditions/a.png")]}), "not an avatar"),
            (json!({"Records": [record("avatars", "avatars/a+b/%20%C3%A9.png")]}), "not an avatar"),
            (json!({"Records": [record("avatars", &format!("{key}+"))]}), "not an avatar"),
            (json!({"kind": "user.renamed"}), "a kind that this release does not know"),
            (json!({"kind": "avatar.stored", "key": "avatars/x"}), "not the key of an avatar"),
        ] {
            let told = read(&payload);
            assert!(told.poison.as_ref().is_some_and(|poison| poison.contains(why)), "{payload}: {told:?}");
            assert_eq!(told.stored, []);
        }
    }

    #[test]
    fn what_is_good_beside_poison_is_worked() {
        let key = key();
        let told = read(&json!({"Records": [record("other", "x"), record("avatars", &key.to_string())]}));
        assert_eq!(told.stored, [AvatarStored { key, trace_parent: None }]);
        assert!(told.poison.is_some());
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
            let _ = Told::read(&text, None);
            let told = read(&json!({"Records": [record("avatars", &key)]}));
            prop_assert!(told.poison.is_some() || !told.stored.is_empty());
        }
    }
}
