//! The sessions of others, and what waits in them for a signature (SPEC §10.2 to §10.4).
//!
//! Of each sender there are the newest 64; a session takes with it all that waits in it. A leaf waits within the
//! 4,096 newest numbers of its session: a phone that holds back an hour of heartbeats is still proven. A session that
//! ended, with its sender or its KEM key, stays as a name: what still comes in it waits for no keyframe.

use std::collections::BTreeMap;

use redb::{ReadableTable as _, WriteTransaction};
use zegel::{Error, Id, Kid, Manifest, SessionId, SessionRecord};

use crate::error::{StoreError, from_redb};
use crate::schema::{LEAVES, MANIFESTS, SESSIONS, SESSIONS_OF, Tables, own};
use crate::statements;

pub(crate) fn get(tables: &impl Tables, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
    let table = own(tables, SESSIONS)?;
    let row = table.get(&id.0).map_err(from_redb)?;
    row.map(|row| record(id, row.value())).transpose()
}

pub(crate) fn all(tables: &impl Tables) -> Result<Vec<SessionRecord>, StoreError> {
    let table = own(tables, SESSIONS)?;
    let rows = table.iter().map_err(from_redb)?;
    rows.map(|row| row.map_err(from_redb).and_then(|(id, row)| record(&SessionId(*id.value()), row.value())))
        .collect()
}

/// Another session with this identifier is an alarm.
pub(crate) fn admits(tables: &impl Tables, session: &SessionRecord) -> Result<(), StoreError> {
    match get(tables, &session.id())? {
        Some(known) if known != *session && known != session.without_key() => Err(Error::Equivocation.into()),
        _ => Ok(()),
    }
}

/// Keeps a session, and gives those of its sender that were given up for it.
pub(crate) fn keep(
    transaction: &WriteTransaction,
    session: &SessionRecord,
) -> Result<Vec<SessionId>, StoreError> {
    admits(transaction, session)?;
    let (id, sender) = (session.id(), session.sender());
    own(transaction, SESSIONS)?.insert(&id.0, &session.to_bytes()).map_err(from_redb)?;
    own(transaction, SESSIONS_OF)?.insert((&sender.0, session.sequence(), &id.0), ()).map_err(from_redb)?;
    let mut surplus = of(transaction, sender)?;
    surplus.truncate(surplus.len().saturating_sub(PER_SENDER));
    forget(transaction, &surplus)?;
    Ok(surplus)
}

/// The sessions of `sender`, the lowest number first.
pub(crate) fn of(tables: &impl Tables, sender: &Id) -> Result<Vec<SessionId>, StoreError> {
    let table = own(tables, SESSIONS_OF)?;
    let all = (&sender.0, 0, &[0; 8])..=(&sender.0, u64::MAX, &[u8::MAX; 8]);
    let rows = table.range(all).map_err(from_redb)?;
    rows.map(|row| row.map(|(key, _)| SessionId(*key.value().2)).map_err(from_redb)).collect()
}

/// The sessions whose keys derive from one of these KEM keys.
pub(crate) fn of_keys(tables: &impl Tables, kids: &[Kid]) -> Result<Vec<SessionId>, StoreError> {
    let theirs = |session: &SessionRecord| kids.contains(&session.kem_kid());
    Ok(all(tables)?.into_iter().filter(theirs).map(|session| session.id()).collect())
}

/// Forgets these sessions, and all that waits in them.
pub(crate) fn forget(transaction: &WriteTransaction, sessions: &[SessionId]) -> Result<(), StoreError> {
    for id in sessions {
        let Some(session) = get(transaction, id)? else { continue };
        own(transaction, SESSIONS)?.remove(&id.0).map_err(from_redb)?;
        own(transaction, SESSIONS_OF)?
            .remove((&session.sender().0, session.sequence(), &id.0))
            .map_err(from_redb)?;
        empty(transaction, &session)?;
    }
    Ok(())
}

/// Forgets what waits in these sessions: nobody asks for it any more.
pub(crate) fn close(transaction: &WriteTransaction, sessions: &[SessionId]) -> Result<(), StoreError> {
    for id in sessions {
        let Some(session) = get(transaction, id)? else { continue };
        empty(transaction, &session)?;
    }
    Ok(())
}

/// Closes these sessions, and forgets what their keys derive from (SPEC §10.2).
pub(crate) fn lock(transaction: &WriteTransaction, sessions: &[SessionId]) -> Result<(), StoreError> {
    for id in sessions {
        let Some(session) = get(transaction, id)? else { continue };
        let locked = session.without_key().to_bytes();
        own(transaction, SESSIONS)?.insert(&id.0, &locked).map_err(from_redb)?;
        empty(transaction, &session)?;
    }
    Ok(())
}

fn empty(transaction: &WriteTransaction, session: &SessionRecord) -> Result<(), StoreError> {
    let id = session.id();
    let all = (&id.0, 0)..=(&id.0, u64::MAX);
    statements::forget(transaction, session, (0, u64::MAX))?;
    own(transaction, LEAVES)?.retain_in(all.clone(), |_, _| false).map_err(from_redb)?;
    own(transaction, MANIFESTS)?.retain_in(all, |_, _| false).map_err(from_redb)
}

