//! No spans: this program was built without the feature `otlp`. An endpoint is refused; the other functions are
//! never called.

#![expect(clippy::unused_async, reason = "the same as with spans")]

use std::time::Instant;

use domain::TraceParent;

use super::{ChildSpan, EndedRequest, ended::EndedEvent, endpoint::endpoint};
use crate::config::not_built;

/// Never constructed.
pub enum Traces {}

pub enum ServerSpan {}

pub enum EventSpan {}

impl Traces {
    /// Refuses an endpoint, to which nothing would be sent.
    ///
    /// # Errors
    /// One line that names the setting.
    pub fn start(
        lookup: impl Fn(&str) -> Option<String>,
        _: &tokio::runtime::Handle,
    ) -> Result<Option<Self>, String> {
        match endpoint(&lookup) {
            Some((name, _)) => Err(format!("{name}: {}", not_built("otlp"))),
            None => Ok(None),
        }
    }

    pub(super) async fn flush(&self) {
        match *self {}
    }

    pub(super) async fn stop(&self) {
        match *self {}
    }

    pub(super) fn begin(
        &self,
        _: &'static str,
        _: Option<&str>,
        _: Option<TraceParent>,
    ) -> Option<(ServerSpan, TraceParent)> {
        match *self {}
    }

    pub(super) fn begin_event(&self, _: Instant, _: Option<TraceParent>) -> Option<(EventSpan, TraceParent)> {
        match *self {}
    }

    pub fn child(&self, _: &TraceParent, _: &ChildSpan) {
        match *self {}
    }
}

impl ServerSpan {
    pub fn end(self, _: &EndedRequest<'_>) {
        match self {}
    }
}

impl EventSpan {
    pub(super) fn end(self, _: &EndedEvent<'_>) {
        match self {}
    }
}
