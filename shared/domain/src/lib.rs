//! Users and avatars. No I/O, no clock, no HTTP, no serde: every other crate points here.
//!
//! | file | idea |
//! |---|---|
//! | [`email`], [`display_name`], [`idempotency`] | text that is checked once, at the edge |
//! | [`user_id`], [`md5`], [`email_hash`], [`digest`], [`upload_id`] | names and fingerprints |
//! | [`image`], [`avatar_key`], [`links`] | a checked image, where it is kept, and its URL |
//! | [`size`], [`rendition`] | an image as a square, and where that is kept |
//! | [`direct_upload`] | an image that is sent before the request that uses it |
//! | [`user`], [`page`], [`cursor`] | the entity, and how it is listed |
//! | [`environment`], [`trace_parent`] | the environment of a process, and the trace of a request |
//! | [`time`] | times, as stores keep them |
//! | [`event`], [`sweep`](mod@sweep) | what a worker processes, and what a sweep finds |
//! | [`ports`], [`queue`], [`inventory`] | what a store, a queue and an inventory must promise |
//! | [`observer`] | what observes the calls of a store |
//! | [`error`], [`image_error`] | everything that a caller can act on |

pub mod avatar_key;
pub mod cursor;
pub mod digest;
pub mod direct_upload;
pub mod display_name;
pub mod email;
pub mod email_hash;
pub mod environment;
pub mod error;
pub mod event;
pub mod idempotency;
pub mod image;
pub mod image_error;
pub mod inventory;
mod invisible;
pub mod links;
pub mod md5;
pub mod observer;
pub mod page;
pub mod ports;
pub mod queue;
pub mod rendition;
pub mod size;
pub mod sweep;
pub mod time;
pub mod trace_parent;
pub mod upload_id;
pub mod user;
pub mod user_id;

pub use avatar_key::AvatarKey;
pub use cursor::Cursor;
pub use digest::Digest;
pub use direct_upload::{Claim, DirectUpload, DirectUploadId, DirectUploadType, SendTo};
pub use display_name::DisplayName;
pub use email::Email;
pub use email_hash::{EmailHash, EmailHashes};
pub use environment::Environment;
pub use error::{Error, FieldError};
pub use event::{AvatarStored, DeadLetter, DecodedEvent, Delivery, QueueDepth};
pub use idempotency::{Idempotency, IdempotencyKey};
pub use image::{Image, ImageFormat};
pub use image_error::ImageError;
pub use inventory::Inventory;
pub use links::Links;
pub use md5::Md5;
pub use observer::{CallOutcome, StoreObserver};
pub use page::{ListedAvatar, ListedUser, Page};
pub use ports::{
    AvatarStore, ImageBytes, OpenImage, Operation, Ownership, RenditionStore, StoreHealth, Stores, Upload,
    UploadStore, UserStore,
};
pub use queue::{DeadLetters, EventQueue};
pub use rendition::{Rendition, RenditionKey};
pub use size::Size;
pub use sweep::{Finding, Grace, References, Removal, SweepPage, SweepPosition, SweepStage};
pub use time::Timestamp;
pub use trace_parent::TraceParent;
pub use upload_id::UploadId;
pub use user::{Avatar, Created, NewAvatar, NewUser, User, Version};
pub use user_id::UserId;
