//! A small local Lambda, for tests and for trying a function: no product code needs it.
//!
//! | file | idea |
//! |---|---|
//! | [`runtime_api`](mod@runtime_api) | what Lambda serves to a function: events out, responses in |
//! | [`function`] | a function as a process |
//! | [`event_source`] | a request as the event of each event source, and the response as the client receives it |

pub mod event_source;
pub mod function;
pub mod runtime_api;

pub use event_source::{ClientRequest, ClientResponse, EventSource};
pub use function::{Function, assert_private};
pub use runtime_api::{Outcome, RuntimeApi};
