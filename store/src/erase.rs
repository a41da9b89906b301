//! Erasing a key so that the file does not keep it: delete, overwrite what is free, and look.
//!
//! redb never writes over a page that is in use, so a deleted key stands in free pages until something else
//! takes them. Zeros take all of them here, and then the whole file is searched for the key. Until it is clean
//! the erasure is owed, and a row says so: whoever opens the file next, or erases again, goes on with it.

use std::io;

use redb::{ReadableTable as _, StorageBackend};
use sha2::{Digest as _, Sha256};
use zegel::Kid;
use zeroize::Zeroizing;

use crate::base::Base;
use crate::error::{StoreError, from_redb};
use crate::identity;
use crate::schema::{FILLER, Tables, own};
use crate::transaction::Transaction;

/// Erases these keys, and says how many there were.
pub(crate) fn erase(base: &Base, kids: &[Kid]) -> Result<usize, StoreError> {
    let mut transaction = Transaction::begin(base)?;
    // What a key opens goes with it, also when the key itself is kept elsewhere.
    let locked = transaction.lock_sessions(kids)?;
    let mut secrets = Vec::new();
    for kid in kids {
        secrets.extend(identity::delete(transaction.tables(), kid)?);
    }
    let owed = owed(transaction.tables())?;
    if !secrets.is_empty() {
        // Deleting the keys and owing the overwriting are one step: a crash from here on is made good later.
        let names: Vec<u8> =
            secrets.iter().flat_map(|secret| name(secret.expose())).chain(owed.clone()).collect();
        own(transaction.tables(), FILLER)?.insert(OWED, names.as_slice()).map_err(from_redb)?;
    }
    if locked || !secrets.is_empty() {
        transaction.commit()?;
    } else {
        drop(transaction);
    }
    let is_key =
        |window: &[u8]| secrets.iter().any(|secret| secret.expose() == window) || is_owed(&owed, window);
    if !(secrets.is_empty() && owed.is_empty()) {
        overwrite(base, is_key)?;
    }
    Ok(secrets.len())
}

/// Goes on with an erasure that is owed: a crash interrupted it, or a reader held on to an old page.
pub(crate) fn resume(base: &Base) -> Result<(), StoreError> {
    let owed = owed(&base.read()?)?;
    if owed.is_empty() { Ok(()) } else { overwrite(base, |window| is_owed(&owed, window)) }
}

/// Overwrites what is free until no key stands anywhere in the file; only then is nothing owed any more.
///
/// redb gives a page free one or two commits after the last use of it, hence the rounds.
fn overwrite(base: &Base, is_key: impl Fn(&[u8]) -> bool) -> Result<(), StoreError> {
    // Pages that the file grows by have never held a key.
    let pages = base.disk.len()? / PAGE;
    for round in 0..ROUNDS {
        fill(base, pages, round < GENTLE)?;
        empty(base)?;
        empty(base)?;
        if !stands(base.disk.as_ref(), &is_key)? {
            return settle(base);
        }
    }
    Err(StoreError::Remains)
}

/// Puts zeros into the free pages of the first `pages`: redb takes the lowest ones first. A gentle round leaves
/// some, so that the file does not grow; another one ends when the file grows, as then there are none left.
fn fill(base: &Base, pages: u64, gentle: bool) -> Result<(), StoreError> {
    let disk = base.disk.as_ref();
    let transaction = Transaction::begin(base)?;
    let used = transaction.tables().stats().map_err(from_redb)?.allocated_pages();
    let free = pages.saturating_sub(used);
    // The tree above the zeros takes pages as well.
    let rows = if gentle { free.saturating_sub(SLACK).saturating_sub(free / TREE) } else { free };
    {
        let mut filler = own(transaction.tables(), FILLER)?;
        let before = disk.len()?;
        for key in (OWED..=rows).skip(1) {
            filler.insert(key, ZEROS.as_slice()).map_err(from_redb)?;
            if disk.len()? != before {
                break;
            }
        }
    }
    transaction.commit()
}

fn empty(base: &Base) -> Result<(), StoreError> {
    let transaction = Transaction::begin(base)?;
    own(transaction.tables(), FILLER)?.retain(|key, _| key == OWED).map_err(from_redb)?;
    transaction.commit()
}

fn settle(base: &Base) -> Result<(), StoreError> {
    let transaction = Transaction::begin(base)?;
    own(transaction.tables(), FILLER)?.remove(OWED).map_err(from_redb)?;
    transaction.commit()
}

/// The names of the keys whose erasure is owed, one after the other.
fn owed(tables: &impl Tables) -> Result<Vec<u8>, StoreError> {
    let names = own(tables, FILLER)?.get(OWED).map_err(from_redb)?.map(|names| names.value().to_vec());
    Ok(names.unwrap_or_default())
}

/// What a key can be found by once it is gone, and not be computed from.
fn name(key: &[u8]) -> [u8; 32] {
    Sha256::new_with_prefix(b"zegel-erased-1").chain_update(key).finalize().into()
}

/// Zeros are no key, and are most of what is searched.
fn is_owed(owed: &[u8], window: &[u8]) -> bool {
    if owed.is_empty() || window == [0; KEY] {
        return false;
    }
    let name = name(window);
    owed.chunks_exact(name.len()).any(|known| known == name)
}

/// Whether a key stands anywhere on the disk, in a page that is in use or in one that is free.
fn stands(disk: &dyn StorageBackend, is_key: impl Fn(&[u8]) -> bool) -> Result<bool, StoreError> {
    let len = disk.len()?;
    let mut window = Zeroizing::new(Vec::new());
    // So far on that nothing hides on a seam, and nothing is looked at twice.
    for start in (0..len).step_by(STEP) {
        let size = len.saturating_sub(start).min(READ);
        window.resize(usize::try_from(size).map_err(io::Error::other)?, 0);
        disk.read(start, &mut window)?;
        if window.windows(KEY).any(&is_key) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The row that says whose erasure is owed. It stays until the file is clean.
const OWED: u64 = 0;
const ROUNDS: usize = 12;
/// Rounds that leave some pages free, so that the file does not grow with each erasure.
const GENTLE: usize = 10;
const SLACK: u64 = 6;
/// Rows above which there is one page of the tree, at least.
const TREE: u64 = 32;
const PAGE: u64 = 4096;
const KEY: usize = 32;
/// How much is read at a time, and how far apart: they overlap by a key less one byte.
const READ: u64 = 1 << 16;
const STEP: usize = (1 << 16) - KEY + 1;
/// So large that no two fit into a page, and one does.
const ZEROS: [u8; 3900] = [0; 3900];
