//! Makes the renditions of a stored image: one handler, for the queue worker and for Lambda.
//!
//! | file | idea |
//! |---|---|
//! | [`handle`] | one event, from the image to its outcome |
//! | [`worker`] | events of a queue, until it is stopped |
//! | `batch` | an SQS batch in Lambda (feature `lambda`) |

#[cfg(feature = "lambda")]
mod batch;
pub mod handle;
pub mod worker;

#[cfg(feature = "lambda")]
pub use batch::batch;
pub use handle::{Outcome, Processor};
pub use worker::process_events;
