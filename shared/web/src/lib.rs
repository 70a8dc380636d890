//! The HTTP kit that every function of Roster shares.
//!
//! | file | idea |
//! |---|---|
//! | [`problem`] | the only place that turns an error into a status |
//! | [`edge`], [`event`], [`request_id`] | around every request: timeout, panic, request id, one wide event |
//! | [`auth`], [`cors`], [`callers`], `host` | access: by token, by the origin of a page, by host |
//! | [`body`], [`form`], [`extract`], [`mod@content_type`], `parameters` | input, with a limit on everything |
//! | [`direct_upload`] | an image that was sent before the request that uses it |
//! | [`answer`], [`conditional`] | output |
//! | `read_cache`, `shared_reads` | reads of users that are kept while they are current, or answer several requests (feature `read-cache`) |
//! | [`app`] | what the routes of every function share |
//! | [`health`], [`management`] | probes and metrics |
//! | `schema` | what operations share in the OpenAPI document (feature `openapi`) |
//! | [`answer_limit`] | limits on responses behind a gateway |
//! | [`mod@serve`] | connections, from accept to drain |
//! | `lambda` | events instead of connections (feature `lambda`) |

pub mod answer;
pub mod answer_limit;
pub mod app;
pub mod auth;
pub mod body;
pub mod callers;
pub mod conditional;
pub mod content_type;
pub mod cors;
pub mod direct_upload;
pub mod edge;
pub mod event;
pub mod extract;
pub mod form;
pub mod health;
mod host;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod management;
mod parameters;
pub mod problem;
#[cfg(feature = "read-cache")]
pub mod read_cache;
pub mod request_id;
#[cfg(feature = "openapi")]
pub mod schema;
pub mod serve;
#[cfg(feature = "read-cache")]
pub mod shared_reads;

pub use answer_limit::AnswerLimit;
pub use app::{Access, App};
pub use auth::{Auth, GatewayClaims};
pub use callers::Callers;
pub use cors::Cors;
pub use domain::Links;
#[cfg(feature = "lambda")]
pub use lambda::lambda;
pub use problem::{Kind, Problem};
#[cfg(feature = "read-cache")]
pub use read_cache::ReadCache;
pub use serve::{serve, serve_management};
#[cfg(feature = "read-cache")]
pub use shared_reads::SharedReads;
