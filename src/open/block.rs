//! A block of a session that its sender has signed, and the proof of each message in it (SPEC §10.4, §11.1).

use crate::envelope::audience::{Held, One};
use crate::envelope::statement::Statement;
use crate::envelope::topic::Topic;
use crate::envelope::{STATEMENT_CONTEXT, StatementContext};
use crate::error::{Error, Result};
use crate::evidence::testimony::{Proof, Testimony};
use crate::key::id::Id;
use crate::session::keys::SessionId;
use crate::session::manifest::Manifest;
use crate::session::merkle::{Frontier, Hash, Path, leaf};
use crate::session::store::SessionStore;

/// Messages of a session that are signed, all of which have arrived.
#[derive(Clone, Copy)]
pub struct SignedBlock {
    session: SessionId,
    sender: Id,
    me: Id,
    manifest: Manifest,
}

impl SignedBlock {
    /// The block, when all its leaves are in `state` or `arriving`; `None` when one is missing.
    ///
    /// # Errors
    /// [`Error::Conflict`] when they are not what was signed.
    pub(super) fn complete<S: SessionStore + ?Sized>(
        state: &mut S,
        session: SessionId,
        (sender, me): (Id, Id),
        manifest: Manifest,
        arriving: Option<(u64, Hash)>,
    ) -> Result<Option<Self>> {
        let mut frontier = Frontier::new();
        let (first, last) = manifest.numbers();
        for sequence in first..=last {
            let leaf = match arriving {
                Some((number, leaf)) if number == sequence => Some(leaf),
                _ => state.leaf(&session, sequence)?,
            };
            match leaf {
                Some(leaf) => frontier.push(leaf)?,
                None => return Ok(None),
            }
        }
        if frontier.root() == Some(manifest.root) {
            Ok(Some(Self { session, sender, me, manifest }))
        } else {
            Err(Error::Conflict)
        }
    }

    /// The session.
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// Who has signed it.
    pub const fn sender(&self) -> &Id {
        &self.sender
    }

    /// The first number of the block, and the last.
    pub const fn numbers(&self) -> (u64, u64) {
        self.manifest.numbers()
    }

    /// What one message of the block says, provably: `statement` is the one that [`Opened::statement`] gave when it
    /// arrived on `topic`.
    ///
    /// # Errors
    /// [`Error::Rejected`] when this is not what arrived; [`Error::UnknownSession`] when the block was
    /// [released](SignedBlock::release), or its session given up; [`Error::Storage`].
    ///
    /// [`Opened::statement`]: crate::open::opened::Opened::statement
    pub fn testimony<'b, S: SessionStore + ?Sized>(
        &self,
        state: &mut S,
        topic: &'b str,
        statement: &'b [u8],
    ) -> Result<Testimony<'b>> {
        self.testimony_from(|number| state.leaf(&self.session, number), topic, statement)
    }

    /// [`SignedBlock::testimony`] with leaves that were read before, once for all messages of the block: `known` gives
    /// that of a number.
    ///
    /// # Errors
    /// As [`SignedBlock::testimony`]: a leaf that is not known is `UnknownSession`.
    pub fn testimony_from<'b>(
        &self,
        mut known: impl FnMut(u64) -> Result<Option<Hash>>,
        topic: &'b str,
        statement: &'b [u8],
    ) -> Result<Testimony<'b>> {
        let sequence = Statement::read(statement).map_err(|_| Error::Rejected)?.sequence;
        let Manifest { first, count, signature, .. } = self.manifest;
        let index = sequence.checked_sub(first).filter(|index| *index < count).ok_or(Error::Rejected)?;
        let audience = One::new(&self.me);
        let (topic_read, mut room) = (Topic::new(topic)?, [0; STATEMENT_CONTEXT]);
        let length = statement.len();
        let context =
            StatementContext::new(&self.sender, audience.audience(), topic_read, length, &mut room)?;
        let mut arrived = |place: u64| {
            let number = first.checked_add(place).ok_or(Error::TooLarge)?;
            known(number)?.ok_or(Error::UnknownSession)
        };
        if arrived(index)? != leaf(&context.with(statement)) {
            return Err(Error::Rejected);
        }
        let path = Path::new(index, count, arrived)?;
        let proof = Proof::Block { first, count, path, signature };
        Ok(Testimony { sender: self.sender, audience: Held::One(audience), topic, statement, proof })
    }

    /// Lets the state forget the block: what it proves was handed on, or is not wanted.
    pub fn release<S: SessionStore + ?Sized>(&self, state: &mut S) -> Result<()> {
        state.release(&self.session, &self.manifest)
    }
}

impl core::fmt::Debug for SignedBlock {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (first, last) = self.numbers();
        write!(f, "SignedBlock({}, numbers {first} to {last})", self.sender)
    }
}
