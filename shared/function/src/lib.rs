//! The shared `main` of the Lambda functions.
//!
//! | file | idea |
//! |---|---|
//! | [`run`](mod@run) | from the environment to the last event |
//! | `start` | settings and store, or a one-line error |

pub mod run;
mod start;

pub use boot::Requirements;
pub use run::{run, run_events};
