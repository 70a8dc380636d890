//! Replacing the image of a user.

use async_trait::async_trait;
use domain::{AvatarStored, Error, NewAvatar, Timestamp, User};

use super::{
    image::{delete_image, insert_image},
    renditions::delete_renditions,
    unchanged::check_unchanged,
};
use crate::postgres::{
    events::stored::avatar_stored,
    row::{self, format_number, user_columns},
    transaction::{StepName, Transaction, Write},
};

pub(super) struct ReplaceAvatar {
    pub(super) read: User,
    pub(super) avatar: NewAvatar,
    pub(super) updated_at: Timestamp,
}

#[async_trait]
impl Write for ReplaceAvatar {
    type Output = User;

    async fn run(&self, tx: &Transaction<'_>) -> Result<User, Error> {
        let Self { read, avatar, updated_at } = self;
        let before = check_unchanged(tx, read).await?;
        let (key, _) = avatar.for_user(read.id);
        insert_image(tx, &key, &avatar.image.bytes).await?;
        let sql = concat!(
            "UPDATE users SET upload = $1, format = $2, digest = $3, version = version + 1, updated_at = $4 ",
            "WHERE id = $5 RETURNING ",
            user_columns!()
        );
        let user = tx
            .row(
                StepName::UpdateUser,
                sql,
                &[
                    &&key.upload.as_bytes()[..],
                    &format_number(key.format),
                    &&avatar.image.digest.as_bytes()[..],
                    &updated_at.as_millisecond(),
                    &&read.id.as_bytes()[..],
                ],
            )
            .await?
            .ok_or(Error::NotFound)?;
        if let Some(before) = before {
            delete_image(tx, &before).await?;
        }
        delete_renditions(tx, &read.id).await?;
        avatar_stored(tx, &AvatarStored { key, trace_parent: avatar.trace_parent }).await?;
        row::user(&user)
    }
}
