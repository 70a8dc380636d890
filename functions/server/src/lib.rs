//! All functions of Roster in one process.
//!
//! | file | idea |
//! |---|---|
//! | [`app`] | the router that ships, and that tests drive |
//! | `document` | the OpenAPI document of all functions (feature `openapi`) |
//! | [`cache`] | what the HTTP cache in front must forget |
//! | [`cli`] | the command line: each setting is a flag |
//! | [`commands`] | one file for each command |

pub mod app;
pub mod cache;
pub mod cli;
pub mod commands;
#[cfg(feature = "openapi")]
pub mod document;
