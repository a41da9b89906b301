//! One's own keys: the identity, and the KEM keys with the days on which they came and went.
//!
//! A retired KEM key still opens what was under way, until its grace is over and it is erased. Then what it
//! could open is closed for good, also to whoever takes this file later.

use redb::{ReadableTable as _, WriteTransaction};
use zegel::{Error, Identity, KemKey, Kid, Secret};

use crate::error::{StoreError, from_redb};
use crate::schema::{KEYS, SECRETS, Tables, own};

/// One of one's own KEM keys, with its dates: seconds since 1970, by the clock of whoever stored it.
#[non_exhaustive]
pub struct OwnKey {
    /// The key, ready for an `Opener`.
    pub key: KemKey,
    /// When it was stored.
    pub created: u64,
    /// When it was retired; `None` while it is offered on one's card.
    pub retired: Option<u64>,
}

pub(crate) fn set_identity(
    transaction: &WriteTransaction,
    seed: &Secret<32>,
    created: u64,
) -> Result<(), StoreError> {
    let kid = Identity::from_seed(seed)?.id().kid();
    // A second identity would leave whoever pinned the first one alone. It takes an erasure first.
    if rows(transaction, IDENTITY)?.iter().any(|(known, ..)| *known != kid) {
        return Err(Error::Conflict.into());
    }
    insert(transaction, &kid, seed, (IDENTITY, created, None))
}

pub(crate) fn add_kem_key(
    transaction: &WriteTransaction,
    secret: &Secret<32>,
    created: u64,
) -> Result<Kid, StoreError> {
    let kid = KemKey::from_bytes(secret)?.public().kid();
    insert(transaction, &kid, secret, (KEM, created, None))?;
    Ok(kid)
}

/// Notes that the key is no longer offered. The first date stays; `false` when there is no such key.
pub(crate) fn retire(transaction: &WriteTransaction, kid: &Kid, at: u64) -> Result<bool, StoreError> {
    let mut keys = own(transaction, KEYS)?;
    let row = keys.get(&kid.0).map_err(from_redb)?.map(|row| row.value());
    match row {
        Some((KEM, created, retired)) => {
            keys.insert(&kid.0, (KEM, created, Some(retired.unwrap_or(at)))).map_err(from_redb)?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

pub(crate) fn identity(tables: &impl Tables) -> Result<Option<Identity>, StoreError> {
    let Some((kid, ..)) = rows(tables, IDENTITY)?.pop() else { return Ok(None) };
    let identity = Identity::from_seed(&secret(tables, &kid)?)?;
    if identity.id().kid() == kid { Ok(Some(identity)) } else { Err(unlike(&kid)) }
}

pub(crate) fn kem_keys(tables: &impl Tables) -> Result<Vec<OwnKey>, StoreError> {
    let mut keys = Vec::new();
    for (kid, created, retired) in rows(tables, KEM)? {
        let key = KemKey::from_bytes(&secret(tables, &kid)?)?;
        if key.public().kid() != kid {
            return Err(unlike(&kid));
        }
        keys.push(OwnKey { key, created, retired });
    }
    keys.sort_by_key(|key| key.created);
    Ok(keys)
}

/// The KEM keys that were retired before `before`.
pub(crate) fn retired_before(tables: &impl Tables, before: u64) -> Result<Vec<Kid>, StoreError> {
    let over = |retired: Option<u64>| retired.is_some_and(|at| at < before);
    Ok(rows(tables, KEM)?.into_iter().filter(|row| over(row.2)).map(|row| row.0).collect())
}

/// Deletes the key's rows, and gives its secret so that the file can be searched for what remains of it.
pub(crate) fn delete(transaction: &WriteTransaction, kid: &Kid) -> Result<Option<Secret<32>>, StoreError> {
    own(transaction, KEYS)?.remove(&kid.0).map_err(from_redb)?;
    let mut secrets = own(transaction, SECRETS)?;
    let removed = secrets.remove(&kid.0).map_err(from_redb)?;
    Ok(removed.map(|secret| Secret::new(*secret.value())))
}

fn insert(
    transaction: &WriteTransaction,
    kid: &Kid,
    secret: &Secret<32>,
    row: (u8, u64, Option<u64>),
) -> Result<(), StoreError> {
    let mut keys = own(transaction, KEYS)?;
    // Storing the same key again must not make it young again, nor bring it back from retirement.
    if keys.get(&kid.0).map_err(from_redb)?.is_none() {
        keys.insert(&kid.0, row).map_err(from_redb)?;
        own(transaction, SECRETS)?.insert(&kid.0, secret.expose()).map_err(from_redb)?;
    }
    Ok(())
}

/// The keys of one role: key identifier, created, retired.
fn rows(tables: &impl Tables, role: u8) -> Result<Vec<(Kid, u64, Option<u64>)>, StoreError> {
    let table = own(tables, KEYS)?;
    let mut rows = Vec::new();
    for row in table.iter().map_err(from_redb)? {
        let (kid, row) = row.map_err(from_redb)?;
        let (of, created, retired) = row.value();
        if of == role {
            rows.push((Kid(*kid.value()), created, retired));
        }
    }
    Ok(rows)
}

fn secret(tables: &impl Tables, kid: &Kid) -> Result<Secret<32>, StoreError> {
    let secrets = own(tables, SECRETS)?;
    let secret = secrets.get(&kid.0).map_err(from_redb)?.ok_or_else(|| unlike(kid))?;
    Ok(Secret::new(*secret.value()))
}

fn unlike(kid: &Kid) -> StoreError {
    StoreError::Corrupt(format!("the secret of key {kid} is not the one that was stored"))
}

const IDENTITY: u8 = 0;
const KEM: u8 = 1;
