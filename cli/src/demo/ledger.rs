//! The account of a run: what was sent, what it was, and what became of it at the receivers.
//!
//! Attacks carry no mark: a message is known by the hash of its topic and bytes, entered here before it is
//! sent, so that each arrival is weighed against what had to happen to it.

mod account;

use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};
use zegel::Error;

use super::attack::{Kind, Role};

pub(super) use account::{Account, Attempts, Sent};

/// One message as the account knows it.
pub(super) type Mark = [u8; 32];

/// The shared account. Every role writes into it; [`Ledger::lock`] reads it.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    inside: Mutex<Account>,
}

impl Ledger {
    /// Enters a genuine message before it is published, for everybody who reads it. Sending the same bytes again is a
    /// redelivery.
    pub(super) fn genuine(&self, readers: &[Role], topic: &str, message: &[u8], what: Sent) {
        let mut account = self.lock();
        for at in readers {
            account.change((*at, mark(topic, message)), |entry| entry.genuine = Some(what));
        }
    }

    /// Enters an attack before it is published.
    pub(super) fn attack(&self, readers: &[Role], topic: &str, message: &[u8], kind: Kind) {
        let mut account = self.lock();
        for at in readers {
            account.attacks += 1;
            let key = (*at, mark(topic, message));
            account.change(key, |entry| *entry.attacks.entry(kind).or_default() += 1);
        }
    }

    /// Enters what a receiver made of a message.
    pub(super) fn arrived(&self, at: Role, mark: Mark, outcome: Result<(), Error>) {
        let mut account = self.lock();
        account.changes += 1;
        let Some(entry) = account.entries.get(&(at, mark)) else {
            if outcome.is_ok() {
                account.fault(format!("the {} opened a message that nobody sent", at.name()));
            }
            return;
        };
        match outcome {
            Ok(()) if matches!(entry.genuine, Some(Sent::Measurement(_))) => {
                *account.opened.entry(at).or_default() += 1;
            }
            Err(_) if !entry.attacks.is_empty() => account.refused += 1,
            _ => {}
        }
        let erased = account.chain.erased > 0;
        account.change((at, mark), |entry| match outcome {
            Ok(()) => entry.opened += 1,
            Err(error) => {
                *entry.refused.entry(error).or_default() += 1;
                entry.locked += usize::from(erased && error == Error::NotForMe);
            }
        });
    }

    /// Notes under which digest a receiver took a measurement.
    pub(super) fn digest(&self, digest: [u8; 32], index: usize) {
        self.lock().digests.insert(digest, index);
    }

    /// Which measurement was taken under a digest.
    pub(super) fn by_digest(&self, digest: &[u8; 32]) -> Option<usize> {
        self.lock().digests.get(digest).copied()
    }

    /// Notes a number that the PGO used towards the GP.
    pub(super) fn forwarded(&self, sequence: u64) {
        self.lock().forwarded.insert(sequence);
    }

    /// Keeps the first evidence that the GP shows around, as anybody may who has it.
    pub(super) fn show(&self, evidence: &[u8]) {
        self.lock().shown.get_or_insert_with(|| evidence.to_vec());
    }

    /// Evidence that the GP has shown.
    pub(super) fn shown(&self) -> Option<Vec<u8>> {
        self.lock().shown.clone()
    }

    /// Changes what is counted beside the messages.
    pub(super) fn count(&self, change: impl FnOnce(&mut Chain)) {
        let mut account = self.lock();
        account.changes += 1;
        change(&mut account.chain);
    }

    /// Notes something that must not happen.
    pub(super) fn fault(&self, words: String) {
        self.lock().fault(words);
    }

    /// What a genuine message is.
    pub(super) fn what(&self, at: Role, mark: &Mark) -> Option<Sent> {
        self.lock().entries.get(&(at, *mark)).and_then(|entry| entry.genuine)
    }

    /// Which measurement a genuine message carries.
    pub(super) fn index(&self, at: Role, mark: &Mark) -> Option<usize> {
        match self.what(at, mark)? {
            Sent::Measurement(index) => Some(index),
            _ => None,
        }
    }

    /// Whether a genuine message has been opened.
    pub(super) fn taken(&self, at: Role, mark: &Mark) -> bool {
        self.lock().entries.get(&(at, *mark)).is_some_and(|entry| entry.opened > 0)
    }

    /// The account as it is now.
    pub(super) fn lock(&self) -> MutexGuard<'_, Account> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What happened in the chain beside single messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Chain {
    /// Pairings that came about.
    pub(super) paired: usize,
    /// At the PGO: sessions of the wearable, and blocks of them that became provable.
    pub(super) sessions: usize,
    pub(super) blocks: usize,
    /// Measurements of sessions that their blocks proved.
    pub(super) proven: u64,
    /// Messages that overtook their keyframe, and opened after it.
    pub(super) waited: usize,
    /// What found no room on the shelf.
    pub(super) no_room: usize,
    /// The GP knows the wearable of its own.
    pub(super) met: bool,
    /// The wearable has sealed what it holds back over the change of the PGO's key.
    pub(super) holds: bool,
    /// New KEM keys of the PGO.
    pub(super) rotated: usize,
    /// KEM keys that were erased.
    pub(super) erased: usize,
}

