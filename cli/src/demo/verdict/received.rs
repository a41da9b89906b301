//! What one receiver's store holds in the end, against what was measured.

use std::collections::HashMap;

use serde::Serialize;

use super::super::attack::Role;
use super::super::ledger::Account;
use super::super::script::Measured;
use super::super::stored::Stored;

/// What became of the measurements at one receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(in super::super) struct Received {
    /// Genuine envelopes that were sent to it.
    pub(in super::super) sent: usize,
    pub(in super::super) opened_once: usize,
    pub(in super::super) lost: usize,
    pub(in super::super) doubled: usize,
    pub(in super::super) altered: usize,
    /// Delivered again by QoS 1 and recognised.
    pub(in super::super) redelivered: usize,
    /// Numbers that never came: first and last of each gap.
    pub(in super::super) gaps: Vec<(u64, u64)>,
    /// Those of them that the sender never used, since it restarted.
    pub(in super::super) skipped: u64,
}

impl Received {
    /// Counts at `at`, where `expected` should have arrived and `used` says which numbers were in use.
    pub(super) fn count<'m>(
        account: &Account,
        at: Role,
        expected: impl Iterator<Item = &'m Measured>,
        stored: &[Stored],
        gaps: Vec<(u64, u64)>,
        used: impl Fn(u64) -> bool,
    ) -> Self {
        let expected: Vec<_> = expected.map(|measured| (measured.time, measured.body.as_slice())).collect();
        let in_store = compare(&expected, stored);
        let genuine = account.genuine(at);
        let skipped =
            gaps.iter().flat_map(|(first, last)| *first..=*last).filter(|number| !used(*number)).count();
        Self {
            sent: genuine.sent,
            opened_once: in_store.opened_once.min(genuine.once),
            lost: in_store.lost.max(genuine.lost),
            doubled: in_store.doubled.max(genuine.doubled),
            altered: in_store.altered,
            redelivered: genuine.redelivered,
            gaps,
            skipped: skipped as u64,
        }
    }

    /// What is wrong with it, in words.
    pub(super) fn faults(&self, who: &str, expected: usize) -> Vec<String> {
        let received = self;
        let mut faults = Vec::new();
        for (count, what) in
            [(received.lost, "lost"), (received.doubled, "doubled"), (received.altered, "altered")]
        {
            if count > 0 {
                faults
                    .push(format!("{count} of {expected} measurements were {what} on the way to the {who}"));
            }
        }
        if received.opened_once != expected {
            faults.push(format!("the {who} opened {} of {expected} measurements once", received.opened_once));
        }
        let missing: u64 = received.gaps.iter().map(|(first, last)| last - first + 1).sum();
        if missing != received.skipped {
            faults.push(format!("the {who} misses {} numbers", missing - received.skipped));
        }
        faults
    }
}

/// Compares what was measured with what is in a store, both with their numbers: equal measurements are no
/// doubles as long as there are as many of them on both sides.
fn compare(expected: &[(Option<u64>, &[u8])], stored: &[Stored]) -> Received {
    let mut left: HashMap<(Option<u64>, &[u8]), i64> = HashMap::new();
    for measured in expected {
        *left.entry(*measured).or_default() += 1;
    }
    let mut result = Received::default();
    for row in stored {
        match left.get_mut(&(row.time, row.body.as_slice())) {
            Some(count) if *count > 0 => {
                *count -= 1;
                result.opened_once += 1;
            }
            Some(_) => result.doubled += 1,
            None => result.altered += 1,
        }
    }
    result.lost = expected.len() - result.opened_once;
    result
}

#[cfg(test)]
mod tests {
    use zegel::Id;

    use super::*;

    fn stored(sequence: u64, body: &[u8]) -> Stored {
        Stored { origin: Id([1; 32]), sequence, time: Some(60), body: body.to_vec() }
    }

    #[test]
    fn lost_doubled_and_altered_are_told_apart() {
        let expected: [(Option<u64>, &[u8]); 3] = [(Some(60), b"a"), (Some(60), b"a"), (Some(60), b"b")];
        let whole = [stored(0, b"a"), stored(1, b"a"), stored(2, b"b")];
        let fine = Received { opened_once: 3, ..Received::default() };
        assert_eq!(compare(&expected, &whole), fine);
        assert!(fine.faults("PGO", 3).is_empty());

        let lost = compare(&expected, &whole[..2]);
        assert_eq!((lost.opened_once, lost.lost), (2, 1));
        let doubled = compare(&expected, &[&whole[..], &[stored(2, b"b")]].concat());
        assert_eq!((doubled.opened_once, doubled.doubled), (3, 1));
        let altered = compare(&expected, &[stored(0, b"a"), stored(1, b"a"), stored(2, b"c")]);
        assert_eq!((altered.lost, altered.altered), (1, 1));
        for wrong in [lost, doubled, altered] {
            assert!(!wrong.faults("PGO", 3).is_empty());
        }
        let gap = Received { opened_once: 3, gaps: vec![(1, 2)], skipped: 1, ..Received::default() };
        assert_eq!(gap.faults("GP", 3), ["the GP misses 1 numbers"]);
    }
}
