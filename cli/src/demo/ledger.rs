//! The account of a run: what was sent, what it was, and what became of it at the receivers.
//!
//! Attacks carry no mark: a message is known by the hash of its topic and bytes, entered here before it is
//! sent, so that each arrival is weighed against what had to happen to it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};
use zegel::Error;

use super::attack::{Kind, Role};

/// One message as the account knows it.
pub(super) type Mark = [u8; 32];

/// The shared account. Every role writes into it; [`Ledger::lock`] reads it.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    inside: Mutex<Account>,
}

/// What the account holds.
#[derive(Debug, Default)]
pub(super) struct Account {
    entries: HashMap<Mark, Entry>,
    /// Counts every change, so that a standstill can be told.
    pub(super) changes: u64,
    /// Measurements opened, at the PGO and at the GP.
    pub(super) opened: BTreeMap<Role, usize>,
    /// Attacks sent and refused, for the progress line.
    pub(super) attacks: usize,
    pub(super) refused: usize,
    /// The numbers that the PGO used towards the GP; after a restart it skips what it had reserved.
    pub(super) forwarded: BTreeSet<u64>,
    /// What must not happen and did, in words; the first ones.
    pub(super) faults: Vec<String>,
}

/// What one message was, and what became of it.
#[derive(Debug)]
struct Entry {
    at: Role,
    /// The measurement it carries, when it is the genuine envelope.
    measurement: Option<usize>,
    /// How often each kind of attack sent it.
    attacks: BTreeMap<Kind, usize>,
    opened: usize,
    refused: HashMap<Error, usize>,
}

/// A line of the attack table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attempts {
    pub(super) kind: Kind,
    pub(super) at: Role,
    pub(super) sent: usize,
    /// Received, and refused with the error that this kind has to get.
    pub(super) refused: usize,
    /// Refused with another error, and how often.
    pub(super) otherwise: HashMap<Error, usize>,
    pub(super) passed: usize,
}

/// What became of the genuine envelopes at one receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Genuine {
    pub(super) sent: usize,
    pub(super) once: usize,
    pub(super) lost: usize,
    pub(super) doubled: usize,
    /// Delivered again by QoS 1, and told to be the same.
    pub(super) redelivered: usize,
}

impl Ledger {
    /// Enters a genuine envelope before it is published. Sending the same bytes again is a redelivery.
    pub(super) fn measurement(&self, at: Role, topic: &str, message: &[u8], index: usize) {
        let mut account = self.lock();
        account.entry(at, mark(topic, message)).measurement = Some(index);
    }

    /// Enters an attack before it is published.
    pub(super) fn attack(&self, at: Role, topic: &str, message: &[u8], kind: Kind) {
        let mut account = self.lock();
        account.attacks += 1;
        *account.entry(at, mark(topic, message)).attacks.entry(kind).or_default() += 1;
    }

    /// Enters what a receiver made of a message; `Ok` carries whether the body was the expected one.
    pub(super) fn arrived(&self, at: Role, mark: Mark, outcome: Result<(), Error>) {
        let mut account = self.lock();
        account.changes += 1;
        let Some(entry) = account.entries.get_mut(&mark) else {
            if outcome.is_ok() {
                account.fault(format!("the {} opened a message that nobody sent", at.name()));
            }
            return;
        };
        match outcome {
            Ok(()) => {
                entry.opened += 1;
                let genuine = entry.measurement.is_some();
                if genuine {
                    *account.opened.entry(at).or_default() += 1;
                }
            }
            Err(error) => {
                *entry.refused.entry(error).or_default() += 1;
                if !entry.attacks.is_empty() {
                    account.refused += 1;
                }
            }
        }
    }

    /// Notes a number that the PGO used towards the GP.
    pub(super) fn forwarded(&self, sequence: u64) {
        self.lock().forwarded.insert(sequence);
    }

    /// Notes something that must not happen.
    pub(super) fn fault(&self, words: String) {
        self.lock().fault(words);
    }

    /// Which measurement a genuine envelope carries.
    pub(super) fn index(&self, mark: &Mark) -> Option<usize> {
        self.lock().entries.get(mark).and_then(|entry| entry.measurement)
    }

    /// Whether a genuine envelope has been opened.
    pub(super) fn taken(&self, mark: &Mark) -> bool {
        self.lock().entries.get(mark).is_some_and(|entry| entry.opened > 0)
    }

