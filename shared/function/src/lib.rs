//! What the `main` of every Lambda function does alike.
//!
//! | file | idea |
//! |---|---|
//! | [`run`](mod@run) | from the environment to the last event |
//! | `start` | settings and store, or one line that says why not |

pub mod run;
mod start;

pub use run::{run, run_events};
pub use start::Needs;
