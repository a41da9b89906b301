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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crash::{Disk, base, empty_image};
    use crate::store::Store;
    use zegel::rng::SysRng;
    use zegel::{Card, CardClaims, Identity, KemKey, MemorySequence, Opener, Sealer, Session, Status};

    /// Threat E-11: many devices with many sessions cost no more memory than this.
    #[test]
    fn keys_of_many_sessions_are_bounded() {
        let base = base(Disk::holding(empty_image())).unwrap();
        let store = Store::over(Arc::clone(&base));
        let (me, keys) = (Identity::generate(&mut SysRng).unwrap(), [KemKey::generate(&mut SysRng).unwrap()]);
        let card = |identity: &Identity, kem_keys: &[zegel::KemPublic]| {
            let (serial, not_before, expires, label, status) = (1, 0, 4_000_000_000, "", Status::Active);
            let claims = CardClaims { serial, not_before, expires, label, kem_keys, status };
            Card::issue_to_vec(&claims, identity, &mut SysRng).unwrap()
        };
        let mine = Card::from_bytes(&card(&me, &[keys[0].public()])).unwrap();
        let (opener, mut transaction) = (Opener::new(me.id(), &keys), store.begin().unwrap());
        for _ in 0..=HELD / 64 {
            let device = Identity::generate(&mut SysRng).unwrap();
            transaction.pin(&card(&device, &[])).unwrap();
            let mut sealer = Sealer::new(&device, &mine, None, MemorySequence::default()).unwrap();
            for _ in 0..64 {
                let (limits, rng) = (zegel::SessionLimits::default(), &mut SysRng);
                let (session, mut keyframe) = Session::begin_to_vec(sealer, "a", None, limits, rng).unwrap();
                let _ = opener.open(&mut transaction, "a", None, &mut keyframe).unwrap();
                sealer = session.end();
            }
        }
        transaction.commit().unwrap();
        assert_eq!(base.keyring.lock().len(), HELD);
    }
}
