//! Where a message is opened: a transaction of the file, or the rows of a database, each with all that follows from it.

use zegel::{Error, Id, Introduction, ReceiverState};
use zegel_store::{Awaited, StoreError, Transaction};

use crate::failure::Failure;
use crate::opened::Proven;
use crate::rows::{Early, Rows};

/// A receiver's state in the middle of a transaction.
pub(super) trait Place: ReceiverState {
    /// What lies behind an error of the state.
    fn told(&self, error: Error) -> Failure;

    /// Takes an introduction.
    fn introduce(&mut self, from: &Id, sequence: u64, cards: &Introduction<'_>) -> Result<(), Failure>;

    /// What can be handed on since this was opened.
    fn evidence(&mut self, opened: &zegel::Opened<'_>) -> Result<Vec<Proven>, Failure>;

    /// Keeps a message that came too early.
    fn shelve(
        &mut self,
        awaited: Awaited,
        topic: &str,
        sealed: &[u8],
        since: Option<u64>,
    ) -> Result<(), Failure>;

    /// Takes what waited for this.
    fn unshelve(&mut self, awaited: Awaited) -> Result<Vec<Early>, Failure>;
}

impl Place for Transaction<'_> {
    fn told(&self, error: Error) -> Failure {
        match error {
            Error::Storage => self.cause().unwrap_or(StoreError::Aborted).into(),
            error => error.into(),
        }
    }

    fn introduce(&mut self, from: &Id, sequence: u64, cards: &Introduction<'_>) -> Result<(), Failure> {
        Ok(self.introduce(from, sequence, cards).map(|_| ())?)
    }

    fn evidence(&mut self, opened: &zegel::Opened<'_>) -> Result<Vec<Proven>, Failure> {
        let proven = self.evidence(opened)?.into_iter();
        let record = |each: zegel_store::Proven| {
            let (sequence, digest) = (each.sequence, each.digest.to_vec());
            Proven { sequence, digest, evidence: each.evidence }
        };
        Ok(proven.map(record).collect())
    }

    fn shelve(
        &mut self,
        awaited: Awaited,
        topic: &str,
        sealed: &[u8],
        since: Option<u64>,
    ) -> Result<(), Failure> {
        Ok(self.shelve(awaited, topic, sealed, since)?)
    }

    fn unshelve(&mut self, awaited: Awaited) -> Result<Vec<Early>, Failure> {
        let early = self.unshelve(awaited)?.into_iter();
        Ok(early.map(|early| (early.topic, early.sealed, early.since)).collect())
    }
}

impl Place for Rows<'_> {
    fn told(&self, error: Error) -> Failure {
        error.into()
    }

    fn introduce(&mut self, from: &Id, sequence: u64, cards: &Introduction<'_>) -> Result<(), Failure> {
        Ok(self.introduce(from, sequence, cards)?)
    }

    fn evidence(&mut self, opened: &zegel::Opened<'_>) -> Result<Vec<Proven>, Failure> {
        Ok(self.evidence(opened)?)
    }

    fn shelve(
        &mut self,
        awaited: Awaited,
        topic: &str,
        sealed: &[u8],
        since: Option<u64>,
    ) -> Result<(), Failure> {
        Ok(self.shelve(awaited, topic, sealed, since)?)
    }

    fn unshelve(&mut self, awaited: Awaited) -> Result<Vec<Early>, Failure> {
        Ok(self.unshelve(awaited)?)
    }
}
