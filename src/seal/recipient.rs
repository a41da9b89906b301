//! To whom is sealed: one pinned identity, and the newest card of it that was seen (SPEC §6.3).

use crate::crypto::kem::Peer;
use crate::error::{Error, Result};
use crate::guard::trust::{Pinned, Succession, succeed};
use crate::key::card::Card;
use crate::key::claims::Status;
use crate::key::id::{Id, Kid};

/// The recipient of a sealer.
pub(crate) struct Recipient {
    pub(crate) id: Id,
    pub(crate) kid: Kid,
    pub(crate) peer: Peer,
    pinned: Pinned,
}

impl Recipient {
    pub(crate) fn new(card: &Card, now: Option<u64>) -> Result<Self> {
        card.check_valid(now)?;
        let key = card.kem_keys().next().ok_or(Error::KeyUnavailable)?;
        let pinned = Pinned { serial: card.serial(), digest: *card.digest(), ended: false };
        Ok(Self { id: *card.id(), kid: key.kid(), peer: Peer::new(*key.as_bytes()), pinned })
    }

    /// [`Error::Revoked`] after a withdrawn card.
    pub(crate) const fn check(&self) -> Result<()> {
        if self.pinned.ended { Err(Error::Revoked) } else { Ok(()) }
    }

    /// Takes a newer card of the same identity, or changes nothing.
    pub(crate) fn renew(&mut self, card: &Card, now: Option<u64>) -> Result<Succession> {
        if *card.id() != self.id {
            return Err(Error::UnknownSender);
        }
        let succession = succeed(Some(&self.pinned), card)?;
        if succession == Succession::Newer {
            if card.status() == Status::Withdrawn {
                self.pinned = Pinned { serial: card.serial(), digest: *card.digest(), ended: true };
            } else {
                let newer = Self::new(card, now)?;
                #[cfg(all(feature = "fast", feature = "alloc"))]
                let newer = newer.precomputed_as(&self.peer);
                *self = newer;
            }
        }
        Ok(succession)
    }

    /// Has a table of the new key, where there was one of the old.
    #[cfg(all(feature = "fast", feature = "alloc"))]
    fn precomputed_as(mut self, old: &Peer) -> Self {
        if old.is_precomputed() {
            self.peer.precompute();
        }
        self
    }
}
