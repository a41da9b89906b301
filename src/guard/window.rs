//! A replay guard in fixed memory, for receivers without a heap (SPEC §7.3).

use crate::error::{Error, Result};
use crate::guard::replay::{Arrival, ReplayGuard};
use crate::guard::stream::Stream;

/// How far behind the newest number an older one is still taken.
pub const WINDOW: u64 = 1024;

/// Keeps a window of 1024 numbers for each of at most `N` streams: 128 bytes of marks, and 128 bytes with
/// which the 16 newest [`Conflict`](Error::Conflict)s are told from a [`Duplicate`](Error::Duplicate).
///
/// It forgets with the process: what was taken before a restart is taken again after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowGuard<const N: usize> {
    streams: [Option<(Stream, Window)>; N],
}

impl<const N: usize> WindowGuard<N> {
    /// A guard that has seen nothing.
    pub const fn new() -> Self {
        Self { streams: [const { None }; N] }
    }
}

impl<const N: usize> Default for WindowGuard<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> ReplayGuard for WindowGuard<N> {
    /// [`Error::Full`] when `N` other streams have a window: one is never given up for another.
    fn take(&mut self, stream: &Stream, sequence: u64, digest: &[u8; 32]) -> Result<Arrival> {
        let known =
            self.streams.iter().position(|slot| slot.as_ref().is_some_and(|(known, _)| known == stream));
        let place = known.or_else(|| self.streams.iter().position(Option::is_none)).ok_or(Error::Full)?;
        let slot = self.streams.get_mut(place).ok_or(Error::Full)?;
        let (_, window) = slot.get_or_insert_with(|| (*stream, Window::new()));
        window.take(sequence, digest)
    }

    fn next(&self, stream: &Stream) -> Result<u64> {
        let known = self.streams.iter().flatten().find(|(known, _)| known == stream);
        Ok(known.map_or(0, |(_, window)| window.next))
    }
}

/// The marks of one stream. A number's mark stands at the number modulo the window.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Window {
    /// The first number above all that were taken.
    next: u64,
    taken: [u64; WORDS],
    /// The number's digest, for the newest of those numbers that share a place.
    recent: [[u8; 8]; RECENT],
}

impl Window {
    const fn new() -> Self {
        Self { next: 0, taken: [0; WORDS], recent: [[0; 8]; RECENT] }
    }

    fn take(&mut self, sequence: u64, digest: &[u8; 32]) -> Result<Arrival> {
        let above = sequence.checked_add(1).ok_or(Error::TooLarge)?;
        if self.next.saturating_sub(sequence) > WINDOW {
            return Err(Error::TooOld);
        }
        if sequence < self.next && *self.word(sequence)? & bit(sequence) != 0 {
            return Err(self.taken_before(sequence, digest));
        }
        let arrival = if sequence >= self.next {
            let arrival = Arrival::ahead(self.next, sequence);
            self.forget(sequence)?;
            self.next = above;
            arrival
        } else {
            Arrival::LATE
        };
        *self.word(sequence)? |= bit(sequence);
        if self.is_recent(sequence) {
            *self.recent(sequence)? = short(digest);
        }
        Ok(arrival)
    }

    /// Clears the marks of the numbers that enter the window with `newest`, itself included.
    fn forget(&mut self, newest: u64) -> Result<()> {
        let first = self.next.max(newest.saturating_sub(WINDOW).saturating_add(1));
        for number in first..=newest {
            *self.word(number)? &= !bit(number);
        }
        Ok(())
    }

    fn taken_before(&mut self, sequence: u64, digest: &[u8; 32]) -> Error {
        let other =
            self.is_recent(sequence) && self.recent(sequence).is_ok_and(|known| *known != short(digest));
        if other { Error::Conflict } else { Error::Duplicate }
    }

    /// Whether no newer number can have the place of this one's digest.
    fn is_recent(&self, sequence: u64) -> bool {
        self.next.saturating_sub(sequence) <= RECENT_NUMBERS
    }

    fn word(&mut self, sequence: u64) -> Result<&mut u64> {
        let word = usize::try_from((sequence % WINDOW) / 64).map_err(|_| Error::TooLarge)?;
        self.taken.get_mut(word).ok_or(Error::TooLarge)
    }

    fn recent(&mut self, sequence: u64) -> Result<&mut [u8; 8]> {
        let place = usize::try_from(sequence % RECENT_NUMBERS).map_err(|_| Error::TooLarge)?;
        self.recent.get_mut(place).ok_or(Error::TooLarge)
    }
}

const fn bit(sequence: u64) -> u64 {
    1 << (sequence % 64)
}

fn short(digest: &[u8; 32]) -> [u8; 8] {
    digest.first_chunk().copied().unwrap_or_default()
}

const WORDS: usize = 16;
const RECENT: usize = 16;
const RECENT_NUMBERS: u64 = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::id::Id;
    use std::collections::BTreeMap;

    fn digest(tag: u8) -> [u8; 32] {
        [tag; 32]
    }

    /// Threat C-08: the edges of the window, each against a plain map.
    #[test]
    fn edges_match_a_map() {
        let edges =
            [0, 1, 15, 16, 17, 63, 64, 1022, 1023, 1024, 1025, 2047, 2048, 5000, u64::MAX - 1, u64::MAX];
        for a in edges {
            for b in edges {
                for c in edges {
                    let (mut window, mut model) = (Window::new(), BTreeMap::new());
                    for (i, sequence) in [a, b, c, a, b, c].into_iter().enumerate() {
                        let tag = if i == 5 { 9 } else { 0 };
                        let before = window.clone();
                        let taken = window.take(sequence, &digest(tag));
                        let next = model.keys().next_back().map_or(0, |n| n + 1);
                        let expected = match model.get(&sequence) {
                            _ if sequence == u64::MAX => Some(Error::TooLarge),
                            _ if next > sequence && next - sequence > WINDOW => Some(Error::TooOld),
                            Some(known) if *known != tag && next - sequence <= 16 => Some(Error::Conflict),
                            Some(_) => Some(Error::Duplicate),
                            None => None,
                        };
                        assert_eq!(taken.err(), expected, "{a} {b} {c} at {i}");
                        match expected {
                            Some(_) => assert_eq!(window, before, "an error moves nothing"),
                            None => assert_eq!(model.insert(sequence, tag), None),
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_full_guard_gives_up_no_stream() {
        let mut guard = WindowGuard::<2>::new();
        let stream = |i| Stream::new(Id([i; 32]), &Id([0; 32]));
        assert!(guard.take(&stream(1), 0, &digest(1)).is_ok());
        assert!(guard.take(&stream(2), 0, &digest(1)).is_ok());
        let before = guard.clone();
        assert_eq!(guard.take(&stream(3), 0, &digest(1)), Err(Error::Full));
        assert_eq!(guard, before);
        assert_eq!(guard.take(&stream(1), 0, &digest(2)), Err(Error::Conflict));
    }
}