/// The mark of a message.
pub(super) fn mark(topic: &str, message: &[u8]) -> Mark {
    let mut hash = Sha256::new();
    hash.update((topic.len() as u64).to_be_bytes());
    hash.update(topic);
    hash.update(message);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::account::Genuine;
    use super::*;

    const PGO: &[Role] = &[Role::Pgo];

    #[test]
    fn replays_and_redeliveries_are_told_apart() {
        let ledger = Ledger::default();
        ledger.genuine(PGO, "t", b"m", Sent::Measurement(0));
        ledger.attack(PGO, "t", b"m", Kind::Replay);
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
        assert!(attempts[0].otherwise.is_empty());
    }

    #[test]
    fn nothing_wrong_goes_unseen() {
        let ledger = Ledger::default();
        ledger.genuine(PGO, "t", b"lost", Sent::Measurement(0));
        ledger.genuine(PGO, "t", b"doubled", Sent::Measurement(1));
        ledger.attack(PGO, "t", b"passes", Kind::FlipText);
        ledger.attack(PGO, "t", b"wrong error", Kind::FlipText);
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

    #[test]
    fn what_two_read_is_weighed_for_each() {
        let ledger = Ledger::default();
        ledger.attack(&[Role::Pgo, Role::Carer], "t", b"m", Kind::FlipText);
        ledger.arrived(Role::Pgo, mark("t", b"m"), Err(Error::Rejected));
        assert!(!ledger.lock().settled());
        ledger.arrived(Role::Carer, mark("t", b"m"), Ok(()));
        let account = ledger.lock();
        assert!(account.settled());
        let passed: Vec<_> = account.attempts().iter().map(|line| (line.at, line.passed)).collect();
        assert_eq!(passed, [(Role::Pgo, 0), (Role::Carer, 1)]);
    }

    #[test]
    fn a_message_that_had_to_wait_is_no_wrong() {
        let ledger = Ledger::default();
        ledger.genuine(PGO, "t", b"early", Sent::Measurement(0));
        ledger.arrived(Role::Pgo, mark("t", b"early"), Err(Error::UnknownSession));
        assert!(!ledger.lock().settled(), "it is still to be opened");
        ledger.arrived(Role::Pgo, mark("t", b"early"), Ok(()));
        let account = ledger.lock();
        assert!(account.settled() && account.wronged().is_empty());
        assert_eq!(account.genuine(Role::Pgo).once, 1);
    }

    #[test]
    fn a_replay_after_the_key_was_erased_is_refused_all_the_same() {
        let ledger = Ledger::default();
        ledger.genuine(PGO, "t", b"m", Sent::Measurement(0));
        ledger.arrived(Role::Pgo, mark("t", b"m"), Ok(()));
        ledger.count(|chain| chain.erased += 1);
        for (kind, error) in [(Kind::ReplayRetained, Error::NotForMe), (Kind::ErasedKey, Error::NotForMe)] {
            ledger.attack(PGO, "t", b"m", kind);
            ledger.arrived(Role::Pgo, mark("t", b"m"), Err(error));
        }
        let account = ledger.lock();
        assert!(account.settled() && account.wronged().is_empty());
        for line in account.attempts() {
            assert_eq!((line.sent, line.refused, line.passed), (1, 1, 0), "{:?}", line.kind);
            assert!(line.otherwise.is_empty(), "{:?}", line.kind);
        }
        drop(account);
        // What never opened is not for him, and that is another fault.
        ledger.attack(PGO, "t", b"other", Kind::ReplayRetained);
        ledger.arrived(Role::Pgo, mark("t", b"other"), Err(Error::NotForMe));
        assert!(ledger.lock().attempts().iter().any(|line| !line.otherwise.is_empty()));
    }

    #[test]
    fn a_replay_that_is_not_known_while_its_key_is_there_is_a_fault() {
        let ledger = Ledger::default();
        ledger.genuine(PGO, "t", b"m", Sent::Measurement(0));
        ledger.arrived(Role::Pgo, mark("t", b"m"), Ok(()));
        ledger.attack(PGO, "t", b"m", Kind::ReplayRetained);
        ledger.arrived(Role::Pgo, mark("t", b"m"), Err(Error::NotForMe));
        let account = ledger.lock();
        assert!(account.attempts().iter().all(|line| line.refused == 0 && !line.otherwise.is_empty()));
        assert!(!account.wronged().is_empty());
    }
}
