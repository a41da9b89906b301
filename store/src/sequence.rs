//! The numbers of a sealer: on the disk before they are used, and never a number twice (SPEC §6.2).

use redb::ReadableTable as _;
use zegel::{Error, SequenceStore, Stream};

use crate::error::{StoreError, from_redb};
use crate::replay::key;
use crate::schema::{SEQUENCE, own};
use crate::store::Store;

/// Keeps a `Sealer`'s numbers in a [`Store`]: [`Store::sequence`] gives one to each sealer.
///
/// `save` returns once the number is on the disk. It refuses to go back, and it refuses when another handle
/// moved the stream since this one read it: two sealers of one stream would use the same numbers, so the
/// second of them finds out before it uses any.
#[derive(Debug)]
pub struct Sequence {
    store: Store,
    /// What this handle read or wrote last, of each stream it was asked for.
    seen: Vec<(Stream, u64)>,
    cause: Option<StoreError>,
}

impl Sequence {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, seen: Vec::new(), cause: None }
    }

    /// What lay behind the last [`Error::Storage`] of this handle.
    pub fn cause(&mut self) -> Option<StoreError> {
        self.cause.take()
    }

    fn read(&self, stream: &Stream) -> Result<u64, StoreError> {
        let transaction = self.store.read()?;
        let next = own(&transaction, SEQUENCE)?.get(&key(stream)).map_err(from_redb)?;
        Ok(next.map_or(0, |next| next.value()))
    }

    fn write(&self, stream: &Stream, next: u64) -> Result<(), StoreError> {
        let transaction = self.store.begin()?;
        {
            let mut table = own(transaction.tables(), SEQUENCE)?;
            let current = table.get(&key(stream)).map_err(from_redb)?.map_or(0, |next| next.value());
            let expected = self.seen(stream).unwrap_or(current);
            if current != expected || next < current {
                return Err(Error::Rollback.into());
            }
            table.insert(&key(stream), next).map_err(from_redb)?;
        }
        transaction.commit()
    }

    fn seen(&self, stream: &Stream) -> Option<u64> {
        self.seen.iter().find(|(known, _)| known == stream).map(|(_, next)| *next)
    }

    fn see(&mut self, stream: &Stream, next: u64) {
        match self.seen.iter_mut().find(|(known, _)| known == stream) {
            Some((_, seen)) => *seen = next,
            None => self.seen.push((*stream, next)),
        }
    }

    fn fail(&mut self, error: StoreError) -> Error {
        if let StoreError::Refused(error) = error {
            return error;
        }
        self.cause = Some(error);
        Error::Storage
    }
}

impl SequenceStore for Sequence {
    fn load(&mut self, stream: &Stream) -> Result<u64, Error> {
        let next = self.read(stream).map_err(|error| self.fail(error))?;
        self.see(stream, next);
        Ok(next)
    }

    fn save(&mut self, stream: &Stream, next: u64) -> Result<(), Error> {
        self.write(stream, next).map_err(|error| self.fail(error))?;
        self.see(stream, next);
        Ok(())
    }
}
