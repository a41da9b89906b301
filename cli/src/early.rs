//! Messages that came before their keyframe or a card: kept sealed in the state, and opened when that has come
//! (SPEC §10.3, §13).

use anyhow::Result;
use zegel::{Content, Error, Opened};
use zegel_store::{Awaited, Store, StoreError, Transaction};

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
        Ok(()) => Ok(Fate::Kept),
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
    Ok(match opened.content() {
        Content::Keyframe { session, .. } => Some(Awaited::Keyframe(*session)),
        Content::Introduction(introduction) => {
            transaction.introduce(opened.sender(), opened.sequence(), introduction)?;
            Some(Awaited::Card)
        }
        _ => None,
    })
}

/// Takes from the shelf what waited for this.
pub(crate) fn take(transaction: &mut Transaction<'_>, awaited: Awaited) -> Result<Vec<Sealed>> {
    let early = transaction.unshelve(awaited)?.into_iter();
    Ok(early.map(|it| Sealed { topic: it.topic, bytes: it.sealed, since: it.since }).collect())
}

/// Takes from the shelf what another command may have made ready, and drops what has waited too long.
pub(crate) fn ready(
    store: &Store,
    transaction: &mut Transaction<'_>,
    now: Option<u64>,
) -> Result<Vec<Sealed>> {
    if let Some(now) = now {
        let lost = transaction.expire_shelf(now.saturating_sub(PATIENCE))?;
        if lost > 0 {
            eprintln!("zegel: lost: {lost} messages, whose keyframe or card has not come in a month");
        }
    }
    if store.shelved()? == 0 {
        return Ok(Vec::new());
    }
    let mut ready = take(transaction, Awaited::Card)?;
    for session in store.sessions()? {
        ready.extend(take(transaction, Awaited::Keyframe(session.id()))?);
    }
    Ok(ready)
}

/// As long as a measurement is taken at all (SPEC §7.5).
const PATIENCE: u64 = 31 * 86_400;
