//! Evidence for others: what has just become provable, of a single envelope at once and of a session when its block
//! is signed (SPEC §10.4, §11.1).

use zegel::{Opened, SignedBlock, Testimony};

use crate::error::StoreError;
use crate::transaction::Transaction;
use crate::{sessions, trust};

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
    /// else gives none. A message that was given up meanwhile, with its session or 4,096 numbers later, is missing.
    pub fn evidence(&mut self, opened: &Opened<'_>) -> Result<Vec<Proven>, StoreError> {
        if let Some(testimony) = opened.testimony() {
            return Ok(vec![self.prove(&testimony, opened.sequence(), *opened.digest())?]);
        }
        if let (Some(session), Some(_)) = (opened.session(), opened.body()) {
            let (sequence, topic, statement) = (opened.sequence(), opened.topic(), opened.statement());
            self.check(sessions::keep_statement(self.tables(), &session, sequence, topic, statement))?;
        }
        match opened.block() {
            Some(block) => self.prove_block(block),
            None => Ok(Vec::new()),
        }
    }

    fn prove_block(&mut self, block: &SignedBlock) -> Result<Vec<Proven>, StoreError> {
        let (session, (first, last)) = (block.session(), block.numbers());
        let mut proven = Vec::new();
        for sequence in first..=last {
            let kept = self.check(sessions::statement(self.tables(), &session, sequence))?;
            let Some((topic, statement)) = kept else { continue };
            let Some(leaf) = self.check(sessions::leaf(self.tables(), &session, sequence))? else { continue };
            let testimony = block.testimony(self, &topic, &statement).map_err(|error| self.told(error))?;
            proven.push(self.prove(&testimony, sequence, leaf)?);
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
        let card = self.check(trust::wire(self.tables(), testimony.sender()))?;
        Ok(Proven { sequence, digest, evidence: testimony.to_vec(&card)? })
    }
}

/// What was measured belongs in no log.
impl std::fmt::Debug for Proven {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proven(number {}, {} bytes)", self.sequence, self.evidence.len())
    }
}
