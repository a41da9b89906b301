//! The numbers of a sealer: on the disk before they are used, and never a number twice (SPEC §6.2).

use std::ops::Range;
use std::sync::Arc;

use redb::ReadableTable as _;
use zegel::{Error, SequenceStore, Stream};

use crate::base::Base;
use crate::error::{StoreError, from_redb};
use crate::replay::key;
use crate::schema::{SEQUENCE, own};
use crate::transaction::Transaction;

/// Keeps the numbers of sealers in a [`Store`](crate::Store): [`sequence`](crate::Store::sequence) gives one to each sealer.
///
/// A reservation is one transaction, on the disk when it returns. Any number of sealers of one stream, in
/// any number of handles, therefore get numbers of their own.
#[derive(Debug)]
pub struct Sequence {
    base: Arc<Base>,
    ahead: u64,
    cause: Option<StoreError>,
}

impl Sequence {
    pub(crate) fn new(base: Arc<Base>) -> Self {
        Self { base, ahead: AHEAD, cause: None }
    }

    /// Reserves `numbers` with each write, at least one: few where a process seals little, since what it
    /// leaves unused shows as a gap; many where a write costs more than a gap.
    #[must_use]
    pub fn ahead(mut self, numbers: u64) -> Self {
        self.ahead = numbers.max(1);
        self
    }

    /// What lay behind the last [`Error::Storage`] of this handle.
    pub fn cause(&mut self) -> Option<StoreError> {
        self.cause.take()
    }

    fn write(&self, stream: &Stream) -> Result<Range<u64>, StoreError> {
        let transaction = Transaction::begin(&self.base)?;
        let reserved = {
            let mut table = own(transaction.tables(), SEQUENCE)?;
            let first = table.get(&key(stream)).map_err(from_redb)?.map_or(0, |next| next.value());
            let end = first.checked_add(self.ahead).ok_or(Error::Exhausted)?;
            table.insert(&key(stream), end).map_err(from_redb)?;
            first..end
        };
        transaction.commit()?;
        Ok(reserved)
    }
}

impl SequenceStore for Sequence {
    fn reserve(&mut self, stream: &Stream) -> Result<Range<u64>, Error> {
        self.write(stream).map_err(|error| match error {
            StoreError::Refused(error) => error,
            error => {
                self.cause = Some(error);
                Error::Storage
            }
        })
    }
}

/// How many numbers a write reserves, unless [`Sequence::ahead`] says otherwise.
const AHEAD: u64 = 64;
