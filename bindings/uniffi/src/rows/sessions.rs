//! The sessions of others, and what waits in them for a signature (SPEC §10.2 to §10.4).

use zegel::{Error, Id, Manifest, SessionId, SessionKeys, SessionRecord, SessionStore, SignedBlock};

use crate::opened::Proven;
use crate::rows::Rows;

impl Rows<'_> {
    /// Keeps what a message says as long as its leaf is kept.
    pub(super) fn keep_statement(&mut self, id: &SessionId, sequence: u64, topic: &str, statement: &[u8]) {
        let Ok(length) = u8::try_from(topic.len()) else { return };
        let row = [&[length][..], topic.as_bytes(), statement].concat();
        self.over.put(&numbered(b'b', id, sequence), &row);
    }

    /// The evidence of all that was kept of a block, which is let go with that.
    pub(super) fn prove_block(&mut self, block: &SignedBlock) -> Result<Vec<Proven>, Error> {
        let (id, (first, last)) = (block.session(), block.numbers());
        let (card, wire) = self.pinned(&block.sender().kid())?.ok_or(Error::UnknownSender)?;
        let mut proven = Vec::new();
        for sequence in first..=last {
            let Some(row) = self.get(&numbered(b'b', &id, sequence))? else { continue };
            let (topic, statement) = statement(&row).ok_or(Error::Storage)?;
            let leaf = |number| self.read_leaf(&id, number);
            let testimony = block.testimony_from(leaf, topic, statement)?;
            let digest = self.read_leaf(&id, sequence)?.ok_or(Error::Storage)?.to_vec();
            proven.push(Proven { sequence, digest, evidence: testimony.to_vec_with(&card, &wire)? });
        }
        block.release(self)?;
        Ok(proven)
    }

    /// Forgets what waits in the sessions of `sender`, and their keys. They stay as names: what still comes in them
    /// waits for no keyframe.
    pub(super) fn close_sessions(&mut self, sender: &Id) -> Result<(), Error> {
        for id in self.sessions_of(sender)? {
            self.shared.ring.remove(&id);
            self.empty(&id)?;
        }
        Ok(())
    }

    fn sessions_of(&self, sender: &Id) -> Result<Vec<SessionId>, Error> {
        let prefix = [b"o", &sender.0[..]].concat();
        let rows = self.scan(&prefix, &prefix, PER_SENDER.saturating_add(2))?;
        let name = |key: &[u8]| key.last_chunk().copied().map(SessionId).ok_or(Error::Storage);
        rows.iter().map(|row| name(&row.key)).collect()
    }

    fn forget_session(&mut self, id: &SessionId) -> Result<(), Error> {
        if let Some(session) = self.session(id)? {
            self.shared.ring.remove(id);
            self.over.remove(&[b"s", &id.0[..]].concat());
            self.over.remove(&order(&session));
            self.empty(id)?;
        }
        Ok(())
    }

    fn empty(&mut self, id: &SessionId) -> Result<(), Error> {
        for kind in [b'b', b'l', b'm'] {
            self.remove_all(&[&[kind][..], &id.0].concat())?;
        }
        Ok(())
    }

    fn read_leaf(&self, id: &SessionId, sequence: u64) -> Result<Option<[u8; 32]>, Error> {
        let leaf = self.get(&numbered(b'l', id, sequence))?;
        leaf.map(|leaf| leaf.try_into().map_err(|_| Error::Storage)).transpose()
    }
}

