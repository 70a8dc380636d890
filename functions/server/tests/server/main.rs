//! The promises of Roster, through the router and the binary that ship.

mod avatars;
mod bodies;
mod create;
mod document;
mod edge;
mod faults;
mod images;
mod list;
mod manage;
mod process;
mod support;
