//! Replay state, exact: of each stream the next number, the holes before it, and what was taken (SPEC §7.3).
//!
//! A number is fresh at or after the next one, or in a hole. So a phone that delivers a week late is heard, and
//! nothing is heard twice, at two small rows for each measurement.

use redb::{ReadableTable as _, ReadableTableMetadata as _, WriteTransaction};
use zegel::{Arrival, Error, Id, MAX_NUMBER, Stream};

use crate::error::{StoreError, from_redb};
use crate::schema::{DIGESTS, HOLES, STREAMS, Tables, own};

/// Takes `sequence` of `stream`, or says why not: `Duplicate`, also when its digest was forgotten, or
/// `Conflict`. A refusal changes nothing.
pub(crate) fn take(
    transaction: &WriteTransaction,
    stream: &Stream,
    sequence: u64,
    digest: &[u8; 32],
) -> Result<Arrival, StoreError> {
    let above = sequence.checked_add(1).filter(|_| sequence <= MAX_NUMBER).ok_or(Error::TooLarge)?;
    let below = sequence.checked_sub(1);
    let mut streams = own(transaction, STREAMS)?;
    let mut holes = own(transaction, HOLES)?;
    let mut digests = own(transaction, DIGESTS)?;
    let found = streams.get(&key(stream)).map_err(from_redb)?.map(|row| row.value());
    let (number, next) = match found {
        Some(row) => row,
        None => (streams.len().map_err(from_redb)?, 0),
    };

    let arrival = if sequence >= next {
        let missing = below.filter(|last| *last >= next).map(|last| (next, last));
        if let Some((first, last)) = missing {
            holes.insert((number, first), last).map_err(from_redb)?;
        }
        streams.insert(&key(stream), (number, above)).map_err(from_redb)?;
        Arrival { missing, late: false }
    } else {
        let hole = {
            let mut before = holes.range((number, 0)..=(number, sequence)).map_err(from_redb)?;
            let row = before.next_back().transpose().map_err(from_redb)?;
            row.map(|(first, last)| (first.value().1, last.value())).filter(|hole| hole.1 >= sequence)
        };
        let Some((first, last)) = hole else {
            let known = digests.get((number, sequence)).map_err(from_redb)?;
            return Err(match known {
                Some(known) if known.value() == half(digest) => Error::Duplicate,
                Some(_) => Error::Conflict,
                None => Error::Duplicate,
            }
            .into());
        };
        holes.remove((number, first)).map_err(from_redb)?;
        if let Some(below) = below.filter(|below| first <= *below) {
            holes.insert((number, first), below).map_err(from_redb)?;
        }
        if above <= last {
            holes.insert((number, above), last).map_err(from_redb)?;
        }
        Arrival { missing: None, late: true }
    };
    digests.insert((number, sequence), half(digest)).map_err(from_redb)?;
    Ok(arrival)
}

/// The first number above all that were taken.
pub(crate) fn next(tables: &impl Tables, stream: &Stream) -> Result<u64, StoreError> {
    Ok(own(tables, STREAMS)?.get(&key(stream)).map_err(from_redb)?.map_or(0, |row| row.value().1))
}

/// Forgets the digests before `sequence`: these numbers stay taken, and answer `Duplicate` from now on, whatever
/// comes under them.
pub(crate) fn forget(
    transaction: &WriteTransaction,
    stream: &Stream,
    sequence: u64,
) -> Result<(), StoreError> {
    let found = own(transaction, STREAMS)?.get(&key(stream)).map_err(from_redb)?.map(|row| row.value().0);
    let Some(number) = found else { return Ok(()) };
    own(transaction, DIGESTS)?.retain_in((number, 0)..(number, sequence), |_, _| false).map_err(from_redb)
}

pub(crate) fn gaps(tables: &impl Tables, stream: &Stream) -> Result<Vec<(u64, u64)>, StoreError> {
    let found = own(tables, STREAMS)?.get(&key(stream)).map_err(from_redb)?.map(|row| row.value().0);
    let Some(number) = found else { return Ok(Vec::new()) };
    let holes = own(tables, HOLES)?;
    let range = holes.range((number, 0)..=(number, u64::MAX)).map_err(from_redb)?;
    range.map(|row| row.map(|(first, last)| (first.value().1, last.value())).map_err(from_redb)).collect()
}

pub(crate) fn streams(tables: &impl Tables) -> Result<Vec<(Stream, u64)>, StoreError> {
    let table = own(tables, STREAMS)?;
    let rows = table.iter().map_err(from_redb)?;
    rows.map(|row| row.map(|(key, row)| (stream(key.value()), row.value().1)).map_err(from_redb)).collect()
}

/// A stream as a key: the sender, then the audience.
pub(crate) fn key(stream: &Stream) -> [u8; 64] {
    let mut key = [0; 64];
    let (sender, audience) = key.split_at_mut(32);
    sender.copy_from_slice(&stream.sender.0);
    audience.copy_from_slice(&stream.audience);
    key
}

fn stream(key: &[u8; 64]) -> Stream {
    let mut stream = Stream { sender: Id([0; 32]), audience: [0; 32] };
    let (sender, audience) = key.split_at(32);
    stream.sender.0.copy_from_slice(sender);
    stream.audience.copy_from_slice(audience);
    stream
}

/// Half a digest tells a duplicate from a conflict: who finds two statements that share it has signed both, and
/// gains the milder word for the second one, which is refused all the same.
fn half(digest: &[u8; 32]) -> &[u8; 16] {
    match digest.first_chunk() {
        Some(half) => half,
        None => &[0; 16],
    }
}
