//! What the account holds, and how it adds up.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use zegel::Error;

use super::super::attack::{Kind, Role};
use super::{Chain, Mark};

/// What the account holds.
#[derive(Debug, Default)]
pub(in super::super) struct Account {
    pub(super) entries: HashMap<(Role, Mark), Entry>,
    unsettled: usize,
    /// Under which digest each measurement was taken.
    pub(super) digests: HashMap<[u8; 32], usize>,
    /// Evidence that went from hand to hand.
    pub(super) shown: Option<Vec<u8>>,
    /// Counts every change, so that a standstill can be told.
    pub(in super::super) changes: u64,
    /// Measurements opened, at each receiver.
    pub(in super::super) opened: BTreeMap<Role, usize>,
    /// Attacks sent and refused, for the progress line.
    pub(in super::super) attacks: usize,
    pub(in super::super) refused: usize,
    /// The numbers that the PGO used towards the GP; after a restart it skips what it had reserved.
    pub(in super::super) forwarded: BTreeSet<u64>,
    pub(in super::super) chain: Chain,
    /// What must not happen and did, in words; the first ones.
    pub(in super::super) faults: Vec<String>,
}

/// What a genuine message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Sent {
    /// A measurement, by its place in the script.
    Measurement(usize),
    Keyframe,
    Manifest,
    Introduction,
    Card,
    Pairing,
    /// Sound, of somebody who is trusted and ought not to be: what he does next is the attack.
    Bait,
}

/// What one message was, and what became of it at one receiver.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) genuine: Option<Sent>,
    /// How often each kind of attack sent it.
    pub(super) attacks: BTreeMap<Kind, usize>,
    pub(super) opened: usize,
    pub(super) refused: HashMap<Error, usize>,
    /// How often it was `NotForMe` after a key was erased: then nobody can tell any more that it comes again.
    pub(super) locked: usize,
}

/// A line of the attack table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Attempts {
    pub(in super::super) kind: Kind,
    pub(in super::super) at: Role,
    pub(in super::super) sent: usize,
    /// Received, and refused with the error that this kind has to get.
    pub(in super::super) refused: usize,
    /// Refused with another error, and how often.
    pub(in super::super) otherwise: HashMap<Error, usize>,
    pub(in super::super) passed: usize,
}

/// What became of the genuine measurements at one receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Genuine {
    pub(in super::super) sent: usize,
    pub(in super::super) once: usize,
    pub(in super::super) lost: usize,
    pub(in super::super) doubled: usize,
    /// Delivered again by QoS 1, and told to be the same.
    pub(in super::super) redelivered: usize,
}

impl Entry {
    fn is_settled(&self) -> bool {
        let (genuine, refused) = (usize::from(self.genuine.is_some()), self.refused.values().sum::<usize>());
        self.opened >= genuine && self.opened + refused >= genuine + self.attacks.values().sum::<usize>()
    }

    /// What a genuine message may get beside its one acceptance: it comes again, after its key was erased perhaps, or
    /// it has to wait.
    fn is_harmless(&self, error: Error) -> bool {
        let again = match error {
            Error::Duplicate => true,
            Error::UnknownSession => self.opened > 0,
            Error::NotForMe => self.opened > 0 && self.refused.get(&error) == Some(&self.locked),
            _ => false,
        };
        self.genuine.is_some() && again
    }

    /// How often each error was given. What was opened before and comes again is a duplicate; when its key was erased
    /// meanwhile nobody can tell any more, and it is counted as one.
    fn refusals(&self) -> HashMap<Error, usize> {
        let mut refused = self.refused.clone();
        let meant = self.attacks.iter().filter(|(kind, _)| kind.error() == Error::NotForMe);
        let meant = meant.map(|(_, sent)| sent).sum::<usize>();
        let late = self.locked.saturating_sub(meant);
        if self.opened > 0 && late > 0 {
            refused.entry(Error::NotForMe).and_modify(|times| *times -= late);
            *refused.entry(Error::Duplicate).or_default() += late;
        }
        refused
    }
}

