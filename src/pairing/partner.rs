//! Who a pairing was with: a card whose holder has proven to be there (SPEC §12.4).

use core::fmt;

use crate::cbor::write;
use crate::error::{Error, Result};
use crate::key::card::Card;
use crate::key::id::Id;
use crate::limits::MAX_CARD;

/// The outcome of a pairing: the partner, to be pinned now.
///
/// The partner holds the code and the identity of the card. Show label and fingerprint to the user.
#[must_use = "the partner is not pinned before you pin it"]
pub struct Paired(Partner);

impl Paired {
    pub(crate) const fn new(partner: Partner) -> Self {
        Self(partner)
    }

    /// The partner's card.
    pub const fn partner(&self) -> &Card {
        &self.0.card
    }

    /// The card's bytes, for stores that keep them.
    pub fn card_bytes(&self) -> &[u8] {
        self.0.bytes.get(..self.0.length).unwrap_or_default()
    }
}

impl fmt::Debug for Paired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Paired({})", self.partner().id())
    }
}

/// A card that came under the code's secret, and that its holder has not stood up for yet.
#[derive(Clone)]
pub(crate) struct Partner {
    card: Card,
    bytes: [u8; MAX_CARD],
    length: usize,
}

impl Partner {
    /// Verifies the card that `me` was sent, by `expected` where the code names one.
    pub(crate) fn read(bytes: &[u8], me: &Id, expected: Option<&Id>, now: Option<u64>) -> Result<Self> {
        let card = Card::from_bytes(bytes)?;
        card.check_valid(now)?;
        if card.id() == me || expected.is_some_and(|expected| expected != card.id()) {
            return Err(Error::Rejected);
        }
        let mut partner = Self { card, bytes: [0; MAX_CARD], length: bytes.len() };
        write(&mut partner.bytes, |writer| writer.raw(bytes))?;
        Ok(partner)
    }

    pub(crate) const fn card(&self) -> &Card {
        &self.card
    }
}
