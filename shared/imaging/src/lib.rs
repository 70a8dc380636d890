//! Untrusted bytes become a checked, clean image. Pure and synchronous: no I/O, no clock, no threads.
//!
//! ```text
//! bytes ── inspect ──> Inspected ── clean ──> domain::Image
//!          header       working_bytes         decoded as proof, upright, without metadata
//!
//! domain::Image ── inspect ──> Inspected ── square ──> Square ── encode ──> domain::Image
//!                              rendering_bytes         RGBA, in sRGB        one of the renditions
//! hash ── Generated::draw ───────────────────────────> Square
//! ```
//!
//! | what | limit |
//! |---|---|
//! | input and output | 32 MiB ([`domain::Image::MAX_BYTES`]; the caller checks the input), or less by [`Inspected::keeping_at_most`] |
//! | a side | [`MAX_SIDE`] = 16,384 pixels |
//! | all pixels | [`MAX_PIXELS`] = 64,000,000 |
//! | memory | [`Inspected::working_bytes`] and [`Inspected::rendering_bytes`], on top of the input |
//!
//! Upright JPEG, PNG and WebP keep their pixels bit for bit: only their containers are rewritten. An image
//! that must be turned, a GIF, and an animation whose first frame does not fill its canvas are encoded anew:
//! JPEG as JPEG, everything with transparency as PNG, an opaque WebP as JPEG.
//!
//! | folder | idea |
//! |---|---|
//! | [`inspect()`] | the format of the bytes, and the cost of decoding |
//! | `kind`, `refused` | formats by their first bytes |
//! | `jpeg`, `png`, `webp`, `gif` | one format each: header, memory, strip, decode, encode |
//! | `pixels`, `upright` | decoded pixels, and how they are read upright |
//! | `orientation`, `icc` | the two kinds of metadata that are read |
//! | `square` | the middle of a picture: cropped, scaled, turned, in sRGB, encoded |
//! | `rendition` | all standard sizes of an image, decoded once |
//! | `generated` | pictures for users without an avatar |

mod capped;
mod generated;
mod gif;
mod icc;
mod inspect;
mod jpeg;
mod kind;
mod limits;
mod orientation;
mod pixels;
mod png;
mod read;
mod refused;
mod remake;
mod rendition;
mod square;
mod upright;
mod webp;

pub use domain::{Rendition, Size};
pub use generated::{Generated, Initials};
pub use inspect::{Inspected, inspect};
pub use limits::{MAX_PIXELS, MAX_SIDE};
pub use square::Square;
