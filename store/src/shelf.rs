//! The shelf for messages that came too early: sealed as they are, within a bound, until they can be opened
//! (SPEC §10.3, §13).
//!
//! Anybody can put something here, as nothing of it is proven. So each place is bounded, and the whole, and what
//! finds no room is said to be lost.

use redb::{ReadableTable as _, ReadableTableMetadata as _, WriteTransaction};
use zegel::{Error, SessionId};

use crate::error::{StoreError, from_redb};
use crate::schema::{COUNTERS, EARLY, SHELVES, Tables, own};

/// What has to come before a message opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Awaited {
    /// The keyframe of its session.
    Keyframe(SessionId),
    /// A card: of its sender, of the origin of what was handed on, or one that is in force.
    Card,
}

impl Awaited {
    /// What a message waits for that was refused with `error`; `None` when no time heals it. `sealed` is the message
    /// as it came: opening has overwritten its own copy.
    pub fn after(error: Error, sealed: &[u8]) -> Option<Self> {
        match error {
            Error::UnknownSession => SessionId::claimed(sealed).map(Self::Keyframe),
            Error::UnknownSender | Error::NotYetValid | Error::Expired => Some(Self::Card),
            _ => None,
        }
    }

    const fn key(&self) -> (u8, [u8; 8]) {
        match self {
            Self::Keyframe(session) => (KEYFRAME, session.0),
            Self::Card => (CARD, [0; 8]),
        }
    }
}

/// A message from the shelf, to be opened again.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Early {
    /// The topic on which it came.
    pub topic: String,
    /// The message as it came.
    pub sealed: Vec<u8>,
    /// When it came: seconds since 1970, by the clock of whoever shelved it.
    pub since: Option<u64>,
}

/// Puts a message on its shelf; `Full` when there is no room.
pub(crate) fn put(
    transaction: &WriteTransaction,
    awaited: Awaited,
    topic: &str,
    sealed: &[u8],
    since: Option<u64>,
) -> Result<(), StoreError> {
    let (kind, of) = awaited.key();
    let size = size(topic, sealed)?;
    let key = (kind, &of);
    let mut shelves = own(transaction, SHELVES)?;
    let mut grown = Vec::new();
    for (key, most) in [(key, OF_ONE), (ALL, OF_ALL)] {
        let (messages, bytes) = shelves.get(key).map_err(from_redb)?.map_or((0, 0), |row| row.value());
        let (messages, bytes) = (messages.saturating_add(1), bytes.saturating_add(size));
        if messages > most.0 || bytes > most.1 {
            return Err(Error::Full.into());
        }
        grown.push((key, (messages, bytes)));
    }
    for (key, row) in grown {
        shelves.insert(key, row).map_err(from_redb)?;
    }
    let mut counters = own(transaction, COUNTERS)?;
    let place = counters.get(NEXT).map_err(from_redb)?.map_or(0, |next| next.value());
    counters.insert(NEXT, place.saturating_add(1)).map_err(from_redb)?;
    own(transaction, EARLY)?.insert((kind, &of, place), (since, topic, sealed)).map_err(from_redb)?;
    Ok(())
}

/// Takes all that waited for this from the shelf, in the order in which it came.
pub(crate) fn take(transaction: &WriteTransaction, awaited: Awaited) -> Result<Vec<Early>, StoreError> {
    let (kind, of) = awaited.key();
    let mut early = Vec::new();
    let mut table = own(transaction, EARLY)?;
    for row in table.range((kind, &of, 0)..=(kind, &of, u64::MAX)).map_err(from_redb)? {
        let (_, row) = row.map_err(from_redb)?;
        let (since, topic, sealed) = row.value();
        early.push(Early { topic: topic.to_owned(), sealed: sealed.to_vec(), since });
    }
    if !early.is_empty() {
        table.retain_in((kind, &of, 0)..=(kind, &of, u64::MAX), |_, _| false).map_err(from_redb)?;
        drop(table);
        for message in &early {
            shrink(transaction, (kind, &of), size(&message.topic, &message.sealed)?)?;
        }
    }
    Ok(early)
}

/// Drops what was shelved before `before`, and says how much is lost.
pub(crate) fn expire(transaction: &WriteTransaction, before: u64) -> Result<u64, StoreError> {
    let mut expired = Vec::new();
    own(transaction, EARLY)?
        .retain(|(kind, of, _), (since, topic, sealed)| {
            let over = since.is_some_and(|since| since < before);
            if over {
                expired.push((kind, *of, size(topic, sealed)));
            }
            !over
        })
        .map_err(from_redb)?;
    for (kind, of, size) in &expired {
        let size = size.as_ref().map_err(|_| Error::TooLarge)?;
        shrink(transaction, (*kind, of), *size)?;
    }
    u64::try_from(expired.len()).map_err(|_| Error::TooLarge.into())
}

/// How many messages wait.
pub(crate) fn len(tables: &impl Tables) -> Result<u64, StoreError> {
    own(tables, EARLY)?.len().map_err(from_redb)
}

fn shrink(transaction: &WriteTransaction, key: (u8, &[u8; 8]), size: u64) -> Result<(), StoreError> {
    let mut shelves = own(transaction, SHELVES)?;
    for key in [key, ALL] {
        let (messages, bytes) = shelves.get(key).map_err(from_redb)?.map_or((0, 0), |row| row.value());
        if messages <= 1 {
            shelves.remove(key).map_err(from_redb)?;
        } else {
            shelves
                .insert(key, (messages.saturating_sub(1), bytes.saturating_sub(size)))
                .map_err(from_redb)?;
        }
    }
    Ok(())
}

fn size(topic: &str, sealed: &[u8]) -> Result<u64, Error> {
    u64::try_from(topic.len().saturating_add(sealed.len())).map_err(|_| Error::TooLarge)
}

/// Neither a topic nor a message belongs in a log.
impl std::fmt::Debug for Early {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Early({} bytes, since {:?})", self.sealed.len(), self.since)
    }
}

/// The sum over all shelves.
const ALL: (u8, &[u8; 8]) = (0, &[0; 8]);
const KEYFRAME: u8 = 1;
const CARD: u8 = 2;
/// Messages and bytes for which there is room.
const OF_ONE: (u64, u64) = (1 << 12, 1 << 24);
const OF_ALL: (u64, u64) = (1 << 14, 1 << 26);
/// The place of the next message.
const NEXT: &str = "early";