impl SessionStore for Rows<'_> {
    fn session(&mut self, id: &SessionId) -> Result<Option<SessionRecord>, Error> {
        let Some(row) = self.get(&[b"s", &id.0[..]].concat())? else { return Ok(None) };
        let row = row.try_into().map_err(|_| Error::Storage)?;
        SessionRecord::from_bytes(&row)
            .ok()
            .filter(|session| session.id() == *id)
            .map(Some)
            .ok_or(Error::Storage)
    }

    fn admits(&mut self, session: &SessionRecord) -> Result<(), Error> {
        match self.session(&session.id())? {
            Some(known) if known != *session => Err(Error::Equivocation),
            _ => Ok(()),
        }
    }

    fn keep_session(&mut self, session: &SessionRecord) -> Result<(), Error> {
        self.admits(session)?;
        self.over.put(&[b"s", &session.id().0[..]].concat(), &session.to_bytes());
        self.over.put(&order(session), &[]);
        let theirs = self.sessions_of(session.sender())?;
        for id in theirs.iter().take(theirs.len().saturating_sub(PER_SENDER)) {
            self.forget_session(id)?;
        }
        Ok(())
    }

    fn keys(&mut self, id: &SessionId) -> Option<&SessionKeys> {
        let session = self.session(id).ok()??;
        self.shared.ring.get(id).filter(|(of, _)| *of == session).map(|(_, keys)| keys)
    }

    fn hold_keys(&mut self, keys: SessionKeys) {
        if let Ok(Some(session)) = self.session(&keys.id()) {
            self.shared.ring.insert(keys.id(), (session, keys));
        }
        while self.shared.ring.len() > HELD {
            // Identifiers are as random as keys are: whose turn it is, nobody chooses.
            self.shared.ring.pop_first();
        }
    }

    fn keep_leaf(&mut self, id: &SessionId, sequence: u64, leaf: &[u8; 32]) -> Result<(), Error> {
        self.over.put(&numbered(b'l', id, sequence), leaf);
        if let Some(old) = sequence.checked_sub(LEAVES_KEPT) {
            self.over.remove(&numbered(b'l', id, old));
            self.over.remove(&numbered(b'b', id, old));
        }
        Ok(())
    }

    fn leaf(&mut self, id: &SessionId, sequence: u64) -> Result<Option<[u8; 32]>, Error> {
        self.read_leaf(id, sequence)
    }

    fn keep_manifest(&mut self, id: &SessionId, manifest: &Manifest) -> Result<(), Error> {
        self.over.put(&numbered(b'm', id, manifest.numbers().0), &manifest.to_bytes());
        let prefix = [b"m", &id.0[..]].concat();
        let kept = self.scan(&prefix, &prefix, MANIFESTS_KEPT.saturating_add(1))?;
        if kept.len() > MANIFESTS_KEPT
            && let Some(oldest) = kept.first()
        {
            self.over.remove(&oldest.key);
        }
        Ok(())
    }

    fn manifest(&mut self, id: &SessionId, sequence: u64) -> Result<Option<Manifest>, Error> {
        let prefix = [b"m", &id.0[..]].concat();
        for row in self.scan(&prefix, &prefix, MANIFESTS_KEPT)? {
            let row = row.value.try_into().map_err(|_| Error::Storage)?;
            let manifest = Manifest::from_bytes(&row).ok_or(Error::Storage)?;
            let (first, last) = manifest.numbers();
            if (first..=last).contains(&sequence) {
                return Ok(Some(manifest));
            }
        }
        Ok(None)
    }

    fn release(&mut self, id: &SessionId, manifest: &Manifest) -> Result<(), Error> {
        let (first, last) = manifest.numbers();
        self.over.remove(&numbered(b'm', id, first));
        for sequence in first..=last {
            self.over.remove(&numbered(b'l', id, sequence));
            self.over.remove(&numbered(b'b', id, sequence));
        }
        Ok(())
    }

    fn forget_sessions(&mut self, sender: &Id) -> Result<(), Error> {
        for id in self.sessions_of(sender)? {
            self.forget_session(&id)?;
        }
        Ok(())
    }
}

fn numbered(kind: u8, id: &SessionId, sequence: u64) -> Vec<u8> {
    [&[kind][..], &id.0, &sequence.to_be_bytes()].concat()
}

/// By sender, the lowest number first.
fn order(session: &SessionRecord) -> Vec<u8> {
    [b"o", &session.sender().0[..], &session.sequence().to_be_bytes(), &session.id().0].concat()
}

/// The topic and the statement in a row.
fn statement(row: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = row.split_first()?;
    let (topic, statement) = rest.split_at_checked(usize::from(*length))?;
    Some((std::str::from_utf8(topic).ok()?, statement))
}

const PER_SENDER: usize = 64;
const LEAVES_KEPT: u64 = 4096;
const MANIFESTS_KEPT: usize = 64;
/// Sessions with keys in memory, at most.
const HELD: usize = 1024;