    /// The account as it is now.
    pub(super) fn lock(&self) -> MutexGuard<'_, Account> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    fn entry(&mut self, at: Role, mark: Mark) -> &mut Entry {
        self.changes += 1;
        let new =
            || Entry { at, measurement: None, attacks: BTreeMap::new(), opened: 0, refused: HashMap::new() };
        self.entries.entry(mark).or_insert_with(new)
    }

    fn fault(&mut self, words: String) {
        self.changes += 1;
        if self.faults.len() < SHOWN {
            self.faults.push(words);
        }
    }

    /// Whether everything that was sent has arrived.
    pub(super) fn settled(&self) -> bool {
        self.entries.values().all(|entry| {
            let arrivals = entry.opened + entry.refused.values().sum::<usize>();
            arrivals >= usize::from(entry.measurement.is_some()) + entry.attacks.values().sum::<usize>()
        })
    }

    /// What became of the genuine envelopes for `at`.
    pub(super) fn genuine(&self, at: Role) -> Genuine {
        let mut genuine = Genuine::default();
        for entry in self.entries.values().filter(|entry| entry.at == at && entry.measurement.is_some()) {
            genuine.sent += 1;
            match entry.opened {
                0 => genuine.lost += 1,
                1 => genuine.once += 1,
                _ => genuine.doubled += 1,
            }
            let duplicates = entry.refused.get(&Error::Duplicate).copied().unwrap_or(0);
            genuine.redelivered += duplicates.saturating_sub(entry.attacks.values().sum());
        }
        genuine
    }

    /// Genuine envelopes that were refused as anything but a duplicate, in words.
    pub(super) fn wronged(&self) -> Vec<String> {
        let mut words = Vec::new();
        for entry in self.entries.values().filter(|entry| entry.attacks.is_empty()) {
            for error in entry.refused.keys().filter(|error| **error != Error::Duplicate) {
                words.push(format!("the {} refused a genuine envelope: {}", entry.at.name(), error.name()));
            }
        }
        words
    }

    /// The attack table, in the order of [`Kind::ALL`].
    pub(super) fn attempts(&self) -> Vec<Attempts> {
        let mut lines: BTreeMap<(Kind, Role), Attempts> = BTreeMap::new();
        for entry in self.entries.values() {
            // A genuine envelope is opened once; whatever comes on top of that is the attack's.
            let mut passed = entry.opened.saturating_sub(usize::from(entry.measurement.is_some()));
            let mut refused = entry.refused.clone();
            for (kind, sent) in &entry.attacks {
                let empty = Attempts {
                    kind: *kind,
                    at: entry.at,
                    sent: 0,
                    refused: 0,
                    otherwise: HashMap::new(),
                    passed: 0,
                };
                let line = lines.entry((*kind, entry.at)).or_insert(empty);
                line.sent += sent;
                line.passed += std::mem::take(&mut passed);
                let rightly = refused.get_mut(&kind.error());
                if let Some(rightly) = rightly {
                    let taken = (*rightly).min(*sent);
                    *rightly -= taken;
                    line.refused += taken;
                }
                for (error, times) in refused.iter().filter(|(error, _)| **error != kind.error()) {
                    if *times > 0 && !entry.attacks.keys().any(|other| other.error() == *error) {
                        *line.otherwise.entry(*error).or_default() += times;
                    }
                }
            }
        }
        lines.into_values().collect()
    }
}

/// The mark of a message.
pub(super) fn mark(topic: &str, message: &[u8]) -> Mark {
    let mut hash = Sha256::new();
    hash.update((topic.len() as u64).to_be_bytes());
    hash.update(topic);
    hash.update(message);
    hash.finalize().into()
}

const SHOWN: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replays_and_redeliveries_are_told_apart() {
        let ledger = Ledger::default();
        ledger.measurement(Role::Pgo, "t", b"m", 0);
        ledger.attack(Role::Pgo, "t", b"m", Kind::Replay);
        let mark = mark("t", b"m");
        for outcome in [Ok(()), Err(Error::Duplicate)] {
            assert!(!ledger.lock().settled());
            ledger.arrived(Role::Pgo, mark, outcome);
        }
        assert!(ledger.lock().settled());
        ledger.arrived(Role::Pgo, mark, Err(Error::Duplicate));
        let account = ledger.lock();
        let genuine = Genuine { sent: 1, once: 1, redelivered: 1, ..Genuine::default() };
        assert_eq!(account.genuine(Role::Pgo), genuine);
        let attempts = account.attempts();
        assert_eq!((attempts[0].sent, attempts[0].refused, attempts[0].passed), (1, 1, 0));
    }

    #[test]
    fn nothing_wrong_goes_unseen() {
        let ledger = Ledger::default();
        ledger.measurement(Role::Pgo, "t", b"lost", 0);
        ledger.measurement(Role::Pgo, "t", b"doubled", 1);
        ledger.attack(Role::Pgo, "t", b"passes", Kind::FlipText);
        ledger.attack(Role::Pgo, "t", b"wrong error", Kind::FlipText);
        ledger.arrived(Role::Pgo, mark("t", b"doubled"), Ok(()));
        ledger.arrived(Role::Pgo, mark("t", b"doubled"), Ok(()));
        ledger.arrived(Role::Pgo, mark("t", b"passes"), Ok(()));
        ledger.arrived(Role::Pgo, mark("t", b"wrong error"), Err(Error::Malformed));
        ledger.arrived(Role::Pgo, mark("t", b"from nowhere"), Ok(()));
        let account = ledger.lock();
        let genuine = Genuine { sent: 2, lost: 1, doubled: 1, ..Genuine::default() };
        assert_eq!(account.genuine(Role::Pgo), genuine);
        let line = &account.attempts()[0];
        assert_eq!((line.sent, line.refused, line.passed), (2, 0, 1));
        assert_eq!(line.otherwise, HashMap::from([(Error::Malformed, 1)]));
        assert_eq!(account.faults.len(), 1);
    }
}
