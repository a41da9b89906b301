//! The keys of sessions, in memory alone: they go with the process, and derive again (SPEC §10.2).
//!
//! A transaction has a ring of its own for what it derives, and gives it up to the store's when it is committed: keys
//! of a keyframe that never was go with it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zegel::{Kid, SessionId, SessionKeys, SessionRecord};

/// Keys beside the session that they are of: whatever is committed meanwhile, they serve no other one.
#[derive(Default)]
pub(crate) struct Keyring(Mutex<BTreeMap<SessionId, (SessionRecord, Arc<SessionKeys>)>>);

impl Keyring {
    pub(crate) fn get(&self, session: &SessionRecord) -> Option<Arc<SessionKeys>> {
        let held = self.lock();
        held.get(&session.id()).filter(|(of, _)| of == session).map(|(_, keys)| Arc::clone(keys))
    }

    pub(crate) fn hold(&self, session: SessionRecord, keys: SessionKeys) {
        self.lock().insert(session.id(), (session, Arc::new(keys)));
    }

    /// Takes over what `other` holds.
    pub(crate) fn absorb(&self, other: Self) {
        let mut held = self.lock();
        held.append(&mut other.lock());
        while held.len() > HELD {
            // Identifiers are as random as keys are: whose turn it is, nobody chooses.
            held.pop_first();
        }
    }

    /// Overwrites the keys of sessions that are given up.
    pub(crate) fn forget(&self, sessions: &[SessionId]) {
        let mut held = self.lock();
        for id in sessions {
            held.remove(id);
        }
    }

    /// Overwrites the keys that derive from one of these KEM keys.
    pub(crate) fn forget_from(&self, kids: &[Kid]) {
        self.lock().retain(|_, (session, _)| !kids.contains(&session.kem_kid()));
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SessionId, (SessionRecord, Arc<SessionKeys>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sessions with keys in memory, at most: half a megabyte. Those of the others derive again at each message.
const HELD: usize = 1024;
