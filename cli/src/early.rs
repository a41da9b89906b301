//! Messages that came before their keyframe or a card: kept sealed in the state, and opened when that has come
//! (SPEC §10.3, §13).

use anyhow::Result;
use zegel::{Error, Opened};
use zegel_store::{Awaited, Early, Store, StoreError, Transaction};

/// A message as it came, now or earlier.
pub(crate) struct Sealed {
    pub(crate) topic: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) since: Option<u64>,
}

/// What became of a message that could not be opened.
pub(crate) enum Fate {
    /// It waits on the shelf.
    Kept,
    /// It would wait, but there is no room.
    Lost,
    /// It will never open.
    Refused,
}

/// Keeps a message that was refused with `error`, if time can heal that.
pub(crate) fn keep(transaction: &mut Transaction<'_>, error: Error, sealed: &Sealed) -> Result<Fate> {
    let Some(awaited) = Awaited::after(error, &sealed.bytes) else { return Ok(Fate::Refused) };
    match transaction.shelve(awaited, &sealed.topic, &sealed.bytes, sealed.since) {
        Ok(lost) => {
            tell(lost, "as too many are kept for later");
            Ok(Fate::Kept)
        }
        Err(StoreError::Refused(Error::Full)) => Ok(Fate::Lost),
        Err(error) => Err(error.into()),
    }
}

/// Does what an opened message asks of the state, and says what has come with it that others may wait for.
pub(crate) fn settle(transaction: &mut Transaction<'_>, opened: &Opened<'_>) -> Result<Option<Awaited>> {
    if let Some(block) = opened.block() {
        // Nothing is handed on here, so no proof is kept.
        block.release(transaction)?;
    }
    Ok(transaction.settle(opened)?)
}

/// Takes from the shelf what waited for this.
pub(crate) fn take(transaction: &mut Transaction<'_>, awaited: Awaited) -> Result<Vec<Sealed>> {
    Ok(transaction.unshelve(awaited)?.into_iter().map(Sealed::from).collect())
}

/// Takes from the shelf what another command may have made ready, and drops what has waited too long.
pub(crate) fn ready(
    store: &Store,
    transaction: &mut Transaction<'_>,
    now: Option<u64>,
) -> Result<Vec<Sealed>> {
    if let Some(now) = now {
        let lost = transaction.expire_shelf(now.saturating_sub(PATIENCE))?;
        tell(lost, "whose keyframe or card has not come in a month");
    }
    if store.shelved()? == 0 {
        return Ok(Vec::new());
    }
    Ok(transaction.ready()?.into_iter().map(Sealed::from).collect())
}

impl From<Early> for Sealed {
    fn from(early: Early) -> Self {
        Self { topic: early.topic, bytes: early.sealed, since: early.since }
    }
}

fn tell(lost: u64, why: &str) {
    if lost > 0 {
        eprintln!("zegel: lost: {lost} messages, {why}");
    }
}

/// As long as a measurement is taken at all (SPEC §7.5).
const PATIENCE: u64 = 31 * 86_400;
