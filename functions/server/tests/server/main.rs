//! The promises of Roster, through the router and the binary that ship.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod avatars;
mod bodies;
mod create;
mod cut;
mod document;
mod edge;
mod faults;
mod fronts;
mod images;
mod list;
mod manage;
mod process;
mod read_ahead;
mod support;
