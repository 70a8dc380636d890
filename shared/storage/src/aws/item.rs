//! A user as an item of the table.
//!
//! Other readers expect `name`, `email` and `avatar_url` in an item; the other attributes are Roster's. An
//! item that another program wrote has no `avatar_key`, and perhaps nothing but those three.

use std::{borrow::Cow, collections::HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    Avatar, AvatarKey, Digest, DisplayName, Email, EmailHashes, Error, Idempotency, ListedAvatar, ListedUser,
    Md5, Timestamp, UploadId, User, UserId, Version,
};

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) const ID: &str = "id";
pub(super) const NAME: &str = "name";
pub(super) const EMAIL: &str = "email";
pub(super) const AVATAR_URL: &str = "avatar_url";
pub(super) const AVATAR_KEY: &str = "avatar_key";
pub(super) const AVATAR_DIGEST: &str = "avatar_digest";
pub(super) const MD5: &str = "md5";
/// The hashes of the other form of the e-mail, if it has one; both are keys of an index.
pub(super) const OTHER_ID: &str = "other_id";
pub(super) const OTHER_MD5: &str = "other_md5";
pub(super) const VERSION: &str = "version";
pub(super) const CREATED_AT: &str = "created_at";
pub(super) const UPDATED_AT: &str = "updated_at";
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency_key";
pub(super) const PAYLOAD_DIGEST: &str = "payload_digest";
/// Identifies the last write of the item, so that a retried rename recognises its own write.
pub(super) const WRITE_ID: &str = "write_id";
pub(super) const ENVIRONMENT: &str = "environment";

/// The id of the item that names the environment. No user's id begins with `#`.
pub(super) const SENTINEL: &str = "#roster";

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A time as it is stored: RFC 3339, to the millisecond.
pub(super) fn time(time: Timestamp) -> AttributeValue {
    text(time.to_string())
}

/// The item of a new user, whose image is `key`.
pub(super) fn of(
    user: &User,
    key: &AvatarKey,
    digest: &Digest,
    avatar_url: String,
    idempotency: Option<&Idempotency>,
) -> Item {
    let EmailHashes { md5, other } = EmailHashes::of(&user.id, &user.email);
    let mut item = Item::from([
        (ID.to_owned(), text(user.id.to_string())),
        (NAME.to_owned(), text(user.name.as_str())),
        (EMAIL.to_owned(), text(user.email.as_str())),
        (AVATAR_URL.to_owned(), text(avatar_url)),
        (AVATAR_KEY.to_owned(), text(key.to_string())),
        (AVATAR_DIGEST.to_owned(), text(digest.to_string())),
        (MD5.to_owned(), text(md5.to_string())),
        (VERSION.to_owned(), number(user.version.0)),
        (CREATED_AT.to_owned(), time(user.created_at)),
        (UPDATED_AT.to_owned(), time(user.updated_at)),
        (WRITE_ID.to_owned(), text(key.upload.to_string())),
    ]);
    if let Some(request) = idempotency {
        item.insert(IDEMPOTENCY_KEY.to_owned(), text(request.key.as_str()));
        item.insert(PAYLOAD_DIGEST.to_owned(), text(request.payload.to_string()));
    }
    if let Some(other) = other {
        item.extend(other_hashes(&other).map(|(name, value)| (name.to_owned(), value)));
    }
    item
}

/// The attributes with the hashes of the other form of an e-mail.
pub(super) fn other_hashes((id, md5): &(UserId, Md5)) -> [(&'static str, AttributeValue); 2] {
    [(OTHER_ID, text(id.to_string())), (OTHER_MD5, text(md5.to_string()))]
}

/// The user of an item.
///
/// # Errors
/// [`Error::Damaged`] for an attribute that is missing or invalid; it names the attribute, not its value.
pub(super) fn user(item: &Item) -> Result<User, Error> {
    let avatar = match image(item)? {
        ItemImage::Kept(key) => Avatar::Kept { key, digest: digest(required(item, AVATAR_DIGEST)?)? },
        ItemImage::Removed => Avatar::Generated,
        ItemImage::Elsewhere => Avatar::Elsewhere { url: required(item, AVATAR_URL)?.to_owned() },
    };
    let created_at = moment(item, CREATED_AT)?.unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(User {
        id: required(item, ID)?.parse().map_err(|_| damaged(ID))?,
        name: DisplayName::from_store(required(item, NAME)?.to_owned()),
        email: Email::from_store(required(item, EMAIL)?.to_owned()),
        avatar,
        version: Version(version(item)?),
        created_at,
        updated_at: moment(item, UPDATED_AT)?.unwrap_or(created_at),
    })
}

/// What a listing shows of an item; its id may have any form.
///
/// # Errors
/// As for [`user`].
pub(super) fn listed(item: &Item) -> Result<ListedUser<'_>, Error> {
    let avatar = match image(item)? {
        ItemImage::Kept(key) => ListedAvatar::Kept(key),
        ItemImage::Removed => ListedAvatar::Generated(required(item, ID)?.parse().map_err(|_| damaged(ID))?),
        ItemImage::Elsewhere => {
            ListedAvatar::Elsewhere { url: required(item, AVATAR_URL)?, key: required(item, ID)? }
        }
    };
    Ok(ListedUser { name: required(item, NAME)?, email: required(item, EMAIL)?, avatar })
}

/// Where an item's image is.
enum ItemImage {
    Kept(AvatarKey),
    /// Its key is `NULL`.
    Removed,
    /// Other programs write no key at all.
    Elsewhere,
}

fn image(item: &Item) -> Result<ItemImage, Error> {
    match item.get(AVATAR_KEY) {
        None => Ok(ItemImage::Elsewhere),
        Some(AttributeValue::Null(_)) => Ok(ItemImage::Removed),
        Some(AttributeValue::S(key)) => key.parse().map(ItemImage::Kept).map_err(|_| damaged(AVATAR_KEY)),
        Some(_) => Err(damaged(AVATAR_KEY)),
    }
}

/// Whether the item references this image.
pub(super) fn references(item: &Item, key: &AvatarKey) -> bool {
    optional(item, AVATAR_KEY).is_some_and(|named| named == key.to_string())
}

/// Whether the write with this id was the item's last.
pub(super) fn was_written_by(item: &Item, write: &UploadId) -> bool {
    optional(item, WRITE_ID).is_some_and(|id| id == write.to_string())
}

/// The text of an attribute, if it exists.
pub(super) fn optional<'item>(item: &'item Item, name: &str) -> Option<&'item str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

pub(super) fn required<'item>(item: &'item Item, name: &'static str) -> Result<&'item str, Error> {
    optional(item, name).ok_or_else(|| damaged(name))
}

fn version(item: &Item) -> Result<u64, Error> {
    let Some(value) = item.get(VERSION) else { return Ok(0) };
    value.as_n().ok().and_then(|number| number.parse().ok()).ok_or_else(|| damaged(VERSION))
}

fn moment(item: &Item, name: &'static str) -> Result<Option<Timestamp>, Error> {
    optional(item, name).map(|text| text.parse().map_err(|_| damaged(name))).transpose()
}

fn digest(hex: &str) -> Result<Digest, Error> {
    hex.parse().map_err(|_| damaged(AVATAR_DIGEST))
}

fn damaged(attribute: &'static str) -> Error {
    let why: Cow<'static, str> = format!("attribute `{attribute}` of an item is missing or invalid").into();
    Error::damaged(why)
}
