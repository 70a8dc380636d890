//! One file for each command, and what `serve` begins with.

pub mod claim;
mod confirm;
pub mod events;
pub mod health;
pub mod renditions;
pub mod serve;
pub mod sweep;
mod tool;
mod vital;
pub mod worker;
