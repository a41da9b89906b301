//! Sessions in fixed memory, for receivers without a heap (SPEC §10.3). They are forgotten with the process.

use core::fmt;

use crate::error::{Error, Result};
use crate::key::id::Id;
use crate::session::keys::{SessionId, SessionKeys};
use crate::session::manifest::Manifest;
use crate::session::merkle::Hash;
use crate::session::record::SessionRecord;
use crate::session::store::{SessionStore, show};

/// Keeps at most `N` sessions, of each the newest 128 leaves and the two newest manifests that wait: some 5 KB each.
pub struct FixedSessions<const N: usize> {
    slots: [Option<Slot>; N],
}

struct Slot {
    record: SessionRecord,
    keys: Option<SessionKeys>,
    /// A number's leaf stands at the number modulo the length.
    leaves: [(u64, Hash); LEAVES],
    manifests: [Option<Manifest>; MANIFESTS],
}

impl<const N: usize> FixedSessions<N> {
    /// No sessions.
    pub const fn new() -> Self {
        Self { slots: [const { None }; N] }
    }

    fn slot(&mut self, id: &SessionId) -> Option<&mut Slot> {
        self.slots.iter_mut().flatten().find(|slot| slot.record.id == *id)
    }

    /// Where a new session of `sender` goes: a free slot, that of its own oldest session, or the oldest of whoever has
    /// most, so that nobody keeps everybody else out.
    fn place(&mut self, sender: &Id) -> Option<&mut Option<Slot>> {
        if let Some(free) = self.slots.iter().position(Option::is_none) {
            return self.slots.get_mut(free);
        }
        let count = |of: &Id| self.slots.iter().flatten().filter(|slot| slot.record.sender == *of).count();
        let senders = || self.slots.iter().flatten().map(|slot| &slot.record.sender);
        let most = senders().max_by_key(|of| count(of)).filter(|of| count(of) > 1);
        let gives = if count(sender) > 0 { *sender } else { *most? };
        let theirs = |slot: &&mut Option<Slot>| slot.as_ref().is_some_and(|slot| slot.record.sender == gives);
        let number = |slot: &&mut Option<Slot>| slot.as_ref().map(|slot| slot.record.sequence);
        self.slots.iter_mut().filter(theirs).min_by_key(number)
    }
}

/// What [`FixedSessions::new`] gives, but made where it is needed: a constant of that size is copied from the program's
/// memory, which then holds 5 KB of nothing.
impl<const N: usize> Default for FixedSessions<N> {
    fn default() -> Self {
        Self { slots: core::array::from_fn(|_| None) }
    }
}

impl<const N: usize> SessionStore for FixedSessions<N> {
    fn session(&mut self, id: &SessionId) -> Result<Option<SessionRecord>> {
        Ok(self.slot(id).map(|slot| slot.record))
    }

    fn admits(&mut self, session: &SessionRecord) -> Result<()> {
        match self.slot(&session.id) {
            Some(slot) if slot.record == *session => Ok(()),
            Some(_) => Err(Error::Equivocation),
            None => self.place(&session.sender).map(|_| ()).ok_or(Error::Full),
        }
    }

    fn keep_session(&mut self, session: &SessionRecord) -> Result<()> {
        self.admits(session)?;
        if self.slot(&session.id).is_some() {
            return Ok(());
        }
        let place = self.place(&session.sender).ok_or(Error::Full)?;
        // A keyframe that was held back gives up its own session, and not a newer one.
        if place.as_ref().is_none_or(|kept| !is_older(session, &kept.record)) {
            *place = Some(Slot {
                record: *session,
                keys: None,
                leaves: [NO_LEAF; LEAVES],
                manifests: [None; MANIFESTS],
            });
        }
        Ok(())
    }

    fn keys(&mut self, id: &SessionId) -> Option<&SessionKeys> {
        self.slot(id)?.keys.as_ref()
    }

