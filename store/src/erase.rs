//! Erasing a key so that the file does not keep it: delete, overwrite what is free, and look.
//!
//! redb never writes over a page that is in use, so a deleted key stands in free pages until something else
//! takes them. Zeros take all of them here, and then the whole file is searched for the key.

use std::io;

use redb::{ReadableTable as _, ReadableTableMetadata as _, StorageBackend};
use zegel::{Kid, Secret};
use zeroize::Zeroizing;

use crate::base::Base;
use crate::error::{StoreError, from_redb};
use crate::identity;
use crate::schema::{FILLER, own};
use crate::transaction::Transaction;

/// Erases these keys, and says how many there were.
pub(crate) fn erase(base: &Base, kids: &[Kid]) -> Result<usize, StoreError> {
    let transaction = Transaction::begin(base)?;
    let mut secrets = Vec::new();
    for kid in kids {
        secrets.extend(identity::delete(transaction.tables(), kid)?);
    }
    if secrets.is_empty() {
        return Ok(0);
    }
    // Deleting the key and owing the overwriting are one step: a crash from here on is made good by `resume`.
    own(transaction.tables(), FILLER)?.insert(OWED, ZEROS.as_slice()).map_err(from_redb)?;
    transaction.commit()?;
    overwrite(base, &secrets)?;
    settle(base)?;
    Ok(secrets.len())
}

/// Finishes an erasure that a crash interrupted.
pub(crate) fn resume(base: &Base) -> Result<(), StoreError> {
    if own(&base.read()?, FILLER)?.is_empty().map_err(from_redb)? {
        return Ok(());
    }
    // Nobody knows any more what to look for, so every free page is taken, and more than once.
    for _ in GENTLE..ROUNDS {
        fill(base, 0)?;
        empty(base)?;
        empty(base)?;
    }
    settle(base)
}

/// redb gives a page free one or two commits after the last use of it, hence the rounds.
fn overwrite(base: &Base, secrets: &[Secret<32>]) -> Result<(), StoreError> {
    let disk = base.disk.as_ref();
    for round in 0..ROUNDS {
        fill(base, if round < GENTLE { SLACK } else { 0 })?;
        empty(base)?;
        empty(base)?;
        let mut clean = true;
        for secret in secrets {
            clean &= !contains(disk, secret.expose())?;
        }
        if clean {
            return Ok(());
        }
    }
    Err(StoreError::Remains)
}

/// Puts zeros into the free pages, all but `slack` of them: when the file grows, there were none left.
fn fill(base: &Base, slack: u64) -> Result<(), StoreError> {
    let disk = base.disk.as_ref();
    let transaction = Transaction::begin(base)?;
    let used = transaction.tables().stats().map_err(from_redb)?.allocated_pages().saturating_add(slack);
    {
        let mut filler = own(transaction.tables(), FILLER)?;
        let last = filler.last().map_err(from_redb)?.map_or(0, |(key, _)| key.value());
        let before = disk.len()?;
        for key in (last..)
            .skip(1)
            .take(usize::try_from((before / PAGE).saturating_sub(used)).map_err(io::Error::other)?)
        {
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

/// The erasure is done: only now is it no longer owed.
fn settle(base: &Base) -> Result<(), StoreError> {
    let transaction = Transaction::begin(base)?;
    own(transaction.tables(), FILLER)?.remove(OWED).map_err(from_redb)?;
    transaction.commit()
}

/// Whether `needle` stands anywhere on the disk, in a page that is in use or in one that is free.
fn contains(disk: &dyn StorageBackend, needle: &[u8]) -> Result<bool, StoreError> {
    let len = disk.len()?;
    let mut window = Zeroizing::new(Vec::new());
    // Half a window on, so that nothing hides on a seam.
    for start in (0..len).step_by(WINDOW / 2) {
        let size = usize::try_from(len.saturating_sub(start)).map_or(WINDOW, |rest| rest.min(WINDOW));
        window.resize(size, 0);
        disk.read(start, &mut window)?;
        if window.windows(needle.len()).any(|part| part == needle) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The row that says that an erasure is owed. It stays until the file is clean.
const OWED: u64 = 0;
const ROUNDS: usize = 12;
/// Rounds that leave some pages free, so that the file does not grow with each erasure.
const GENTLE: usize = 10;
const SLACK: u64 = 6;
const PAGE: u64 = 4096;
const WINDOW: usize = 1 << 16;
/// So large that no two fit into a page, and one does.
const ZEROS: [u8; 3900] = [0; 3900];
