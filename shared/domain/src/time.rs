//! Times, as stores keep them.

pub use jiff::Timestamp;

use crate::Error;

/// Truncated to the millisecond, as stores keep it.
///
/// # Errors
/// [`Error::Damaged`] at the end of the range of [`Timestamp`].
pub fn to_the_millisecond(time: Timestamp) -> Result<Timestamp, Error> {
    Timestamp::from_millisecond(time.as_millisecond()).map_err(Error::damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_kept_to_its_millisecond() {
        for (exact, kept) in [
            ("2026-11-26T06:00:00.123999999Z", "2026-11-26T06:00:00.123Z"),
            ("1969-12-31T23:59:59.9991Z", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(to_the_millisecond(exact.parse().unwrap()).unwrap().to_string(), kept);
        }
    }
}
