//! Users and images to test with, and assertions about any store.

use bytes::Bytes;
use domain::{
    Avatar, AvatarKey, Created, Digest, DirectUpload, DirectUploadId, DirectUploadType, DisplayName, Email,
    Error, Idempotency, IdempotencyKey, Image, ImageFormat, NewAvatar, NewUser, Stores, Timestamp, User,
    UserId,
};

/// An image whose bytes are `content`. A store does not look into it.
pub fn image(content: &str) -> Image {
    Image::new(ImageFormat::Png, Bytes::copy_from_slice(content.as_bytes()))
}

/// A new upload of an image whose bytes are `content`.
pub fn avatar(content: &str) -> NewAvatar {
    NewAvatar::new(image(content), None)
}

/// Where the user's image is kept.
pub fn key(user: &User) -> AvatarKey {
    *user.avatar.key().expect("this store keeps it")
}

/// `{who}@example.org`, with an image of their own.
pub fn new_user(who: &str) -> NewUser {
    with_email(who, email(&format!("{who}@example.org")))
}

/// The same with this e-mail.
pub fn with_email(who: &str, email: Email) -> NewUser {
    NewUser {
        name: name(&format!("Name of {who}")),
        id: UserId::of(&email),
        email,
        avatar: avatar(&format!("image of {who}")),
        created_at: time(0),
        idempotency: None,
    }
}

/// The same with this image.
pub fn with_image(who: &str, image: Image) -> NewUser {
    NewUser { avatar: NewAvatar::new(image, None), ..new_user(who) }
}

/// The name, checked.
pub fn name(text: &str) -> DisplayName {
    DisplayName::parse(text).expect("a name")
}

/// The address, checked.
pub fn email(text: &str) -> Email {
    Email::parse(text).expect("an address")
}

/// Some milliseconds after a moment that is not a full second.
pub fn time(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(1_700_000_000_123 + ms).expect("a time")
}

/// A request's key and the digest of its payload.
pub fn idempotency(key: &str, payload: &str) -> Option<Idempotency> {
    let key = IdempotencyKey::parse(key).expect("a key");
    Some(Idempotency { key, payload: Digest::of(payload.as_bytes()) })
}

/// A direct upload of this many bytes, announced just now.
pub fn direct_upload(bytes: usize) -> DirectUpload {
    DirectUpload {
        id: DirectUploadId::random(),
        content_type: DirectUploadType::named("image/png").expect("a type"),
        bytes,
        digest: None,
        subject: Some(Digest::of(b"subject")),
        announced_at: Timestamp::now(),
    }
}

/// Creates a user that does not exist yet.
pub async fn create(stores: &Stores, new: NewUser) -> User {
    match stores.users.create(new).await.expect("a free address") {
        Created::Now(user) => user,
        Created::Before(_) => panic!("created before"),
    }
}

/// Creates a user called `who`.
pub async fn create_sample(stores: &Stores, who: &str) -> User {
    create(stores, new_user(who)).await
}

/// The store returns this user and its image.
pub async fn assert_stored(stores: &Stores, user: &User, image: &Image) {
    assert_eq!(stores.users.get(&user.id).await.expect("the user"), *user);
    assert_eq!(stores.avatars.read(&key(user)).await.expect("the image"), *image);
    assert_eq!(user.avatar, Avatar::Kept { key: key(user), digest: image.digest });
}

/// The store has no such user.
pub async fn assert_gone(stores: &Stores, user: &User) {
    assert!(matches!(stores.users.get(&user.id).await, Err(Error::NotFound)));
    assert_no_image(stores, &key(user)).await;
    let page = stores.users.list(None, 1000).await.expect("a page");
    assert!(page.users().all(|listed| listed.email != user.email.as_str()));
}

/// The store has no such image.
pub async fn assert_no_image(stores: &Stores, key: &AvatarKey) {
    assert!(matches!(stores.avatars.read(key).await, Err(Error::NotFound)));
}
