//! The writes: object first, then the item on a condition, then the end of the object that this write replaced.
//!
//! Whatever stops a write between two of its calls leaves each user with its image, and at most an object that no item
//! names. After an item's write whose outcome is unknown nothing is removed. A write that is tried again after its answer
//! was lost meets its own item, and knows it by the upload that it brought, or else by its id.

mod create;
mod delete;
mod rename;
mod replace_avatar;

pub(super) use create::create;
pub(super) use delete::delete;
pub(super) use rename::rename;
pub(super) use replace_avatar::replace_avatar;
