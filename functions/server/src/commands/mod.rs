//! One file for each command, and what `serve` begins with.

mod confirm;
pub mod health;
pub mod serve;
