//! One file for each command.

pub mod health;
pub mod serve;
