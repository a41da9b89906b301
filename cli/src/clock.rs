//! Time on the command line: now, none, or a number of seconds since 1970.
//!
//! The core has no clock; this is where one comes in.

use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// What a flag such as `--time` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// The time of this machine.
    Now,
    /// No time at all.
    None,
    /// Seconds since 1970.
    At(u64),
}

impl Clock {
    /// Seconds since 1970, where there is a time.
    pub(crate) fn seconds(self) -> Option<u64> {
        match self {
            Self::Now => Some(now()),
            Self::None => None,
            Self::At(seconds) => Some(seconds),
        }
    }
}

impl FromStr for Clock {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "now" => Ok(Self::Now),
            "none" => Ok(Self::None),
            seconds => seconds.parse().map(Self::At).map_err(|_| "expected now, none, or seconds since 1970"),
        }
    }
}

/// Seconds since 1970, by this machine's clock.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Milliseconds since 1970: a number that rises from card to card.
pub(crate) fn now_in_milliseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A span of time as people write it, in seconds: `90`, `90s`, `10m`, `1h`.
pub(crate) fn span(text: &str) -> Result<u64, &'static str> {
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h']) {
        Some(number) if text.ends_with('m') => (number, 60),
        Some(number) if text.ends_with('h') => (number, 3600),
        Some(number) => (number, 1),
        None => (text, 1),
    };
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    seconds.ok_or("expected seconds, or a number with s, m or h behind it")
}

/// A time that people read, in UTC; the bare number where no calendar reaches.
pub(crate) fn date(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0))
        .map_or_else(|| seconds.to_string(), |time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_ways_to_name_a_time() {
        assert_eq!("none".parse(), Ok(Clock::None));
        assert_eq!("17".parse::<Clock>().unwrap().seconds(), Some(17));
        assert!("now".parse::<Clock>().unwrap().seconds() > Some(1_700_000_000));
        assert!("-1".parse::<Clock>().is_err());
        assert_eq!(date(1_764_000_000), "2025-11-24T16:00:00Z");
        assert_eq!(date(u64::MAX), u64::MAX.to_string());
    }

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("10m", 600), ("24h", 86_400), ("0", 0)] {
            assert_eq!(span(text), Ok(seconds), "{text}");
        }
        for wrong in ["", "m", "-1m", "1d", "1.5h", "10 m", "99999999999999999999", "9999999999999999999h"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
