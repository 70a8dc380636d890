//! A stored image becomes its renditions: one handler, for a worker at a queue and for Lambda.
//!
//! | file | idea |
//! |---|---|
//! | `told` | what an event tells |
//! | [`handle`] | one event, from the image to what is to be done about it |
//! | [`worker`] | events of a queue, until it is told to stop |
//! | `batch` | a batch of SQS in Lambda (feature `lambda`) |

#[cfg(feature = "lambda")]
mod batch;
pub mod handle;
mod told;
pub mod worker;

#[cfg(feature = "lambda")]
pub use batch::batch;
pub use handle::{Outcome, Processor};
pub use worker::work;
