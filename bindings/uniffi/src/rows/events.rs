//! Security events: of each kind the latest about somebody, until a person has seen it (SPEC §7.6).

use zegel::{Error, Event, Id, Stream};

use crate::outside::Database;
use crate::overlay::Overlay;
use crate::rows::{PAGE, Rows, Shared, number};

/// An event, the number that dismisses it, and how often it happened.
pub(crate) struct Noted {
    pub(crate) number: u64,
    pub(crate) event: Event,
    pub(crate) times: u64,
}

/// Writes the events that were noted, whatever became of the message that showed them.
pub(crate) fn flush(database: &dyn Database, shared: &mut Shared) -> Result<(), Error> {
    if shared.pending.is_empty() {
        return Ok(());
    }
    let stored = |failure: crate::failure::Failure| failure.core(Error::Storage);
    let mut over = Overlay::new(database);
    for event in &shared.pending {
        let (key, value) = row(event);
        let before = over.get(&key).map_err(stored)?;
        let times = before.as_deref().and_then(read_times).unwrap_or(0).saturating_add(1);
        let place = number(over.get(COUNTER).map_err(stored)?.as_deref())?;
        over.put(COUNTER, &place.saturating_add(1).to_be_bytes());
        over.put(&key, &[&place.to_be_bytes()[..], &times.to_be_bytes(), &value].concat());
    }
    over.write().map_err(stored)?;
    shared.pending.clear();
    Ok(())
}

impl Rows<'_> {
    /// The events that nobody has dismissed, in the order in which they were noted.
    pub(crate) fn events(&self) -> Result<Vec<Noted>, Error> {
        let (mut noted, mut from) = (Vec::new(), vec![b'e']);
        loop {
            let rows = self.scan(b"e", &from, PAGE)?;
            for row in &rows {
                noted.push(read(&row.key, &row.value).ok_or(Error::Storage)?);
            }
            match rows.last() {
                Some(last) if rows.len() == PAGE => from = [&last.key[..], &[0]].concat(),
                _ => break,
            }
        }
        noted.sort_by_key(|noted| noted.number);
        Ok(noted)
    }

    /// Removes an event that somebody has seen; `false` when a later one of its kind has come since.
    pub(crate) fn dismiss(&mut self, number: u64) -> Result<bool, Error> {
        let Some(seen) = self.events()?.into_iter().find(|noted| noted.number == number) else {
            return Ok(false);
        };
        self.over.remove(&row(&seen.event).0);
        Ok(true)
    }
}

/// The key and the rest of an event: what it is about names it, what is new goes into the value.
fn row(event: &Event) -> (Vec<u8>, Vec<u8>) {
    let key = |kind: u8, id: &Id| [&[b'e', kind][..], &id.0].concat();
    match event {
        Event::Conflict { stream, sequence } => {
            (key(CONFLICT, &stream.sender), [&sequence.to_be_bytes()[..], &stream.audience].concat())
        }
        Event::Equivocation { id } => (key(EQUIVOCATION, id), Vec::new()),
        Event::KeyChanged { id, serial } => (key(KEY_CHANGED, id), serial.to_be_bytes().to_vec()),
    }
}

fn read(key: &[u8], value: &[u8]) -> Option<Noted> {
    let (&[_, kind], id) = key.split_first_chunk()?;
    let id = Id(id.try_into().ok()?);
    let (place, rest) = value.split_first_chunk().map(|(n, rest)| (u64::from_be_bytes(*n), rest))?;
    let (times, rest) = rest.split_first_chunk().map(|(n, rest)| (u64::from_be_bytes(*n), rest))?;
    let event = match kind {
        CONFLICT => {
            let (sequence, audience) = rest.split_first_chunk()?;
            let stream = Stream { sender: id, audience: audience.try_into().ok()? };
            Event::Conflict { stream, sequence: u64::from_be_bytes(*sequence) }
        }
        EQUIVOCATION => Event::Equivocation { id },
        KEY_CHANGED => Event::KeyChanged { id, serial: u64::from_be_bytes(rest.try_into().ok()?) },
        _ => return None,
    };
    Some(Noted { number: place, event, times })
}

fn read_times(value: &[u8]) -> Option<u64> {
    value.get(8..16)?.try_into().ok().map(u64::from_be_bytes)
}

const COUNTER: &[u8] = b"E";
const CONFLICT: u8 = 1;
const EQUIVOCATION: u8 = 2;
const KEY_CHANGED: u8 = 3;
