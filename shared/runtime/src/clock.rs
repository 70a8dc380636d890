//! The time, as stores keep it.

use domain::{Timestamp, time::to_the_millisecond};

/// Now, to the millisecond.
pub fn now() -> Timestamp {
    to_the_millisecond(Timestamp::now()).expect("the present is in range")
}
