//! One file for each command, and the steps that they share.

pub mod claim;
mod confirm;
mod critical_task;
pub mod events;
pub mod health;
pub mod renditions;
pub mod serve;
mod signals;
pub mod sweep;
pub mod users;
pub mod worker;
