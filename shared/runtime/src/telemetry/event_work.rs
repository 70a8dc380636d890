//! The processing of an event: one wide log line, a span and metrics when it has ended.

use std::{sync::Arc, time::Instant};

use domain::{Delivery, Timestamp, TraceParent, UserId};
use tracing::{info, warn};

use super::{
    Scope, Telemetry,
    ended::{EndedEvent, EventOutcome, milliseconds},
    traces::EventSpan,
};

/// An event being processed.
pub struct EventWork {
    telemetry: Telemetry,
    span: Option<EventSpan>,
    scope: Arc<Scope>,
    began: Instant,
    id: String,
    receives: u32,
    sent_at: Timestamp,
    user: Option<UserId>,
}

impl EventWork {
    pub(super) fn new(
        telemetry: &Telemetry,
        (trace_parent, span): (TraceParent, Option<EventSpan>),
        began: Instant,
        delivery: &Delivery,
        user: Option<UserId>,
    ) -> Self {
        Self {
            telemetry: telemetry.clone(),
            span,
            scope: Scope::new(trace_parent),
            began,
            id: delivery.id.clone(),
            receives: delivery.receives,
            sent_at: delivery.sent_at,
            user,
        }
    }

    /// Runs `future` on behalf of this event.
    pub fn around<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        self.scope.clone().around(future)
    }

    /// The processing has ended; `why` if the event is not done.
    pub fn end(mut self, outcome: EventOutcome, why: Option<&str>) {
        let age = Timestamp::now().duration_since(self.sent_at);
        let ended = EndedEvent {
            id: &self.id,
            outcome,
            duration: self.began.elapsed(),
            age,
            user: self.user,
            scope: &self.scope,
        };
        self.telemetry.event_ended(&ended, self.span.take());
        self.log(&ended, why);
    }

    fn log(&self, ended: &EndedEvent<'_>, cause: Option<&str>) {
        let image_ms = Some(self.scope.image_ms()).filter(|ms| *ms > 0.0);
        let user = ended.user.map(tracing::field::display);
        macro_rules! event {
            ($level:ident) => {
                $level!(
                    event.id = self.id,
                    event.receives = self.receives,
                    event.outcome = ended.outcome.name(),
                    event.age_ms = milliseconds(ended.age),
                    duration_ms = milliseconds(ended.duration),
                    store.calls = self.scope.store_calls(),
                    store.duration_ms = self.scope.store_ms(),
                    image.duration_ms = image_ms,
                    trace_id = %self.scope.trace_parent.trace_id_hex(),
                    span_id = %self.scope.trace_parent.span_id_hex(),
                    user.id = user,
                    cause,
                    "event"
                )
            };
        }
        if ended.outcome == EventOutcome::Done { event!(info) } else { event!(warn) }
    }
}
