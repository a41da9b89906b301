//! The shelf for messages that came too early: sealed as they are, within a bound, until they can be opened
//! (SPEC §10.3, §13).
//!
//! Anybody can put something here, as nothing of it is proven. So each place is bounded, and the whole, and who fills it
//! keeps nobody else out: the oldest message of the fullest place makes room for the next one, and is counted as lost.
//! What waits for a keyframe and what waits for a card have a room each.

use redb::{ReadableTable, ReadableTableMetadata as _, WriteTransaction};
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

/// Puts a message on its shelf, and says how many that waited were given up for it; `Full` when it is larger than all
/// the room there is.
pub(crate) fn put(
    transaction: &WriteTransaction,
    awaited: Awaited,
    topic: &str,
    sealed: &[u8],
    since: Option<u64>,
) -> Result<u64, StoreError> {
    let (kind, of) = awaited.key();
    let size = size(topic, sealed)?;
    if size > OF_ONE.1 {
        return Err(Error::Full.into());
    }
    let key = (kind, &of);
    let mut given_up = 0_u64;
    while let Some(full) = full(transaction, key, size)? {
        give_up(transaction, (kind, &full))?;
        given_up = given_up.saturating_add(1);
    }
    let mut shelves = own(transaction, SHELVES)?;
    for key in [key, whole(&[kind; 8])] {
        let (messages, bytes) = sum(&shelves, key)?;
        shelves
            .insert(key, (messages.saturating_add(1), bytes.saturating_add(size)))
            .map_err(from_redb)?;
    }
    let place = count(transaction, NEXT, 1)?;
    own(transaction, EARLY)?.insert((kind, &of, place), (since, topic, sealed)).map_err(from_redb)?;
    count(transaction, LOST, given_up)?;
    Ok(given_up)
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
    let lost = u64::try_from(expired.len()).map_err(|_| Error::TooLarge)?;
    count(transaction, LOST, lost)?;
    Ok(lost)
}

/// The sessions for whose keyframes something waits.
pub(crate) fn sessions(tables: &impl Tables) -> Result<Vec<SessionId>, StoreError> {
    let table = own(tables, SHELVES)?;
    let rows = table.range((KEYFRAME, &[0; 8])..=(KEYFRAME, &[u8::MAX; 8])).map_err(from_redb)?;
    rows.map(|row| row.map(|(key, _)| SessionId(*key.value().1)).map_err(from_redb)).collect()
}

/// How many messages wait.
pub(crate) fn len(tables: &impl Tables) -> Result<u64, StoreError> {
    own(tables, EARLY)?.len().map_err(from_redb)
}

/// How many messages were given up, ever.
pub(crate) fn lost(tables: &impl Tables) -> Result<u64, StoreError> {
    Ok(own(tables, COUNTERS)?.get(LOST).map_err(from_redb)?.map_or(0, |lost| lost.value()))
}

/// The place that has to give up a message before one of `size` finds room under `key`.
fn full(transaction: &WriteTransaction, key: Key<'_>, size: u64) -> Result<Option<[u8; 8]>, StoreError> {
    let shelves = own(transaction, SHELVES)?;
    let (messages, bytes) = sum(&shelves, key)?;
    if messages >= OF_ONE.0 || bytes.saturating_add(size) > OF_ONE.1 {
        return Ok(Some(*key.1));
    }
    let (messages, bytes) = sum(&shelves, whole(&[key.0; 8]))?;
    let by_bytes = bytes.saturating_add(size) > OF_ALL.1;
    if messages < OF_ALL.0 && !by_bytes {
        return Ok(None);
    }
    let mut fullest = (0, *key.1);
    for row in shelves.range((key.0, &[0; 8])..=(key.0, &[u8::MAX; 8])).map_err(from_redb)? {
        let (key, row) = row.map_err(from_redb)?;
        let (messages, bytes) = row.value();
        fullest = fullest.max((if by_bytes { bytes } else { messages }, *key.value().1));
    }
    Ok(Some(fullest.1))
}

/// Gives up the oldest message under `key`.
fn give_up(transaction: &WriteTransaction, (kind, of): Key<'_>) -> Result<(), StoreError> {
    let mut table = own(transaction, EARLY)?;
    let oldest = table.range((kind, of, 0)..=(kind, of, u64::MAX)).map_err(from_redb)?.next();
    let oldest = oldest.transpose().map_err(from_redb)?.map(|(key, row)| {
        let (_, topic, sealed) = row.value();
        (key.value().2, size(topic, sealed))
    });
    let (place, size) = oldest.ok_or_else(|| StoreError::Corrupt("a full shelf is empty".into()))?;
    table.remove((kind, of, place)).map_err(from_redb)?;
    drop(table);
    shrink(transaction, (kind, of), size?)
}

/// Counts up, and gives the number before.
fn count(transaction: &WriteTransaction, name: &str, more: u64) -> Result<u64, StoreError> {
    let mut counters = own(transaction, COUNTERS)?;
    let before = counters.get(name).map_err(from_redb)?.map_or(0, |count| count.value());
    counters.insert(name, before.saturating_add(more)).map_err(from_redb)?;
    Ok(before)
}

fn sum(
    shelves: &impl ReadableTable<Key<'static>, (u64, u64)>,
    key: Key<'_>,
) -> Result<(u64, u64), StoreError> {
    Ok(shelves.get(key).map_err(from_redb)?.map_or((0, 0), |row| row.value()))
}

fn shrink(transaction: &WriteTransaction, key: Key<'_>, size: u64) -> Result<(), StoreError> {
    let mut shelves = own(transaction, SHELVES)?;
    for key in [key, whole(&[key.0; 8])] {
        let (messages, bytes) = sum(&shelves, key)?;
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

/// What kind of thing is waited for, and which one.
type Key<'k> = (u8, &'k [u8; 8]);

/// Where the sum over all shelves of a kind stands.
const fn whole(kind: &[u8; 8]) -> Key<'_> {
    (WHOLE, kind)
}

const WHOLE: u8 = 0;
const KEYFRAME: u8 = 1;
const CARD: u8 = 2;
/// Messages and bytes for which there is room: for one thing, and for all of its kind.
const OF_ONE: (u64, u64) = (1 << 12, 1 << 24);
const OF_ALL: (u64, u64) = (1 << 14, 1 << 26);
/// The place of the next message.
const NEXT: &str = "early";
/// How many messages were given up.
const LOST: &str = "lost";
