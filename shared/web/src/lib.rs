//! The HTTP kit that every function of Roster shares.
//!
//! | file | idea |
//! |---|---|
//! | [`problem`] | the only place that turns an error into a status |
//! | [`edge`], [`event`], [`request_id`] | around every request: timeout, panic, request id, one wide event |
//! | [`auth`], [`cors`], [`callers`] | access: by token, by the origin of a page, by host |
//! | [`body`], [`form`], [`extract`], [`mod@content_type`] | input, with a limit on everything |
//! | [`answer`], [`conditional`], [`links`] | output |
//! | [`parts`] | what the routes of every function share |
//! | [`admission`] | image work by memory and cores |
//! | [`health`], [`lifecycle`] | whether this instance is in service |
//! | [`telemetry`], [`logging`] | metrics, traces, logs |
//! | [`answer_limit`] | limits on responses behind a gateway |
//! | [`config`], [`clock`] | settings, the time |
//! | [`mod@serve`] | connections, from accept to drain |
//! | `lambda` | events instead of connections (feature `lambda`) |

pub mod admission;
pub mod answer;
pub mod answer_limit;
pub mod auth;
pub mod body;
pub mod callers;
pub mod clock;
pub mod conditional;
pub mod config;
pub mod content_type;
pub mod cors;
pub mod edge;
pub mod event;
pub mod extract;
pub mod form;
pub mod health;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod lifecycle;
pub mod links;
pub mod logging;
mod loopback;
pub mod memory;
pub mod parts;
pub mod problem;
pub mod request_id;
pub mod serve;
pub mod telemetry;

pub use admission::{ImageTask, ImageWork};
pub use answer_limit::AnswerLimit;
pub use auth::{Auth, GatewayClaims};
pub use callers::Callers;
pub use cors::Cors;
#[cfg(feature = "lambda")]
pub use lambda::lambda;
pub use lifecycle::Lifecycle;
pub use links::Links;
pub use memory::MemoryPlan;
pub use parts::{Kit, Parts};
pub use problem::{Kind, Problem};
pub use serve::{serve, serve_management};
pub use telemetry::Telemetry;