    fn hold_keys(&mut self, keys: SessionKeys) {
        if let Some(slot) = self.slot(&keys.id()) {
            slot.keys = Some(keys);
        }
    }

    fn keep_leaf(&mut self, id: &SessionId, sequence: u64, leaf: &Hash) -> Result<()> {
        let place = self.slot(id).and_then(|slot| slot.leaves.get_mut(place(sequence)));
        let place = place.ok_or(Error::UnknownSession)?;
        // A message that comes late takes no newer one's place.
        if place.0 <= sequence {
            *place = (sequence, *leaf);
        }
        Ok(())
    }

    fn leaf(&mut self, id: &SessionId, sequence: u64) -> Result<Option<Hash>> {
        let kept = self.slot(id).and_then(|slot| slot.leaves.get(place(sequence)));
        // A message's number is never 0: it follows its keyframe's.
        Ok(kept.filter(|(number, _)| *number == sequence && sequence != 0).map(|(_, leaf)| *leaf))
    }

    fn keep_manifest(&mut self, id: &SessionId, manifest: &Manifest) -> Result<()> {
        let slot = self.slot(id).ok_or(Error::UnknownSession)?;
        let same = |kept: &&mut Option<Manifest>| kept.is_none_or(|kept| kept.first == manifest.first);
        if let Some(place) = slot.manifests.iter_mut().find(same) {
            *place = Some(*manifest);
        } else if let Some(oldest) = slot.manifests.iter_mut().min_by_key(|kept| kept.map(|kept| kept.first))
            && oldest.is_none_or(|kept| kept.first < manifest.first)
        {
            *oldest = Some(*manifest);
        }
        Ok(())
    }

    fn manifest(&mut self, id: &SessionId, sequence: u64) -> Result<Option<Manifest>> {
        let slot = self.slot(id);
        Ok(slot.and_then(|slot| slot.manifests.into_iter().flatten().find(|kept| kept.covers(sequence))))
    }

    fn release(&mut self, id: &SessionId, manifest: &Manifest) -> Result<()> {
        if let Some(slot) = self.slot(id) {
            let done = |kept: &&mut Option<Manifest>| kept.is_some_and(|kept| kept.first == manifest.first);
            slot.manifests.iter_mut().filter(done).for_each(|kept| *kept = None);
            let covered = slot.leaves.iter_mut().filter(|(number, _)| manifest.covers(*number));
            covered.for_each(|leaf| *leaf = NO_LEAF);
        }
        Ok(())
    }

    fn forget_sessions(&mut self, sender: &Id) -> Result<()> {
        let theirs =
            |slot: &&mut Option<Slot>| slot.as_ref().is_some_and(|slot| slot.record.sender == *sender);
        self.slots.iter_mut().filter(theirs).for_each(|slot| *slot = None);
        Ok(())
    }
}

/// Counts alone: a leaf is a hash of what a patient measured.
impl<const N: usize> fmt::Debug for FixedSessions<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slots = || self.slots.iter().flatten();
        let leaves = slots().flat_map(|slot| &slot.leaves).filter(|(number, _)| *number != 0).count();
        let manifests = slots().flat_map(|slot| &slot.manifests).flatten().count();
        show(f, "FixedSessions", [slots().count(), leaves, manifests])
    }
}

/// Whether a keyframe was held back so long that its session would be the one to give up.
fn is_older(session: &SessionRecord, kept: &SessionRecord) -> bool {
    session.sender == kept.sender && session.sequence < kept.sequence
}

/// Where the leaf of a number stands.
fn place(sequence: u64) -> usize {
    usize::try_from(sequence % LEAVES_NUMBERS).unwrap_or_default()
}

/// Two blocks of 64: the one that is being signed, and the one before.
const LEAVES: usize = 128;
const LEAVES_NUMBERS: u64 = 128;
const MANIFESTS: usize = 2;
/// No message has this number, for each follows its keyframe's.
const NO_LEAF: (u64, Hash) = (0, [0; 32]);