pub(crate) fn keep_leaf(
    transaction: &WriteTransaction,
    id: &SessionId,
    sequence: u64,
    leaf: &[u8; 32],
) -> Result<(), StoreError> {
    let session = get(transaction, id)?.ok_or(Error::UnknownSession)?;
    let mut leaves = own(transaction, LEAVES)?;
    leaves.insert((&id.0, sequence), leaf).map_err(from_redb)?;
    let newest = leaves.range((&id.0, 0)..=(&id.0, u64::MAX)).map_err(from_redb)?.next_back();
    let newest = newest.transpose().map_err(from_redb)?.map_or(sequence, |(key, _)| key.value().1);
    let too_old = (&id.0, 0)..(&id.0, newest.saturating_add(1).saturating_sub(LEAVES_KEPT));
    if leaves.range(too_old.clone()).map_err(from_redb)?.next().is_some() {
        leaves.retain_in(too_old, |_, _| false).map_err(from_redb)?;
        statements::forget(transaction, &session, (0, newest.saturating_sub(LEAVES_KEPT)))?;
    }
    Ok(())
}

pub(crate) fn leaf(
    tables: &impl Tables,
    id: &SessionId,
    sequence: u64,
) -> Result<Option<[u8; 32]>, StoreError> {
    let leaf = own(tables, LEAVES)?.get((&id.0, sequence)).map_err(from_redb)?.map(|leaf| *leaf.value());
    Ok(leaf)
}

/// The leaves of a block, by their numbers.
pub(crate) fn leaves(
    tables: &impl Tables,
    id: &SessionId,
    (first, last): (u64, u64),
) -> Result<BTreeMap<u64, [u8; 32]>, StoreError> {
    let table = own(tables, LEAVES)?;
    let rows = table.range((&id.0, first)..=(&id.0, last)).map_err(from_redb)?;
    rows.map(|row| row.map(|(key, leaf)| (key.value().1, *leaf.value())).map_err(from_redb)).collect()
}

pub(crate) fn keep_manifest(
    transaction: &WriteTransaction,
    id: &SessionId,
    manifest: &Manifest,
) -> Result<(), StoreError> {
    get(transaction, id)?.ok_or(Error::UnknownSession)?;
    let mut manifests = own(transaction, MANIFESTS)?;
    manifests.insert((&id.0, manifest.numbers().0), &manifest.to_bytes()).map_err(from_redb)?;
    let numbers: Vec<u64> = manifests
        .range((&id.0, 0)..=(&id.0, u64::MAX))
        .map_err(from_redb)?
        .map(|row| row.map(|(key, _)| key.value().1).map_err(from_redb))
        .collect::<Result<_, _>>()?;
    for first in numbers.iter().take(numbers.len().saturating_sub(MANIFESTS_KEPT)) {
        manifests.remove((&id.0, *first)).map_err(from_redb)?;
    }
    Ok(())
}

/// The manifest whose block holds `sequence`.
pub(crate) fn manifest(
    tables: &impl Tables,
    id: &SessionId,
    sequence: u64,
) -> Result<Option<Manifest>, StoreError> {
    let table = own(tables, MANIFESTS)?;
    let before = table.range((&id.0, 0)..=(&id.0, sequence)).map_err(from_redb)?.next_back();
    let Some((_, row)) = before.transpose().map_err(from_redb)? else { return Ok(None) };
    let manifest = Manifest::from_bytes(row.value()).ok_or_else(|| unlike(id))?;
    Ok(Some(manifest).filter(|manifest| sequence <= manifest.numbers().1))
}

/// Forgets the manifest of a block, and what waited for it.
pub(crate) fn release(
    transaction: &WriteTransaction,
    id: &SessionId,
    manifest: &Manifest,
) -> Result<(), StoreError> {
    let (first, last) = manifest.numbers();
    let block = (&id.0, first)..=(&id.0, last);
    own(transaction, MANIFESTS)?.remove((&id.0, first)).map_err(from_redb)?;
    own(transaction, LEAVES)?.retain_in(block, |_, _| false).map_err(from_redb)?;
    let Some(session) = get(transaction, id)? else { return Ok(()) };
    statements::forget(transaction, &session, (first, last))
}

fn record(id: &SessionId, row: &[u8; SessionRecord::BYTES]) -> Result<SessionRecord, StoreError> {
    SessionRecord::from_bytes(row).ok().filter(|record| record.id() == *id).ok_or_else(|| unlike(id))
}

fn unlike(id: &SessionId) -> StoreError {
    StoreError::Corrupt(format!("what is kept of the session {:02x?} makes no sense", id.0))
}

const PER_SENDER: usize = 64;
const LEAVES_KEPT: u64 = 4096;
const MANIFESTS_KEPT: usize = 64;
