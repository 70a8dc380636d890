//! No spans: this program was built without the feature `otlp`. The same functions, none of them callable.

#![expect(clippy::unused_async, reason = "the same as with spans")]

use std::time::Instant;

use domain::TraceParent;

use super::{Child, Ended, worked::Worked};

/// Never constructed.
pub enum Traces {}

pub enum ServerSpan {}

pub enum EventSpan {}

impl Traces {
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

    pub fn child(&self, _: &TraceParent, _: &Child) {
        match *self {}
    }
}

impl ServerSpan {
    pub fn end(self, _: &Ended<'_>) {
        match self {}
    }
}

impl EventSpan {
    pub fn end(self, _: &Worked<'_>) {
        match self {}
    }
}
