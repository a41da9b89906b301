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

/// The one rule for all cards. `known_only` is for cards that come in over the broker: no trust on first use.
pub(crate) fn pin(
    transaction: &WriteTransaction,
    verified: &Mutex<Verified>,
    bytes: &[u8],
    known_only: bool,
) -> Result<(Succession, Card), StoreError> {
    let card = Card::from_bytes(bytes)?;
    let kid = card.id().kid();
    let pinned = stored(transaction, verified, &kid)?;
    if pinned.as_ref().is_some_and(|pinned| pinned.id() != card.id()) {
        return Err(Error::Equivocation.into());
    }
    let revoked = is_revoked(transaction, card.id())?;
    if pinned.is_none() && revoked {
        return Err(Error::Revoked.into());
    }
    if pinned.is_none() && known_only {
        return Err(Error::UnknownSender.into());
    }
    let record = pinned.as_ref().map(|pinned| Pinned {
        serial: pinned.serial(),
        digest: *pinned.digest(),
        ended: revoked || pinned.status() == Status::Withdrawn,
    });
    let succession = succeed(record.as_ref(), &card)?;
    if succession != Succession::Same {
        own(transaction, CARDS)?.insert(&kid.0, bytes).map_err(from_redb)?;
    }
    Ok((succession, card))
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
