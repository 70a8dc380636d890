//! The time of a response of AWS, by AWS's clock.
//!
//! The age of an object, or of a message, must be measured by the clock that dated it. This machine's clock may be hours off
//! without a failing call: the SDK corrects the time of its signatures by the difference.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::{
    config::{
        ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeDeserializationInterceptorContextRef,
    },
    error::BoxError,
    primitives::{DateTime, DateTimeFormat},
};
use domain::{Error, Timestamp};

/// The `Date` of the last response to a call.
#[derive(Clone, Debug, Default)]
pub(super) struct ResponseDate(Arc<Mutex<Option<Timestamp>>>);

impl ResponseDate {
    /// # Errors
    /// [`Error::Damaged`] if the response has no valid `Date`.
    pub(super) fn time(&self) -> Result<Timestamp, Error> {
        let time = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        time.ok_or_else(|| {
            Error::damaged("AWS returned no valid Date header: the age of what it has is unknown")
        })
    }
}

impl Intercept for ResponseDate {
    fn name(&self) -> &'static str {
        "ResponseDate"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let time = date.and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
        let time = time.and_then(|time| Timestamp::from_second(time.secs()).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = time;
        Ok(())
    }
}
