//! Introductions: the devices that a forwarder vouches for, in what it hands on and nowhere else (SPEC §11.3).

use std::sync::Mutex;

use redb::{ReadableTable as _, WriteTransaction};
use zegel::{Card, Error, Id, Introduction};

use crate::error::{StoreError, from_redb};
use crate::schema::{INTRODUCED, INTRODUCERS, Tables, own};
use crate::trust::{self, Verified};

/// Takes the whole set of whom `forwarder` vouches for, unless a later one was taken already.
pub(crate) fn take(
    transaction: &WriteTransaction,
    forwarder: &Id,
    sequence: u64,
    introduction: &Introduction<'_>,
) -> Result<(), StoreError> {
    let mut introducers = own(transaction, INTRODUCERS)?;
    let latest = introducers.get(&forwarder.0).map_err(from_redb)?.map(|latest| latest.value());
    if latest.is_some_and(|latest| latest >= sequence) {
        return Ok(());
    }
    introducers.insert(&forwarder.0, sequence).map_err(from_redb)?;
    let mut introduced = own(transaction, INTRODUCED)?;
    introduced.retain_in(of(forwarder), |_, _| false).map_err(from_redb)?;
    for (id, card) in introduction.ids().zip(introduction.wire()) {
        introduced.insert((&forwarder.0, &id.0), card).map_err(from_redb)?;
    }
    Ok(())
}

/// Whether `forwarder`, which has not ended, vouches for `origin`; `Revoked` when `origin` has (SPEC §11.2).
pub(crate) fn vouches(
    tables: &impl Tables,
    verified: &Mutex<Verified>,
    forwarder: &Id,
    origin: &Id,
) -> Result<bool, StoreError> {
    if trust::is_ended(tables, verified, origin)? {
        return Err(Error::Revoked.into());
    }
    let introduced = own(tables, INTRODUCED)?.get((&forwarder.0, &origin.0)).map_err(from_redb)?.is_some();
    Ok(introduced && !trust::is_ended(tables, verified, forwarder)?)
}

/// The cards of those for whom `forwarder` vouches, in the order of their ids. Nobody has pinned them.
pub(crate) fn list(
    tables: &impl Tables,
    verified: &Mutex<Verified>,
    forwarder: &Id,
) -> Result<Vec<Card>, StoreError> {
    let mut cards = Vec::new();
    if trust::is_ended(tables, verified, forwarder)? {
        return Ok(cards);
    }
    let introduced = own(tables, INTRODUCED)?;
    for row in introduced.range(of(forwarder)).map_err(from_redb)? {
        let (key, bytes) = row.map_err(from_redb)?;
        let origin = Id(*key.value().1);
        let card = Card::from_bytes(bytes.value()).ok().filter(|card| *card.id() == origin);
        let card = card
            .ok_or_else(|| StoreError::Corrupt(format!("the introduced card of {origin} does not hold")))?;
        if !trust::is_ended(tables, verified, &origin)? {
            cards.push(card);
        }
    }
    Ok(cards)
}

/// Forgets whom `forwarder` vouched for. Its number stays, so that no older introduction comes back.
pub(crate) fn forget(transaction: &WriteTransaction, forwarder: &Id) -> Result<(), StoreError> {
    own(transaction, INTRODUCED)?.retain_in(of(forwarder), |_, _| false).map_err(from_redb)
}

type Key<'k> = (&'k [u8; 32], &'k [u8; 32]);

fn of(forwarder: &Id) -> std::ops::RangeInclusive<Key<'_>> {
    (&forwarder.0, &[0; 32])..=(&forwarder.0, &[u8::MAX; 32])
}
