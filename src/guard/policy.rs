//! What a receiver takes of what is proven: how old, how far ahead, how large a jump (SPEC §7.5).

use crate::error::{Error, Result};

/// Limits on what is accepted. The defaults let a phone deliver a week late, and a clock be five minutes off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// Most seconds between a measurement and its arrival; `None` for any.
    pub max_age: Option<u64>,
    /// Most seconds that a measurement's time may lie ahead of the receiver's clock; `None` for any.
    pub max_skew: Option<u64>,
    /// Most numbers that an arrival may pass over; `None` for any.
    pub max_jump: Option<u64>,
}

impl Default for Acceptance {
    fn default() -> Self {
        Self { max_age: Some(31 * DAY), max_skew: Some(300), max_jump: Some(1 << 20) }
    }
}

impl Acceptance {
    /// Takes whatever is proven.
    pub const ANYTHING: Self = Self { max_age: None, max_skew: None, max_jump: None };

    /// Judges a statement's `time` at `now`, and its number where `next` is the first that never arrived.
    pub(crate) fn check(&self, now: Option<u64>, time: Option<u64>, next: u64, sequence: u64) -> Result<()> {
        if let (Some(now), Some(time)) = (now, time) {
            if self.max_age.is_some_and(|most| now.saturating_sub(time) > most) {
                return Err(Error::Stale);
            }
            if self.max_skew.is_some_and(|most| time.saturating_sub(now) > most) {
                return Err(Error::Ahead);
            }
        }
        if self.max_jump.is_some_and(|most| sequence.saturating_sub(next) > most) {
            return Err(Error::Jump);
        }
        Ok(())
    }
}

const DAY: u64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_holds_to_the_last_second_and_number() {
        let policy = Acceptance { max_age: Some(10), max_skew: Some(5), max_jump: Some(3) };
        for (now, time, next, sequence, verdict) in [
            (Some(100), Some(90), 0, 0, Ok(())),
            (Some(100), Some(89), 0, 0, Err(Error::Stale)),
            (Some(100), Some(105), 0, 0, Ok(())),
            (Some(100), Some(106), 0, 0, Err(Error::Ahead)),
            (None, Some(0), 0, 0, Ok(())),
            (Some(100), None, 0, 0, Ok(())),
            (None, None, 7, 10, Ok(())),
            (None, None, 7, 11, Err(Error::Jump)),
            (None, None, 7, 2, Ok(())),
        ] {
            assert_eq!(policy.check(now, time, next, sequence), verdict);
            assert_eq!(Acceptance::ANYTHING.check(now, time, next, sequence), Ok(()));
        }
    }

    #[test]
    fn a_week_late_is_not_stale() {
        let now = 1_764_000_000;
        let week = Acceptance::default().check(Some(now), Some(now - 7 * DAY), 0, 0);
        assert_eq!(week, Ok(()));
    }
}
