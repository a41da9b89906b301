//! The state file of `--state`: who is trusted, what was received, which numbers were sent.
//!
//! `zegel-store` keeps it; this file says in one line what was wrong with it.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use zegel::{Card, Error, Status, succeed};
use zegel_store::{Store, StoreError, Transaction};

use crate::alarms;

/// Opens a state file that exists, and says which alarms in it nobody has looked at.
pub(crate) fn open(path: &Path) -> Result<Store> {
    let store = open_quietly(path)?;
    alarms::tell(&store, path, 0)?;
    Ok(store)
}

/// Opens a state file that exists.
pub(crate) fn open_quietly(path: &Path) -> Result<Store> {
    match Store::open(path) {
        Err(StoreError::NotFound) => {
            bail!("there is no state file {0}: `zegel trust add --state {0} CARD` makes it", path.display())
        }
        other => told(path, other),
    }
}

/// Opens a state file, or makes it and says so: a mistyped name would start numbers again at 0.
pub(crate) fn open_or_create(path: &Path) -> Result<Store> {
    let new = path.symlink_metadata().is_err();
    let store = told(path, Store::open_or_create(path))?;
    if new {
        eprintln!("zegel: new state file {}", path.display());
    }
    alarms::tell(&store, path, 0)?;
    Ok(store)
}

/// The error of a call that went through the core, with what the core has no words for.
pub(crate) fn explain(transaction: &Transaction<'_>, error: Error) -> anyhow::Error {
    match error {
        Error::Storage => transaction.cause().map_or(error.into(), anyhow::Error::from),
        error => error.into(),
    }
}

/// The newest card of somebody: this one, or a newer one that is pinned (SPEC §6.3).
///
/// Refuses a second card of one serial, and one whose owner is revoked.
pub(crate) fn newest(store: &Store, card: Card) -> Result<Card> {
    if store.revoked()?.contains(card.id()) {
        return Err(Error::Revoked.into());
    }
    let Some(known) = store.card(card.id())? else { return Ok(card) };
    let ended = known.status() == Status::Withdrawn;
    let pinned = zegel::Pinned { serial: known.serial(), digest: *known.digest(), ended };
    match succeed(Some(&pinned), &card) {
        Ok(_) => Ok(card),
        Err(Error::Rollback) => Ok(known),
        Err(error) => Err(error.into()),
    }
}

fn told(path: &Path, result: Result<Store, StoreError>) -> Result<Store> {
    result
        .map_err(|error| {
            let advice = match error {
                StoreError::Locked => ": another zegel has it open; wait for it, or give each its own file",
                StoreError::NotAStore(_) => ": name another file with --state",
                StoreError::Corrupt(_) => ": put back a backup, and expect Conflict where it is behind",
                _ => "",
            };
            let line = format!("{error}{advice}");
            anyhow::Error::from(error).context(line)
        })
        .with_context(|| format!("state file {}", path.display()))
}
