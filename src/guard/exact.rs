//! An exact replay guard on the heap: it forgets no number, so a backlog that arrives weeks late is
//! still taken once (SPEC §7.3).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::error::{Error, Result};
use crate::guard::replay::{Arrival, ReplayGuard};
use crate::guard::stream::Stream;

/// Keeps every number that was taken with its digest, and every number that is missing, as ranges.
///
/// It forgets with the process: what was taken before a restart is taken again after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExactGuard {
    streams: BTreeMap<Stream, History>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct History {
    /// The first number above all that arrived.
    next: u64,
    /// The missing numbers below `next`: first to last.
    holes: BTreeMap<u64, u64>,
    digests: BTreeMap<u64, [u8; 32]>,
}

impl ExactGuard {
    /// A guard that has seen nothing.
    pub const fn new() -> Self {
        Self { streams: BTreeMap::new() }
    }

    /// The numbers of a stream that are missing: first and last of each range, in order.
    pub fn gaps(&self, stream: &Stream) -> Vec<(u64, u64)> {
        let history = self.streams.get(stream);
        history.into_iter().flat_map(|history| &history.holes).map(|(first, last)| (*first, *last)).collect()
    }
}

impl ReplayGuard for ExactGuard {
    fn take(&mut self, stream: &Stream, sequence: u64, digest: &[u8; 32]) -> Result<Arrival> {
        self.streams.entry(*stream).or_default().take(sequence, digest)
    }

    fn next(&self, stream: &Stream) -> Result<u64> {
        Ok(self.streams.get(stream).map_or(0, |history| history.next))
    }
}

impl History {
    fn take(&mut self, sequence: u64, digest: &[u8; 32]) -> Result<Arrival> {
        match self.digests.get(&sequence) {
            Some(taken) if taken == digest => return Err(Error::Duplicate),
            Some(_) => return Err(Error::Conflict),
            None => {}
        }
        let above = sequence.checked_add(1).ok_or(Error::TooLarge)?;
        let arrival = if sequence >= self.next {
            let arrival = Arrival::ahead(self.next, sequence);
            self.holes.extend(arrival.missing);
            self.next = above;
            arrival
        } else {
            self.fill(sequence, above)?;
            Arrival::LATE
        };
        self.digests.insert(sequence, *digest);
        Ok(arrival)
    }

    /// Takes one number out of the hole that holds it.
    fn fill(&mut self, sequence: u64, above: u64) -> Result<()> {
        let hole = self.holes.range(..=sequence).next_back().map(|(first, last)| (*first, *last));
        let (first, last) = hole.filter(|(_, last)| *last >= sequence).ok_or(Error::Storage)?;
        self.holes.remove(&first);
        self.holes.extend(Arrival::ahead(first, sequence).missing);
        if last >= above {
            self.holes.insert(above, last);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::id::Id;

    #[test]
    fn gaps_open_split_and_close() {
        let stream = Stream::new(Id([1; 32]), &Id([2; 32]));
        let mut guard = ExactGuard::new();
        let mut take = |sequence, digest| {
            let result = guard.take(&stream, sequence, &[digest; 32]);
            (result, guard.gaps(&stream))
        };
        let ahead = |missing| Ok(Arrival { missing, late: false });
        assert_eq!(take(0, 0), (ahead(None), [].into()));
        assert_eq!(take(5, 5), (ahead(Some((1, 4))), [(1, 4)].into()));
        assert_eq!(take(3, 3), (Ok(Arrival::LATE), [(1, 2), (4, 4)].into()));
        assert_eq!(take(3, 3), (Err(Error::Duplicate), [(1, 2), (4, 4)].into()));
        assert_eq!(take(3, 4), (Err(Error::Conflict), [(1, 2), (4, 4)].into()));
        assert_eq!(take(4, 4), (Ok(Arrival::LATE), [(1, 2)].into()));
        assert_eq!(take(1, 1), (Ok(Arrival::LATE), [(2, 2)].into()));
        assert_eq!(take(2, 2), (Ok(Arrival::LATE), [].into()));
        assert_eq!(take(6, 6), (ahead(None), [].into()));
    }
}
