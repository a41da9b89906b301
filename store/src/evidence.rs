//! Evidence for others: what has just become provable, of a single envelope at once and of a session when its block
//! is signed (SPEC §10.4, §11.1).

use zegel::{Error, Opened, SessionId, SignedBlock, Testimony};

use crate::error::StoreError;
use crate::transaction::Transaction;
use crate::{sessions, statements, trust};

/// A measurement that can be shown to others from now on.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proven {
    /// Its number in its sender's stream.
    pub sequence: u64,
    /// By what [`Opened::digest`] named it when it arrived.
    pub digest: [u8; 32],
    /// The evidence, for [`Sealer::forward`](zegel::Sealer::forward).
    pub evidence: Vec<u8>,
}

impl Transaction<'_> {
    /// What `opened` makes provable, for somebody who hands measurements on: call it for everything that was opened,
    /// before the commit.
    ///
    /// A measurement that came alone gives its own evidence. A session's is kept, and gives its evidence with the rest
    /// of its block, when that is signed and complete; the block is [released](SignedBlock::release) then. Everything
    /// else gives none. A message that was given up meanwhile is missing: with its session, 4,096 numbers later, or as
    /// the oldest of more than 64 MiB that wait for the manifests of one sender.
    pub fn evidence(&mut self, opened: &Opened<'_>) -> Result<Vec<Proven>, StoreError> {
        if let Some(testimony) = opened.testimony() {
            return Ok(vec![self.prove(&testimony, opened.sequence(), *opened.digest())?]);
        }
        if let (Some(session), Some(_)) = (opened.session(), opened.body()) {
            self.check(self.keep_statement(&session, opened))?;
        }
        match opened.block() {
            Some(block) => self.prove_block(block),
            None => Ok(Vec::new()),
        }
    }

    /// Keeps what a message says as long as its leaf is kept.
    fn keep_statement(&self, id: &SessionId, opened: &Opened<'_>) -> Result<(), StoreError> {
        let sequence = opened.sequence();
        let Some(session) = sessions::get(self.tables(), id)? else { return Ok(()) };
        if sessions::leaf(self.tables(), id, sequence)?.is_none() {
            return Ok(());
        }
        statements::keep(self.tables(), &session, sequence, opened.topic(), opened.statement())
    }

    /// All of a block at once: its leaves are read once, and the card is verified no more than once.
    fn prove_block(&mut self, block: &SignedBlock) -> Result<Vec<Proven>, StoreError> {
        let (id, (first, last)) = (block.session(), block.numbers());
        let leaves = self.check(sessions::leaves(self.tables(), &id, (first, last)))?;
        let known = |number| Ok(leaves.get(&number).copied());
        let mut proven = Vec::new();
        for (sequence, leaf) in &leaves {
            let kept = self.check(statements::get(self.tables(), &id, *sequence))?;
            let Some((topic, statement)) = kept else { continue };
            let testimony = block.testimony_from(known, &topic, &statement)?;
            proven.push(self.prove(&testimony, *sequence, *leaf)?);
        }
        block.release(self).map_err(|error| self.told(error))?;
        Ok(proven)
    }

    fn prove(
        &self,
        testimony: &Testimony<'_>,
        sequence: u64,
        digest: [u8; 32],
    ) -> Result<Proven, StoreError> {
        let sender = testimony.sender();
        let card = self.check(trust::card(self.tables(), &self.base.verified, sender))?;
        let card = card.ok_or(Error::UnknownSender)?;
        let wire = self.check(trust::wire(self.tables(), sender))?;
        Ok(Proven { sequence, digest, evidence: testimony.to_vec_with(&card, &wire)? })
    }
}

/// What was measured belongs in no log.
impl std::fmt::Debug for Proven {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proven(number {}, {} bytes)", self.sequence, self.evidence.len())
    }
}
