//! The writes: first the object, then the item on a condition, then the removal of the replaced object.
//!
//! A write that stops between two of its calls leaves each user with its image, and at most orphaned objects.
//! Nothing is removed after an item's write whose outcome is unknown. A write that is retried after its
//! response was lost finds its own item, and recognises it by its upload or its write id.
//!
//! A sweep may remove an object that no item references yet, once the object is older than any write takes. A
//! process can pause between the two calls, as a frozen Lambda function does. So a write that took long
//! stores the image again as another upload, which is too young for any sweep (`began`).
//!
//! Renditions are stored first, and then the item is read again: if it does not reference their image, they
//! are removed. A write that removes the image changes the item first and removes the objects after. So
//! either that write sees the renditions, or the call that stores them sees the item: in either order, no
//! rendition of a removed image remains. A failed put may still take effect later; a sweep finds what it
//! leaves.

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
