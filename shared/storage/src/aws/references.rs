//! Which uploads an item references: by its key, and by its URL, which is all that an item of another program
//! has.

use std::borrow::Cow;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{AvatarKey, UploadId};
use percent_encoding::percent_decode_str;

use super::item::{AVATAR_KEY, AVATAR_URL, ID, Item, optional};

/// A URL may be nested in others, percent-encoded once for each.
const ENCODED_AT_MOST: usize = 3;

/// Whether the item may reference this upload. With an invalid attribute it may.
pub(super) fn may_reference(item: &Item, upload: &UploadId) -> bool {
    let by_key = match item.get(AVATAR_KEY) {
        None | Some(AttributeValue::Null(_)) => false,
        Some(AttributeValue::S(key)) => {
            key.parse::<AvatarKey>().is_ok_and(|key| key.upload == *upload)
                || key.parse::<AvatarKey>().is_err()
        }
        Some(_) => true,
    };
    let by_url = match item.get(AVATAR_URL) {
        None | Some(AttributeValue::Null(_)) => false,
        Some(AttributeValue::S(url)) => uploads_in(url).contains(upload),
        Some(_) => true,
    };
    by_key || by_url
}

/// The uploads that an item references although they are not its user's own.
pub(super) fn referenced_elsewhere(item: &Item) -> Vec<UploadId> {
    let texts = [AVATAR_KEY, AVATAR_URL].iter().filter_map(|name| item.get(*name)).flat_map(texts);
    let mut uploads: Vec<_> = texts.flat_map(uploads_in).collect();
    let own = optional(item, AVATAR_KEY).and_then(|key| key.parse::<AvatarKey>().ok());
    let own = own.filter(|key| optional(item, ID) == Some(&key.user.to_string()));
    uploads.retain(|upload| own.is_none_or(|key| key.upload != *upload));
    uploads
}

/// Every upload in a URL, percent-encoded up to [`ENCODED_AT_MOST`] times.
fn uploads_in(url: &str) -> Vec<UploadId> {
    let mut url = Cow::Borrowed(url);
    for _ in 0..ENCODED_AT_MOST {
        if !url.contains('%') {
            break;
        }
        url = percent_decode_str(&url).decode_utf8_lossy().into_owned().into();
    }
    UploadId::all_in(&url).collect()
}

/// Every text of an attribute, whatever its type.
fn texts(value: &AttributeValue) -> Vec<&str> {
    match value {
        AttributeValue::S(text) => vec![text],
        AttributeValue::Ss(texts) => texts.iter().map(String::as_str).collect(),
        AttributeValue::L(values) => values.iter().flat_map(texts).collect(),
        AttributeValue::M(values) => values.values().flat_map(texts).collect(),
        AttributeValue::B(bytes) => str::from_utf8(bytes.as_ref()).into_iter().collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use domain::{ImageFormat, UserId};

    use super::*;
    use crate::aws::item::text;

    fn key() -> AvatarKey {
        AvatarKey { user: UserId::from_bytes([7; 32]), upload: UploadId::new(), format: ImageFormat::Png }
    }

    fn item(attributes: &[(&str, AttributeValue)]) -> Item {
        attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    /// Percent-encodes every byte of a text.
    fn escaped(text: &str) -> String {
        use std::fmt::Write as _;
        text.bytes().fold(String::new(), |mut escaped, byte| {
            write!(escaped, "%{byte:02x}").unwrap();
            escaped
        })
    }

    #[test]
    fn a_key_and_a_url_reference_an_upload_in_any_spelling() {
        let (key, other) = (key(), key().to_string());
        for (name, value) in [
            (AVATAR_KEY, key.to_string()),
            (AVATAR_URL, format!("https://cdn.example.org/{key}")),
            (AVATAR_URL, format!("https://cdn.example.org/{key}?size=80#x")),
            (AVATAR_URL, format!("https://cdn.example.org/{}", key.to_string().to_uppercase())),
            (AVATAR_URL, format!("https://proxy.example.org/?url={}", escaped(&key.to_string()))),
            (AVATAR_URL, format!("https://proxy.example.org/?url={}", escaped(&escaped(&key.to_string())))),
            (AVATAR_URL, format!("https://cdn.example.org/thumbnails/{}.webp", key.upload)),
        ] {
            let item = item(&[(name, text(value.clone()))]);
            assert!(may_reference(&item, &key.upload), "{value}");
            assert_eq!(referenced_elsewhere(&item), [key.upload], "without an id it is not its own: {value}");
        }
        for item in [
            item(&[]),
            item(&[(AVATAR_KEY, AttributeValue::Null(true)), (AVATAR_URL, text("https://example.org/%%%"))]),
            item(&[(AVATAR_KEY, text(other.clone())), (AVATAR_URL, text(format!("https://e.org/{other}")))]),
        ] {
            assert!(!may_reference(&item, &key.upload), "{item:?}");
        }
    }

    #[test]
    fn an_invalid_attribute_may_reference_any_upload() {
        for (name, value) in [
            (AVATAR_KEY, text("../grace")),
            (AVATAR_KEY, text("")),
            (AVATAR_KEY, AttributeValue::N("1".to_owned())),
            (AVATAR_URL, AttributeValue::M([].into())),
        ] {
            assert!(may_reference(&item(&[(name, value.clone())]), &UploadId::new()), "{name} {value:?}");
        }
    }

    #[test]
    fn a_user_s_own_image_is_not_referenced_elsewhere() {
        let key = key();
        let url = text(format!("https://example.org/{key}"));
        let own = [
            (ID, text(key.user.to_string())),
            (AVATAR_KEY, text(key.to_string())),
            (AVATAR_URL, url.clone()),
        ];
        assert_eq!(referenced_elsewhere(&item(&own)), []);
        let others = [(ID, text("grace@example.org")), own[1].clone(), own[2].clone()];
        assert_eq!(referenced_elsewhere(&item(&others)), [key.upload, key.upload]);
        let list = AttributeValue::L(vec![AttributeValue::M([("at".to_owned(), url)].into())]);
        assert_eq!(referenced_elsewhere(&item(&[(AVATAR_URL, list)])), [key.upload]);
    }
}
