//! Trust state: the cards that were pinned, and the identities that are revoked for good (SPEC §7.2, §8.3).
//!
//! A card carries its own signature, and it is checked again whenever its bytes come off the disk: damage to a
//! card shows. Whoever can *write* this file can pin a card of their own; so it is guarded as the keys in it are.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use redb::{ReadableTable as _, WriteTransaction};
use zegel::{Card, Error, Id, Kid, Pinned, Sender, Status, Succession, succeed};

use crate::error::{StoreError, from_redb};
use crate::schema::{CARDS, REVOKED, Tables, own};

/// Somebody whose card is pinned.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Peer {
    /// The newest card that was accepted.
    pub card: Card,
    /// Whether nothing of theirs is accepted any more: revoked here, or withdrawn by themselves.
    pub ended: bool,
}

/// Cards of this process's life whose signatures held, so that each is checked once and not per message.
#[derive(Default)]
pub(crate) struct Verified(HashMap<Kid, (Vec<u8>, Card)>);

/// What a card was to the one that was pinned before it, if any.
pub(crate) struct Pinning {
    pub(crate) verdict: Result<Succession, Error>,
    pub(crate) card: Card,
    before: Option<Card>,
}

impl Pinning {
    /// Whether it brings other KEM keys than the card before it.
    pub(crate) fn changes_keys(&self) -> bool {
        self.verdict == Ok(Succession::Newer)
            && self.before.as_ref().is_some_and(|before| !before.kem_keys().eq(self.card.kem_keys()))
    }

    /// Whether it ends its identity.
    pub(crate) fn ends(&self) -> bool {
        self.verdict == Ok(Succession::Newer) && self.card.status() == Status::Withdrawn
    }
}

/// Takes a card, by the one rule for all of them. `known_only` is for cards that come in over the broker: no trust
/// on first use.
pub(crate) fn pin(
    transaction: &WriteTransaction,
    verified: &Mutex<Verified>,
    bytes: &[u8],
    known_only: bool,
) -> Result<Pinning, StoreError> {
    let card = Card::from_bytes(bytes)?;
    let before = stored(transaction, verified, &card.id().kid())?;
    let revoked = is_revoked(transaction, card.id())?;
    let verdict = succession(before.as_ref(), &card, revoked, known_only);
    if verdict.is_ok_and(|succession| succession != Succession::Same) {
        own(transaction, CARDS)?.insert(&card.id().kid().0, bytes).map_err(from_redb)?;
    }
    Ok(Pinning { verdict, card, before })
}

fn succession(
    pinned: Option<&Card>,
    card: &Card,
    revoked: bool,
    known_only: bool,
) -> Result<Succession, Error> {
    let Some(pinned) = pinned else {
        return match (revoked, known_only) {
            (true, _) => Err(Error::Revoked),
            (false, true) => Err(Error::UnknownSender),
            (false, false) => succeed(None, card),
        };
    };
    if pinned.id() != card.id() {
        return Err(Error::Equivocation);
    }
    let ended = revoked || pinned.status() == Status::Withdrawn;
    succeed(Some(&Pinned { serial: pinned.serial(), digest: *pinned.digest(), ended }), card)
}

/// Ends an identity for good, whether or not its card was ever seen. The card stays, as evidence.
pub(crate) fn revoke(transaction: &WriteTransaction, id: &Id) -> Result<(), StoreError> {
    own(transaction, REVOKED)?.insert(&id.0, ()).map_err(from_redb)?;
    Ok(())
}

/// What `TrustStore::sender` answers.
pub(crate) fn sender(
    tables: &impl Tables,
    verified: &Mutex<Verified>,
    kid: &Kid,
) -> Result<Option<Sender>, StoreError> {
    let Some(card) = stored(tables, verified, kid)? else { return Ok(None) };
    let revoked = is_revoked(tables, card.id())?;
    Ok(Some(Sender::new(&card, revoked)))
}

pub(crate) fn card(
    tables: &impl Tables,
    verified: &Mutex<Verified>,
    id: &Id,
) -> Result<Option<Card>, StoreError> {
    Ok(stored(tables, verified, &id.kid())?.filter(|card| card.id() == id))
}

/// The pinned card of `id` on the wire.
pub(crate) fn wire(tables: &impl Tables, id: &Id) -> Result<Vec<u8>, StoreError> {
    let cards = own(tables, CARDS)?;
    let card = cards.get(&id.kid().0).map_err(from_redb)?.ok_or(Error::UnknownSender)?;
    Ok(card.value().to_vec())
}

/// Whether nothing of `id` is accepted any more: revoked here, or withdrawn by itself.
pub(crate) fn is_ended(
    tables: &impl Tables,
    verified: &Mutex<Verified>,
    id: &Id,
) -> Result<bool, StoreError> {
    let withdrawn = card(tables, verified, id)?.is_some_and(|card| card.status() == Status::Withdrawn);
    Ok(withdrawn || is_revoked(tables, id)?)
}

pub(crate) fn peers(tables: &impl Tables, verified: &Mutex<Verified>) -> Result<Vec<Peer>, StoreError> {
    let cards = own(tables, CARDS)?;
    let rows = cards.iter().map_err(from_redb)?;
    rows.map(|row| {
        let (kid, bytes) = row.map_err(from_redb)?;
        let card = check(verified, &Kid(*kid.value()), bytes.value())?;
        let ended = is_revoked(tables, card.id())? || card.status() == Status::Withdrawn;
        Ok(Peer { card, ended })
    })
    .collect()
}

pub(crate) fn revoked(tables: &impl Tables) -> Result<Vec<Id>, StoreError> {
    let table = own(tables, REVOKED)?;
    let rows = table.iter().map_err(from_redb)?;
    rows.map(|row| row.map(|(id, _)| Id(*id.value())).map_err(from_redb)).collect()
}

fn is_revoked(tables: &impl Tables, id: &Id) -> Result<bool, StoreError> {
    Ok(own(tables, REVOKED)?.get(&id.0).map_err(from_redb)?.is_some())
}

fn stored(tables: &impl Tables, verified: &Mutex<Verified>, kid: &Kid) -> Result<Option<Card>, StoreError> {
    let cards = own(tables, CARDS)?;
    let bytes = cards.get(&kid.0).map_err(from_redb)?;
    bytes.map(|bytes| check(verified, kid, bytes.value())).transpose()
}

/// The card in `bytes`, which must be its owner's and stand under its owner's key identifier.
fn check(verified: &Mutex<Verified>, kid: &Kid, bytes: &[u8]) -> Result<Card, StoreError> {
    let mut verified = verified.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((known, card)) = verified.0.get(kid)
        && known == bytes
    {
        return Ok(card.clone());
    }
    let card = Card::from_bytes(bytes)
        .ok()
        .filter(|card| card.id().kid() == *kid)
        .ok_or_else(|| StoreError::Corrupt(format!("the card of {kid} does not hold")))?;
    if verified.0.len() >= REMEMBERED {
        verified.0.clear();
    }
    verified.0.insert(*kid, (bytes.to_vec(), card.clone()));
    Ok(card)
}

/// Cards kept in memory at most: some megabytes.
const REMEMBERED: usize = 4096;
