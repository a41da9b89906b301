//! A receiver's state in rows of a [`Database`]: trust, numbers, sessions and events (SPEC §7, §8.3, §10.2 to §10.4).
//!
//! A key begins with one letter that says what it is; numbers in it are big-endian, so that they are in order.

mod events;
mod sessions;
mod shelf;
mod trust;

use std::cell::RefCell;
use std::collections::BTreeMap;

use zegel::{
    Arrival, Error, Event, Kid, MAX_NUMBER, ReplayGuard, SessionId, SessionKeys, SessionRecord, Stream, Watch,
};

use crate::failure::Failure;
use crate::opened::Proven;
use crate::outside::Database;
use crate::overlay::Overlay;

pub(crate) use events::flush;
pub(crate) use shelf::Early;

/// What is in memory beside the rows.
#[derive(Default)]
pub(crate) struct Shared {
    /// Cards whose signatures held, by their bytes.
    cards: RefCell<BTreeMap<Kid, (Vec<u8>, zegel::Card)>>,
    /// Keys of sessions, beside the session that they are of: they serve no other one.
    ring: BTreeMap<SessionId, (SessionRecord, SessionKeys)>,
    /// Events that are not in a row yet.
    pending: Vec<Event>,
}

impl Shared {
    /// Drops session keys that derive from none of these KEM keys.
    pub(crate) fn keep_keys_of(&mut self, kids: &[Kid]) {
        self.ring.retain(|_, (session, _)| kids.contains(&session.kem_kid()));
    }
}

/// The state, while one thing happens to it.
pub(crate) struct Rows<'a> {
    over: Overlay<'a>,
    shared: &'a mut Shared,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(database: &'a dyn Database, shared: &'a mut Shared) -> Self {
        Self { over: Overlay::new(database), shared }
    }

    /// Writes what has changed.
    pub(crate) fn commit(self) -> Result<(), Failure> {
        self.over.write()
    }

    /// Reserves numbers of a stream (SPEC §6.2).
    pub(crate) fn reserve(&mut self, stream: &Stream) -> Result<std::ops::Range<u64>, Error> {
        let key = stream_key(b'q', stream);
        let first = number(self.get(&key)?.as_deref())?;
        let end = first.checked_add(AHEAD).ok_or(Error::Exhausted)?;
        self.over.put(&key, &end.to_be_bytes());
        Ok(first..end)
    }

    /// The numbers of a stream that never arrived.
    pub(crate) fn gaps(&self, stream: &Stream) -> Result<Vec<(u64, u64)>, Error> {
        let prefix = stream_key(b't', stream);
        let (mut gaps, mut expected) = (Vec::new(), 0u64);
        loop {
            let from = [&prefix[..], &expected.to_be_bytes()].concat();
            let rows = self.scan(&prefix, &from, PAGE)?;
            for row in &rows {
                let taken = number(row.key.get(prefix.len()..))?;
                if let Some(last) = taken.checked_sub(1).filter(|last| *last >= expected) {
                    gaps.push((expected, last));
                }
                expected = taken.saturating_add(1);
            }
            if rows.len() < PAGE {
                return Ok(gaps);
            }
        }
    }

    /// What an arrival lets one show to others, where the sender's card is known.
    pub(crate) fn evidence(&mut self, opened: &zegel::Opened<'_>) -> Result<Vec<Proven>, Error> {
        if let Some(testimony) = opened.testimony() {
            let (card, wire) = self.pinned(&testimony.sender().kid())?.ok_or(Error::UnknownSender)?;
            let evidence = testimony.to_vec_with(&card, &wire)?;
            return Ok(vec![Proven {
                sequence: opened.sequence(),
                digest: opened.digest().to_vec(),
                evidence,
            }]);
        }
        if let (Some(session), Some(_)) = (opened.session(), opened.body()) {
            self.keep_statement(&session, opened.sequence(), opened.topic(), opened.statement());
        }
        match opened.block() {
            Some(block) => self.prove_block(block),
            None => Ok(Vec::new()),
        }
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.over.get(key).map_err(|failure| failure.core(Error::Storage))
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<crate::outside::Row>, Error> {
        self.over.scan(prefix, from, limit).map_err(|failure| failure.core(Error::Storage))
    }

    /// Removes all rows whose keys begin with `prefix`.
    fn remove_all(&mut self, prefix: &[u8]) -> Result<(), Error> {
        loop {
            let rows = self.scan(prefix, prefix, PAGE)?;
            rows.iter().for_each(|row| self.over.remove(&row.key));
            if rows.len() < PAGE {
                return Ok(());
            }
        }
    }
}

impl ReplayGuard for Rows<'_> {
    fn take(&mut self, stream: &Stream, sequence: u64, digest: &[u8; 32]) -> Result<Arrival, Error> {
        let above = sequence.checked_add(1).filter(|_| sequence <= MAX_NUMBER).ok_or(Error::TooLarge)?;
        let taken = [&stream_key(b't', stream)[..], &sequence.to_be_bytes()].concat();
        match self.get(&taken)? {
            Some(known) if known == digest => return Err(Error::Duplicate),
            Some(_) => return Err(Error::Conflict),
            None => self.over.put(&taken, digest),
        }
        let next = self.next(stream)?;
        if sequence < next {
            return Ok(Arrival { missing: None, late: true });
        }
        self.over.put(&stream_key(b'n', stream), &above.to_be_bytes());
        let missing = sequence.checked_sub(1).filter(|last| *last >= next).map(|last| (next, last));
        Ok(Arrival { missing, late: false })
    }

    fn next(&self, stream: &Stream) -> Result<u64, Error> {
        number(self.get(&stream_key(b'n', stream))?.as_deref())
    }
}

impl Watch for Rows<'_> {
    fn notice(&mut self, event: &Event) -> Result<(), Error> {
        self.shared.pending.push(*event);
        Ok(())
    }
}

fn stream_key(kind: u8, stream: &Stream) -> Vec<u8> {
    [&[kind][..], &stream.sender.0, &stream.audience].concat()
}

/// Eight bytes as a number, 0 where there are none.
fn number(bytes: Option<&[u8]>) -> Result<u64, Error> {
    let Some(bytes) = bytes else { return Ok(0) };
    bytes.try_into().map(u64::from_be_bytes).map_err(|_| Error::Storage)
}

/// Rows that are read at once.
const PAGE: usize = 256;
/// How many numbers a write reserves.
const AHEAD: u64 = 64;
