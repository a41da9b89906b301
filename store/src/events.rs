//! Security events: kept until somebody has seen them, whatever became of the message that showed them (SPEC §7.6).
//!
//! A refused message ends in a transaction that nobody commits. Its events wait in memory, and are written when that
//! transaction ends; where even that fails, with the next one.

use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::{ReadableTable as _, WriteTransaction};
use zegel::{Event, Id, Stream};

use crate::base::Base;
use crate::error::{StoreError, from_redb};
use crate::schema::{COUNTERS, EVENTS, own};

/// A security event that nobody has dismissed: the latest of its kind about somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Noted {
    /// Names it for [`Transaction::dismiss`](crate::Transaction::dismiss). A later one of its kind has another number,
    /// so that nobody dismisses what he has not seen.
    pub number: u64,
    /// What happened.
    pub event: Event,
    /// How often it happened since somebody last dismissed it.
    pub times: u64,
}

/// Events that are not on the disk yet, in the order in which they were noted.
#[derive(Default)]
pub(crate) struct Pending(Vec<(Event, u64)>);

impl Pending {
    /// Notes an event, once for each that somebody has to look at: a flood of one kind hides no other.
    pub(crate) fn note(&mut self, event: &Event) {
        let same = self.0.iter().position(|(known, _)| about(known) == about(event));
        let before = same.map_or(0, |place| self.0.remove(place).1);
        self.0.push((*event, before.saturating_add(1)));
    }
}

#[cfg(test)]
impl Pending {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Writes whatever is pending, once there is no other transaction.
pub(crate) fn flush(base: &Base) -> Result<(), StoreError> {
    let mut pending = lock(&base.pending);
    if pending.0.is_empty() {
        return Ok(());
    }
    let transaction = base.write()?;
    write(&transaction, &pending)?;
    transaction.commit().map_err(from_redb)?;
    pending.0.clear();
    Ok(())
}

/// Commits a transaction that holds all that is pending.
pub(crate) fn commit(base: &Base, transaction: WriteTransaction) -> Result<(), StoreError> {
    // Held meanwhile, so that nobody reads an event twice, or not at all.
    let mut pending = lock(&base.pending);
    transaction.commit().map_err(from_redb)?;
    pending.0.clear();
    Ok(())
}

/// Writes what a failed transaction left pending, at the beginning of this one.
pub(crate) fn take_over(base: &Base, transaction: &WriteTransaction) -> Result<(), StoreError> {
    write(transaction, &lock(&base.pending))
}

/// Notes an event, in memory and in the transaction.
pub(crate) fn note(base: &Base, transaction: &WriteTransaction, event: &Event) -> Result<(), StoreError> {
    lock(&base.pending).note(event);
    put(transaction, event, 1)
}

/// All events that nobody has dismissed, in the order of their numbers.
pub(crate) fn list(base: &Base) -> Result<Vec<Noted>, StoreError> {
    let pending = lock(&base.pending);
    let tables = base.read()?;
    let mut list = Vec::new();
    for row in own(&tables, EVENTS)?.iter().map_err(from_redb)? {
        let (key, row) = row.map_err(from_redb)?;
        let (number, times, audience, value) = row.value();
        list.push(Noted { number, event: event(key.value(), audience, value)?, times });
    }
    let mut next = own(&tables, COUNTERS)?.get(NEXT).map_err(from_redb)?.map_or(FIRST, |next| next.value());
    for (event, more) in &pending.0 {
        let same = list.iter().position(|noted| about(&noted.event) == about(event));
        let before = same.map_or(0, |place| list.remove(place).times);
        list.push(Noted { number: next, event: *event, times: before.saturating_add(*more) });
        next = next.saturating_add(1);
    }
    list.sort_by_key(|noted| noted.number);
    Ok(list)
}

/// Removes the event of this number; `false` when there is none, or a later one of its kind came since.
pub(crate) fn dismiss(transaction: &WriteTransaction, number: u64) -> Result<bool, StoreError> {
    let mut found = false;
    let seen = |(of, ..): (u64, u64, &[u8; 32], u64)| of == number;
    own(transaction, EVENTS)?
        .retain(|_, row| {
            found |= seen(row);
            !seen(row)
        })
        .map_err(from_redb)?;
    Ok(found)
}

fn write(transaction: &WriteTransaction, pending: &Pending) -> Result<(), StoreError> {
    pending.0.iter().try_for_each(|(event, times)| put(transaction, event, *times))
}

fn put(transaction: &WriteTransaction, event: &Event, more: u64) -> Result<(), StoreError> {
    let mut counters = own(transaction, COUNTERS)?;
    let number = counters.get(NEXT).map_err(from_redb)?.map_or(FIRST, |next| next.value());
    // It rises for ever, so that a number that was dismissed names nothing else later.
    counters.insert(NEXT, number.saturating_add(1)).map_err(from_redb)?;
    let mut events = own(transaction, EVENTS)?;
    let (kind, who) = about(event);
    let before = events.get((kind, &who.0)).map_err(from_redb)?.map_or(0, |row| row.value().1);
    let (audience, value) = match event {
        Event::Conflict { stream, sequence } => (stream.audience, *sequence),
        Event::Equivocation { .. } => ([0; 32], 0),
        Event::KeyChanged { serial, .. } => ([0; 32], *serial),
    };
    let row = (number, before.saturating_add(more), &audience, value);
    events.insert((kind, &who.0), row).map_err(from_redb)?;
    Ok(())
}

/// What kind it is, and about whom: of both there is one to look at.
const fn about(event: &Event) -> (u8, Id) {
    match event {
        Event::Conflict { stream, .. } => (CONFLICT, stream.sender),
        Event::Equivocation { id } => (EQUIVOCATION, *id),
        Event::KeyChanged { id, .. } => (KEY_CHANGED, *id),
    }
}

fn event((kind, who): (u8, &[u8; 32]), audience: &[u8; 32], value: u64) -> Result<Event, StoreError> {
    let id = Id(*who);
    match kind {
        CONFLICT => {
            Ok(Event::Conflict { stream: Stream { sender: id, audience: *audience }, sequence: value })
        }
        EQUIVOCATION => Ok(Event::Equivocation { id }),
        KEY_CHANGED => Ok(Event::KeyChanged { id, serial: value }),
        _ => Err(StoreError::Corrupt("an event of an unknown kind".into())),
    }
}

fn lock(pending: &Mutex<Pending>) -> MutexGuard<'_, Pending> {
    pending.lock().unwrap_or_else(PoisonError::into_inner)
}

const CONFLICT: u8 = 1;
const EQUIVOCATION: u8 = 2;
const KEY_CHANGED: u8 = 3;
/// The number of the next event.
const NEXT: &str = "event";
const FIRST: u64 = 1;
