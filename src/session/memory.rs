//! Sessions on the heap, bounded for each sender (SPEC §10.3). They are forgotten with the process.

use alloc::collections::BTreeMap;
use core::fmt;

use crate::error::{Error, Result};
use crate::key::id::Id;
use crate::session::keys::{SessionId, SessionKeys};
use crate::session::manifest::Manifest;
use crate::session::merkle::Hash;
use crate::session::record::SessionRecord;
use crate::session::store::{SessionStore, show};

/// Keeps the 16 newest sessions of each sender, with their keys, and of each the newest 4,096 leaves that wait.
#[derive(Default)]
pub struct MemorySessions {
    held: BTreeMap<SessionId, Held>,
}

struct Held {
    record: SessionRecord,
    keys: Option<SessionKeys>,
    leaves: BTreeMap<u64, Hash>,
    manifests: BTreeMap<u64, Manifest>,
}

impl MemorySessions {
    /// No sessions.
    pub const fn new() -> Self {
        Self { held: BTreeMap::new() }
    }

    /// Drops all keys from memory, as a restart does: they derive again from what is kept.
    pub fn drop_keys(&mut self) {
        self.held.values_mut().for_each(|held| held.keys = None);
    }

    fn of(&self, sender: &Id) -> impl Iterator<Item = &SessionRecord> {
        let sender = *sender;
        self.held.values().map(|held| &held.record).filter(move |record| record.sender == sender)
    }
}

impl SessionStore for MemorySessions {
    fn session(&mut self, id: &SessionId) -> Result<Option<SessionRecord>> {
        Ok(self.held.get(id).map(|held| held.record))
    }

    fn admits(&mut self, session: &SessionRecord) -> Result<()> {
        let known = self.held.get(&session.id);
        if known.is_some_and(|known| known.record != *session) { Err(Error::Equivocation) } else { Ok(()) }
    }

    fn keep_session(&mut self, session: &SessionRecord) -> Result<()> {
        self.admits(session)?;
        self.held.entry(session.id).or_insert_with(|| Held {
            record: *session,
            keys: None,
            leaves: BTreeMap::new(),
            manifests: BTreeMap::new(),
        });
        while self.of(&session.sender).count() > SESSIONS_PER_SENDER {
            let oldest =
                self.of(&session.sender).min_by_key(|record| record.sequence).map(|record| record.id);
            if let Some(oldest) = oldest {
                self.held.remove(&oldest);
            }
        }
        Ok(())
    }

    fn keys(&mut self, id: &SessionId) -> Option<&SessionKeys> {
        self.held.get(id)?.keys.as_ref()
    }

    fn hold_keys(&mut self, keys: SessionKeys) {
        if let Some(held) = self.held.get_mut(&keys.id()) {
            held.keys = Some(keys);
        }
    }

    fn keep_leaf(&mut self, id: &SessionId, sequence: u64, leaf: &Hash) -> Result<()> {
        let held = self.held.get_mut(id).ok_or(Error::UnknownSession)?;
        held.leaves.insert(sequence, *leaf);
        if held.leaves.len() > LEAVES {
            held.leaves.pop_first();
        }
        Ok(())
    }

    fn leaf(&mut self, id: &SessionId, sequence: u64) -> Result<Option<Hash>> {
        Ok(self.held.get(id).and_then(|held| held.leaves.get(&sequence).copied()))
    }

    fn keep_manifest(&mut self, id: &SessionId, manifest: &Manifest) -> Result<()> {
        let held = self.held.get_mut(id).ok_or(Error::UnknownSession)?;
        held.manifests.insert(manifest.first, *manifest);
        if held.manifests.len() > MANIFESTS {
            held.manifests.pop_first();
        }
        Ok(())
    }

    fn manifest(&mut self, id: &SessionId, sequence: u64) -> Result<Option<Manifest>> {
        let before = self.held.get(id).and_then(|held| held.manifests.range(..=sequence).next_back());
        Ok(before.map(|(_, manifest)| *manifest).filter(|manifest| manifest.covers(sequence)))
    }

    fn release(&mut self, id: &SessionId, manifest: &Manifest) -> Result<()> {
        if let Some(held) = self.held.get_mut(id) {
            held.manifests.remove(&manifest.first);
            held.leaves.retain(|sequence, _| !manifest.covers(*sequence));
        }
        Ok(())
    }

    fn forget_sessions(&mut self, sender: &Id) -> Result<()> {
        self.held.retain(|_, held| held.record.sender != *sender);
        Ok(())
    }
}

/// Counts alone: a leaf is a hash of what a patient measured.
impl fmt::Debug for MemorySessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let leaves = self.held.values().map(|held| held.leaves.len()).sum();
        let manifests = self.held.values().map(|held| held.manifests.len()).sum();
        show(f, "MemorySessions", [self.held.len(), leaves, manifests])
    }
}

const SESSIONS_PER_SENDER: usize = 16;
const LEAVES: usize = 4096;
const MANIFESTS: usize = 64;
