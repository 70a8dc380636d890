//! The time, as stores keep it.

use domain::Timestamp;

/// Now, to the millisecond.
pub fn now() -> Timestamp {
    let now = Timestamp::now().as_millisecond();
    Timestamp::from_millisecond(now).expect("the present is in range")
}
