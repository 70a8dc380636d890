//! The writes: object first, then the item on a condition, then the end of the object that this write replaced.
//!
//! Whatever stops a write between two of its calls leaves each user with its image, and at most an object that no item
//! names. After an item's write whose outcome is unknown nothing is removed. A write that is tried again after its answer
//! was lost meets its own item, and knows it by the upload that it brought, or else by its id.
//!
//! A sweep may remove an object before an item names it, once the object is older than any write takes. A process can pause
//! between the two, as a Lambda function does that is frozen. So a write that took long gives the user its image once more, as
//! another upload, which is too young for any sweep (`began`).
//!
//! Renditions are put first, and then the item is read again: where it does not name their image, they are removed. A write
//! that takes the image away changes the item first and removes the objects after. So either that write sees the
//! renditions, or their keeping sees the item: of an image that nobody has nothing stays, whatever came first. What a put that
//! S3 had given up leaves all the same, a sweep finds.

mod began;
mod create;
mod delete;
mod keep_renditions;
mod remove_avatar;
mod rename;
mod replace_avatar;

pub(super) use create::create;
pub(super) use delete::delete;
pub(super) use keep_renditions::keep_renditions;
pub(super) use remove_avatar::remove_avatar;
pub(super) use rename::rename;
pub(super) use replace_avatar::replace_avatar;
