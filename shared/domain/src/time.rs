//! Times, as stores keep them.

use std::{
    fmt,
    io::Write as _,
    ops::{Add, Sub},
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The last millisecond of the year 9999, the last of RFC 3339.
const MAX_MS: i64 = 253_402_300_799_999;

/// A time in UTC, to the millisecond, from 1970 to 9999. Its text is RFC 3339, with as many digits as the fraction
/// needs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Not a time in the years 1970 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a time of the years 1970 to 9999 (RFC 3339)")]
pub struct NotATimestamp;

impl Timestamp {
    pub const UNIX_EPOCH: Self = Self(0);
    pub const MAX: Self = Self(MAX_MS);

    /// Now, truncated to the millisecond. A clock before 1970 or after 9999 counts as one at that end.
    pub fn now() -> Self {
        Self::UNIX_EPOCH + SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    /// # Errors
    /// [`NotATimestamp`] outside of the range.
    pub fn from_millisecond(ms: i64) -> Result<Self, NotATimestamp> {
        if (0..=MAX_MS).contains(&ms) { Ok(Self(ms)) } else { Err(NotATimestamp) }
    }

    /// # Errors
    /// [`NotATimestamp`] outside of the range.
    pub fn from_second(seconds: i64) -> Result<Self, NotATimestamp> {
        Self::from_millisecond(seconds.saturating_mul(1_000))
    }

    /// Milliseconds since 1970.
    pub fn as_millisecond(self) -> i64 {
        self.0
    }

    /// The time since `earlier`; zero if that is later, as by another machine's clock.
    pub fn duration_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0).try_into().unwrap_or(0))
    }
}

/// Ends at [`Timestamp::MAX`].
impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(milliseconds(duration)).min(MAX_MS))
    }
}

/// Ends at [`Timestamp::UNIX_EPOCH`].
impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(milliseconds(duration)).max(0))
    }
}

fn milliseconds(duration: Duration) -> i64 {
    duration.as_millis().try_into().unwrap_or(i64::MAX)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let time = UNIX_EPOCH + Duration::from_millis(self.0.unsigned_abs());
        write!(&mut text[..], "{}", humantime::format_rfc3339_millis(time)).map_err(|_| fmt::Error)?;
        let text = str::from_utf8(&text).map_err(|_| fmt::Error)?;
        let digits = text.trim_end_matches('Z').trim_end_matches('0');
        match digits.strip_suffix('.') {
            Some(_) => write!(f, "{}Z", &text[..19]),
            None => write!(f, "{digits}Z"),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// From RFC 3339 with any offset; digits after the millisecond are dropped.
impl FromStr for Timestamp {
    type Err = NotATimestamp;

    fn from_str(text: &str) -> Result<Self, NotATimestamp> {
        let (local, offset_minutes) = if let Some(local) = text.strip_suffix(['Z', 'z']) {
            (local, 0)
        } else {
            let (local, offset) = text.split_at_checked(text.len().wrapping_sub(6)).ok_or(NotATimestamp)?;
            (local, offset_minutes(offset).ok_or(NotATimestamp)?)
        };
        let utc = format!("{}Z", local.replacen(['t', ' '], "T", 1));
        let time = humantime::parse_rfc3339(&utc).map_err(|_| NotATimestamp)?;
        let since = time.duration_since(UNIX_EPOCH).map_err(|_| NotATimestamp)?;
        Self::from_millisecond(milliseconds(since).saturating_sub(offset_minutes * 60_000))
    }
}

/// `+01:30` is 90.
fn offset_minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let number = |digits: &str, below: i64| {
        let number = digits.parse().ok().filter(|number| (0..below).contains(number))?;
        (digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
    };
    let minutes = number(hours, 24)? * 60 + number(minutes, 60)?;
    match text.as_bytes()[0] {
        b'+' => Some(minutes),
        b'-' => Some(-minutes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_time_is_kept_to_its_millisecond() {
        for (exact, kept) in [
            ("2026-11-26T06:00:00.123999999Z", "2026-11-26T06:00:00.123Z"),
            ("2026-11-26T06:00:00.120Z", "2026-11-26T06:00:00.12Z"),
            ("2026-11-26T06:00:00.000999Z", "2026-11-26T06:00:00Z"),
            ("2026-11-26T06:10:10Z", "2026-11-26T06:10:10Z"),
            ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            ("2026-11-26t06:00:00z", "2026-11-26T06:00:00Z"),
            ("2026-11-26 06:00:00Z", "2026-11-26T06:00:00Z"),
            ("2026-11-26T07:30:00.5+01:30", "2026-11-26T06:00:00.5Z"),
            ("2026-11-25T22:00:00-08:00", "2026-11-26T06:00:00Z"),
            ("2026-11-26T06:00:00+00:00", "2026-11-26T06:00:00Z"),
            ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
        ] {
            assert_eq!(exact.parse::<Timestamp>().unwrap().to_string(), kept, "{exact}");
        }
    }

    #[test]
    fn other_texts_and_years_are_refused() {
        for text in [
            "",
            "Z",
            "2026-11-26",
            "2026-11-26T06:00:00",
            "2026-11-26T06:00:00+0100",
            "2026-11-26T06:00:00+1:00",
            "2026-11-26T06:00:00+24:00",
            "2026-11-26T06:00:00+01:60",
            "2026-11-26T06:00:00+01:+1",
            "2026-11-26T06:00:00\u{e9}1:00",
            "2026-13-26T06:00:00Z",
            "2023-02-29T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "1764158400",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(NotATimestamp), "{text}");
        }
        for ms in [-1, MAX_MS + 1, i64::MIN, i64::MAX] {
            assert_eq!(Timestamp::from_millisecond(ms), Err(NotATimestamp), "{ms}");
            assert_eq!(Timestamp::from_second(ms), Err(NotATimestamp), "{ms}");
        }
    }

    #[test]
    fn arithmetic_ends_at_the_ends_of_the_range() {
        let (begin, end) = (Timestamp::UNIX_EPOCH, Timestamp::MAX);
        assert_eq!((begin - Duration::MAX, end + Duration::MAX), (begin, end));
        assert_eq!((begin + Duration::MAX, end - Duration::MAX), (end, begin));
        assert_eq!(begin.duration_since(end), Duration::ZERO);
        assert_eq!((begin + Duration::from_millis(5)).duration_since(begin), Duration::from_millis(5));
    }

    proptest! {
        #[test]
        fn every_time_is_read_as_it_was_written(ms in 0..=MAX_MS) {
            let time = Timestamp::from_millisecond(ms).unwrap();
            prop_assert_eq!(time.to_string().parse(), Ok(time));
        }
    }
}
