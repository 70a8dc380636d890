//! The writes, each inside a savepoint of its own.

mod create;
mod delete;
mod event;
mod queue;
mod remove_avatar;
mod rename;
mod renditions;
mod replace_avatar;
mod still;

pub(super) use create::create;
pub(super) use delete::delete;
pub(super) use event::{AVATAR_STORED, avatar_stored};
pub(super) use queue::{
    Receipt, after, bury, hide, postpone, put_back, receive, redrive, remove, settle, take,
};
pub(super) use remove_avatar::remove_avatar;
pub(super) use rename::rename;
pub(super) use renditions::keep_renditions;
pub(super) use replace_avatar::replace_avatar;