impl Account {
    /// Changes an entry, and keeps count of those that wait for something.
    pub(super) fn change(&mut self, key: (Role, Mark), change: impl FnOnce(&mut Entry)) {
        self.changes += 1;
        let entry = self.entries.entry(key).or_default();
        let before = usize::from(!entry.is_settled());
        change(entry);
        self.unsettled = self.unsettled + usize::from(!entry.is_settled()) - before;
    }

    pub(super) fn fault(&mut self, words: String) {
        self.changes += 1;
        if self.faults.len() < SHOWN {
            self.faults.push(words);
        }
    }

    /// Whether everything that was sent has arrived.
    pub(in super::super) const fn settled(&self) -> bool {
        self.unsettled == 0
    }

    /// What has not arrived, in words, for whoever has to find out why.
    pub(in super::super) fn missing(&self) -> Vec<String> {
        let mut missing: BTreeMap<(Role, String), usize> = BTreeMap::new();
        for ((at, _), entry) in self.entries.iter().filter(|(_, entry)| !entry.is_settled()) {
            let what =
                format!("{:?} {:?}", entry.genuine.map(Sent::kind), entry.attacks.keys().collect::<Vec<_>>());
            *missing.entry((*at, what)).or_default() += 1;
        }
        missing.into_iter().map(|((at, what), times)| format!("{} {what} {times} times", at.name())).collect()
    }

    /// What became of the genuine measurements for `at`.
    pub(in super::super) fn genuine(&self, at: Role) -> Genuine {
        let mut genuine = Genuine::default();
        for entry in self.entries_at(at).filter(|entry| matches!(entry.genuine, Some(Sent::Measurement(_)))) {
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

    /// Genuine messages that were refused as anything but a duplicate, in words.
    pub(in super::super) fn wronged(&self) -> Vec<String> {
        let mut words = Vec::new();
        for ((at, _), entry) in &self.entries {
            let Some(what) = entry.genuine else { continue };
            for error in entry.refused.keys().filter(|error| !entry.is_harmless(**error)) {
                if !entry.attacks.keys().any(|kind| kind.error() == *error) {
                    let what = what.kind();
                    words.push(format!("the {} refused a genuine {what}: {}", at.name(), error.name()));
                }
            }
            if entry.opened == 0 {
                words.push(format!("the {} did not take a {}", at.name(), what.kind()));
            }
        }
        words
    }

    /// The attack table, in the order of [`Kind::ALL`].
    pub(in super::super) fn attempts(&self) -> Vec<Attempts> {
        let mut lines: BTreeMap<(Kind, Role), Attempts> = BTreeMap::new();
        for ((at, _), entry) in &self.entries {
            // A genuine message is opened once; whatever comes on top of that is the attack's.
            let mut passed = entry.opened.saturating_sub(usize::from(entry.genuine.is_some()));
            let mut refused = entry.refusals();
            for (kind, sent) in &entry.attacks {
                let line = lines.entry((*kind, *at)).or_insert_with(|| Attempts {
                    kind: *kind,
                    at: *at,
                    sent: 0,
                    refused: 0,
                    otherwise: HashMap::new(),
                    passed: 0,
                });
                line.sent += sent;
                line.passed += std::mem::take(&mut passed);
                if let Some(rightly) = refused.get_mut(&kind.error()) {
                    let taken = (*rightly).min(*sent);
                    *rightly -= taken;
                    line.refused += taken;
                }
                for (error, times) in refused.iter().filter(|(error, _)| **error != kind.error()) {
                    let known = entry.attacks.keys().any(|other| other.error() == *error);
                    if *times > 0 && !known && !entry.is_harmless(*error) {
                        *line.otherwise.entry(*error).or_default() += times;
                    }
                }
            }
        }
        lines.into_values().collect()
    }

    fn entries_at(&self, at: Role) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |((role, _), _)| *role == at).map(|(_, entry)| entry)
    }
}

impl Sent {
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Measurement(_) => "measurement",
            Self::Keyframe => "keyframe",
            Self::Manifest => "manifest",
            Self::Introduction => "introduction",
            Self::Card => "card",
            Self::Pairing => "pairing message",
            Self::Bait => "bait",
        }
    }
}

const SHOWN: usize = 20;
