//! What happens together: a number is taken, its measurement is stored, a card is pinned; or nothing is.
//!
//! An `Opener` takes the number in here, the application puts the measurement in here, and only after `commit`
//! is the message acknowledged to the broker (SPEC §7.3, §13).

use std::cell::RefCell;

use redb::{Durability, WriteTransaction};
use zegel::{Arrival, Card, Error, Id, Kid, ReplayGuard, Secret, Sender, Stream, Succession, TrustStore};

use crate::base::Base;
use crate::error::{StoreError, from_redb};
use crate::gate::Permit;
use crate::rows::{self, Row};
use crate::{identity, replay, trust};

/// A transaction on a [`Store`](crate::Store): the state that an `Opener` works on. Dropped without
/// [`commit`](Transaction::commit), it never was.
///
/// There is one at a time; other threads wait in [`Store::begin`](crate::Store::begin). It does not leave its thread, so an
/// asynchronous program opens and commits without waiting for anything in between.
#[must_use = "a transaction that is not committed never was"]
pub struct Transaction<'s> {
    // In this order: redb is to let go before the next writer comes in.
    inner: WriteTransaction,
    _permit: Permit<'s>,
    base: &'s Base,
    /// What broke, once something did. From then on nothing can be committed.
    broken: RefCell<Broken>,
}

#[derive(Default)]
enum Broken {
    #[default]
    No,
    By(StoreError),
    /// The cause was asked for, and told.
    Told,
}

impl<'s> Transaction<'s> {
    pub(crate) fn begin(base: &'s Base) -> Result<Self, StoreError> {
        let permit = base.gate.enter()?;
        let mut inner = base.database.begin_write().map_err(from_redb)?;
        inner.set_durability(Durability::Immediate).map_err(from_redb)?;
        // One sync more than redb's default, and then no crash, nor a byte that goes bad after one, can bring
        // back the state before this commit.
        inner.set_two_phase_commit(true);
        Ok(Self { inner, _permit: permit, base, broken: RefCell::default() })
    }

    /// Makes everything durable, in one step: it is on the disk when this returns.
    ///
    /// # Errors
    /// [`StoreError::Aborted`] when an operation failed before. When the disk fails here, all of it may have
    /// become durable, or none: do not acknowledge the message, and its redelivery finds out.
    pub fn commit(self) -> Result<(), StoreError> {
        match self.broken.into_inner() {
            Broken::No => self.inner.commit().map_err(from_redb),
            Broken::By(error) => Err(error),
            Broken::Told => Err(StoreError::Aborted),
        }
    }

    /// What lay behind an [`Error::Storage`] that this transaction gave. The transaction cannot be committed.
    pub fn cause(&self) -> Option<StoreError> {
        let mut broken = self.broken.borrow_mut();
        match std::mem::take(&mut *broken) {
            Broken::No => None,
            Broken::By(error) => {
                *broken = Broken::Told;
                Some(error)
            }
            Broken::Told => {
                *broken = Broken::Told;
                None
            }
        }
    }

    /// Puts `value` under `key` in the application's own `table`, in place of what was there.
    pub fn put(&mut self, table: &str, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.check(rows::put(&self.inner, table, key, value))
    }

    /// What is under `key` in the application's own `table`, as this transaction sees it.
    pub fn get(&self, table: &str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.check(rows::get(&self.inner, table, key))
    }

    /// Up to `limit` rows of the application's own `table`, in order, the first at or after `from`.
    pub fn scan(&self, table: &str, from: &[u8], limit: usize) -> Result<Vec<Row>, StoreError> {
        self.check(rows::scan(&self.inner, table, from, limit))
    }

    /// Removes `key` from the application's own `table`; `false` when it was not there.
    pub fn remove(&mut self, table: &str, key: &[u8]) -> Result<bool, StoreError> {
        self.check(rows::remove(&self.inner, table, key))
    }

    /// Pins a card that somebody vouched for: scanned, compared, handed over. This is where trust begins.
    ///
    /// # Errors
    /// [`StoreError::Refused`] with `Revoked`, `Rollback` (an older card), `Equivocation` (another card with
    /// this serial, or another identity with this key identifier), or what is wrong with the card itself.
    pub fn pin(&mut self, card: &[u8]) -> Result<(Succession, Card), StoreError> {
        self.check(trust::pin(&self.inner, &self.base.verified, card, false))
    }

    /// Takes a newer card of somebody who is pinned already, as it came over the broker. Trusts nobody anew.
    ///
    /// # Errors
    /// As [`Transaction::pin`], and `UnknownSender` when its owner is not pinned.
    pub fn renew(&mut self, card: &[u8]) -> Result<(Succession, Card), StoreError> {
        self.check(trust::pin(&self.inner, &self.base.verified, card, true))
    }

    /// Ends `id` for good, also when it was never pinned. No card brings it back.
    pub fn revoke(&mut self, id: &Id) -> Result<(), StoreError> {
        self.check(trust::revoke(&self.inner, id))
    }

    /// Stores one's own identity. Storing the same one again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Refused`] with `Conflict` when another one is stored, which must be erased first, or with
    /// `WeakKey`.
    pub fn set_identity(&mut self, seed: &Secret<32>, created: u64) -> Result<(), StoreError> {
        self.check(identity::set_identity(&self.inner, seed, created))
    }

    /// Stores one of one's own KEM keys. Storing the same one again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Refused`] with `WeakKey`.
    pub fn add_kem_key(&mut self, secret: &Secret<32>, created: u64) -> Result<Kid, StoreError> {
        self.check(identity::add_kem_key(&self.inner, secret, created))
    }

    /// Notes when a KEM key was taken off one's card: its grace begins. `false` when there is no such key.
    pub fn retire_kem_key(&mut self, kid: &Kid, at: u64) -> Result<bool, StoreError> {
        self.check(identity::retire(&self.inner, kid, at))
    }

    /// Forgets what was taken of `stream` under the numbers before `sequence`, to save room. They stay taken: what
    /// comes under them again is a `Duplicate`, whatever it is, and no `Conflict` is seen any more.
    pub fn forget_digests(&mut self, stream: &Stream, sequence: u64) -> Result<(), StoreError> {
        self.check(replay::forget(&self.inner, stream, sequence))
    }

    pub(crate) fn tables(&self) -> &WriteTransaction {
        &self.inner
    }

    /// Marks this transaction as broken by any failure other than a refusal, which changed nothing.
    fn check<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        result.map_err(|error| match error {
            StoreError::Refused(_) => error,
            error => {
                *self.broken.borrow_mut() = Broken::Told;
                error
            }
        })
    }

    /// The same, where the core's error has no room for the cause.
    fn keep<T>(&self, result: Result<T, StoreError>) -> Result<T, Error> {
        result.map_err(|error| match error {
            StoreError::Refused(error) => error,
            error => {
                *self.broken.borrow_mut() = Broken::By(error);
                Error::Storage
            }
        })
    }
}

impl TrustStore for Transaction<'_> {
    fn sender(&self, kid: &Kid) -> Result<Option<Sender>, Error> {
        self.keep(trust::sender(&self.inner, &self.base.verified, kid))
    }
}

impl ReplayGuard for Transaction<'_> {
    fn take(&mut self, stream: &Stream, sequence: u64, digest: &[u8; 32]) -> Result<Arrival, Error> {
        self.keep(replay::take(&self.inner, stream, sequence, digest))
    }
}

impl std::fmt::Debug for Transaction<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transaction(..)")
    }
}
