//! The writes, each inside a savepoint of its own.

mod create;
mod delete;
mod event;
mod rename;
mod replace_avatar;
mod still;

pub(super) use create::create;
pub(super) use delete::delete;
pub(super) use rename::rename;
pub(super) use replace_avatar::replace_avatar;
