//! The HTTP cache in front of the API: what it may keep, and what it must forget (`docs/cache.md`).
//!
//! | file | idea |
//! |---|---|
//! | `keys` | the key of each response, by which the cache can find it |
//! | `users` | the users' store, of which each write bans what it changed |
//! | `bans` | sends bans: bounded, together, again if they fail |
//! | `request` | one ban, to every address of the cache |
//!
//! All of it is here and not in `web`: the Lambda functions have no such cache and must not link it.

mod bans;
mod keys;
mod request;
mod users;

pub use bans::{BanSender, Bans, MAX_WAIT};
pub use keys::{around, key};
pub use request::CacheAddress;
pub use users::BanningUsers;
