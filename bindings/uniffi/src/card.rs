//! Cards: the public keys of somebody, signed by the identity they name (SPEC §8).

use std::sync::Arc;

use zegel::{KemPublic, Status};

use crate::bytes;
use crate::failure::Failure;
use crate::identity::Identity;
use crate::rng::Rng;

/// What a card is to say. Times are seconds since 1970, both ends included.
#[derive(Clone, Debug, uniffi::Record)]
pub struct CardClaims {
    /// Counts up with each card of an identity.
    pub serial: u64,
    /// First second of validity.
    pub not_before: u64,
    /// Last second of validity.
    pub expires: u64,
    /// What people call the holder: at most 64 bytes.
    pub label: String,
    /// Public KEM keys of 32 bytes, at most 4, the current one first.
    pub kem_keys: Vec<Vec<u8>>,
    /// Whether this card ends the identity.
    pub withdrawn: bool,
}

/// What a verified card says.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct CardFacts {
    /// Whose keys these are: 32 bytes.
    pub id: Vec<u8>,
    /// Counts up with each card of an identity.
    pub serial: u64,
    /// First second of validity.
    pub not_before: u64,
    /// Last second of validity.
    pub expires: u64,
    /// What people call the holder. Anybody can choose any label.
    pub label: String,
    /// Public KEM keys, the current one first.
    pub kem_keys: Vec<Vec<u8>>,
    /// Whether the identity has ended.
    pub withdrawn: bool,
    /// SHA-256 of the card's bytes.
    pub digest: Vec<u8>,
}

/// What a card claims before its signature is checked.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ClaimedCard {
    /// The identity whose key it holds.
    pub id: Vec<u8>,
    /// Its label.
    pub label: String,
    /// Its serial.
    pub serial: u64,
}

/// A verified card.
#[derive(uniffi::Object)]
pub struct Card {
    card: zegel::Card,
    bytes: Vec<u8>,
}

#[uniffi::export]
impl Card {
    /// Signs `claims`; `Malformed` for what SPEC §8.1 forbids.
    #[uniffi::constructor]
    pub fn issue(identity: &Identity, claims: CardClaims) -> Result<Arc<Self>, Failure> {
        let key = |bytes: &Vec<u8>| Ok::<_, Failure>(KemPublic::from_bytes(bytes::array(bytes)?)?);
        let kem_keys = claims.kem_keys.iter().map(key).collect::<Result<Vec<_>, _>>()?;
        let status = if claims.withdrawn { Status::Withdrawn } else { Status::Active };
        let CardClaims { serial, not_before, expires, .. } = claims;
        let label = &claims.label;
        let claims = zegel::CardClaims { serial, not_before, expires, label, kem_keys: &kem_keys, status };
        Self::read(zegel::Card::issue_to_vec(&claims, &**identity.signing(), &mut Rng)?)
    }

    /// Reads and verifies a card.
    #[uniffi::constructor]
    pub fn read(bytes: Vec<u8>) -> Result<Arc<Self>, Failure> {
        Ok(Arc::new(Self { card: zegel::Card::from_bytes(&bytes)?, bytes }))
    }

    /// What it says.
    pub fn facts(&self) -> CardFacts {
        CardFacts::new(&self.card)
    }

    /// Whether it is in force at `now`: `Revoked`, `NotYetValid` or `Expired` when not.
    pub fn check(&self, now: Option<u64>) -> Result<(), Failure> {
        Ok(self.card.check_valid(now)?)
    }

    /// The card on the wire.
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes.clone()
    }
}

impl CardFacts {
    pub(crate) fn new(card: &zegel::Card) -> Self {
        Self {
            id: card.id().0.to_vec(),
            serial: card.serial(),
            not_before: card.not_before(),
            expires: card.expires(),
            label: card.label().into(),
            kem_keys: card.kem_keys().map(|key| key.as_bytes().to_vec()).collect(),
            withdrawn: card.status() == Status::Withdrawn,
            digest: card.digest().to_vec(),
        }
    }
}

impl Card {
    /// A card that was verified before, with the very bytes that it was read from.
    pub(crate) fn verified(card: zegel::Card, bytes: Vec<u8>) -> Arc<Self> {
        Arc::new(Self { card, bytes })
    }

    pub(crate) const fn core(&self) -> &zegel::Card {
        &self.card
    }

    pub(crate) fn wire(&self) -> &[u8] {
        &self.bytes
    }
}

/// What a card claims, unchecked: for deciding whether to look further, and for nothing else.
#[uniffi::export]
fn claimed_card(bytes: Vec<u8>) -> Result<ClaimedCard, Failure> {
    let card = zegel::Card::parse(&bytes)?;
    let (label, serial) = (card.claimed_label().into(), card.claimed_serial());
    Ok(ClaimedCard { id: card.claimed_id().0.to_vec(), label, serial })
}
