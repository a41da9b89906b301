//! What happens together: a number is taken, its measurement is stored, a card is pinned; or nothing is.
//!
//! An `Opener` takes the number in here, the application puts the measurement in here, and only after `commit`
//! is the message acknowledged to the broker (SPEC §7.3, §13).

use std::cell::RefCell;
use std::sync::Arc;

use redb::WriteTransaction;
use zegel::{Card, Error, Event, Id, Introduction, Kid, Secret, SessionId, SessionKeys, Stream, Succession};

use crate::base::Base;
use crate::error::StoreError;
use crate::gate::Permit;
use crate::keyring::Keyring;
use crate::rows::{self, Row};
use crate::shelf::{self, Awaited, Early};
use crate::{events, identity, introductions, replay, sessions, trust};

/// A transaction on a [`Store`](crate::Store): the state that an `Opener` works on. Dropped without
/// [`commit`](Transaction::commit), it never was, but for the security events that it noted.
///
/// There is one at a time; other threads wait in [`Store::begin`](crate::Store::begin). It does not leave its thread, so an
/// asynchronous program opens and commits without waiting for anything in between.
#[must_use = "a transaction that is not committed never was"]
pub struct Transaction<'s> {
    // In this order: redb is to let go before events are written, and before the next writer comes in.
    inner: WriteTransaction,
    _events: Events<'s>,
    _permit: Permit<'s>,
    pub(crate) base: &'s Base,
    /// Keys of the session whose message is being opened.
    pub(crate) lent: Option<Arc<SessionKeys>>,
    /// Keys that were derived in here.
    pub(crate) derived: Keyring,
    /// What broke, once something did. From then on nothing can be committed.
    broken: RefCell<Broken>,
}

/// Writes what was noted, however the transaction ends.
struct Events<'s>(&'s Base);

impl Drop for Events<'_> {
    fn drop(&mut self) {
        // When the disk fails, they stay in memory, and the next transaction takes them over.
        let _ = events::flush(self.0);
    }
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
        let inner = base.write()?;
        events::take_over(base, &inner)?;
        let (derived, broken) = (Keyring::default(), RefCell::default());
        Ok(Self { inner, _events: Events(base), _permit: permit, base, lent: None, derived, broken })
    }

    /// Makes everything durable, in one step: it is on the disk when this returns.
    ///
    /// # Errors
    /// [`StoreError::Aborted`] when an operation failed before. When the disk fails here, all of it may have
    /// become durable, or none: do not acknowledge the message, and its redelivery finds out.
    pub fn commit(self) -> Result<(), StoreError> {
        match self.broken.into_inner() {
            Broken::No => {
                events::commit(self.base, self.inner)?;
                self.base.keyring.absorb(self.derived);
                Ok(())
            }
            Broken::By(error) => Err(error),
            Broken::Told => Err(StoreError::Aborted),
        }
    }

    /// Ends without a commit, as dropping does, and says whether the events that were noted are on the disk: a message
    /// that raised an alarm is acknowledged after that.
    ///
    /// # Errors
    /// When the disk fails. The events stay in memory, and go with the next transaction.
    pub fn refuse(self) -> Result<(), StoreError> {
        drop(self.inner);
        events::flush(self.base)
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
        let pinning = self.check(trust::pin(&self.inner, &self.base.verified, card, false))?;
        self.conclude(pinning)
    }

    /// Takes a newer card of somebody who is pinned already, as it came over the broker. Trusts nobody anew.
    ///
    /// # Errors
    /// As [`Transaction::pin`], and `UnknownSender` when its owner is not pinned.
    pub fn renew(&mut self, card: &[u8]) -> Result<(Succession, Card), StoreError> {
        let pinning = self.check(trust::pin(&self.inner, &self.base.verified, card, true))?;
        if pinning.changes_keys() {
            let (id, serial) = (*pinning.card.id(), pinning.card.serial());
            self.note(&Event::KeyChanged { id, serial })?;
        }
        self.conclude(pinning)
    }

    /// Ends `id` for good, also when it was never pinned: what waits in its sessions goes, and whom it vouched for. No
    /// card brings it back, and what still comes from it is `Revoked`.
    pub fn revoke(&mut self, id: &Id) -> Result<(), StoreError> {
        self.check(trust::revoke(&self.inner, id))?;
        self.end(id)
    }

    /// Keeps a message that cannot be opened yet, sealed as it came at `since` (seconds since 1970). After that it may
    /// be acknowledged to the broker.
    ///
    /// Says how many messages were given up for it, the oldest ones of the fullest place: they are lost, and
    /// [`Store::lost`](crate::Store::lost) counts them. There is room for 4,096 messages and 16 MiB that wait for one
    /// thing, a keyframe or any card, and for four times that in all for keyframes.
    ///
    /// # Errors
    /// [`StoreError::Refused`] with `Full` for more than 16 MiB.
    pub fn shelve(
        &mut self,
        awaited: Awaited,
        topic: &str,
        sealed: &[u8],
        since: Option<u64>,
    ) -> Result<u64, StoreError> {
        self.check(shelf::put(&self.inner, awaited, topic, sealed, since))
    }

    /// Takes from the shelf all that waited for this, in the order in which it came. Each is judged by itself: what
    /// came twice is a duplicate, what nobody sealed is noise, and what still cannot be opened is shelved anew, since
    /// the same time.
    pub fn unshelve(&mut self, awaited: Awaited) -> Result<Vec<Early>, StoreError> {
        self.check(shelf::take(&self.inner, awaited))
    }

    /// Drops from the shelf what came before `before`, and says how many messages are lost by that.
    pub fn expire_shelf(&mut self, before: u64) -> Result<u64, StoreError> {
        self.check(shelf::expire(&self.inner, before))
    }

    /// Removes a security event that somebody has seen; `false` when there is none of this number, or another one of
    /// its kind came since.
    pub fn dismiss(&mut self, number: u64) -> Result<bool, StoreError> {
        self.check(events::dismiss(&self.inner, number))
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

    /// Notes an event, as [`Watch::notice`](zegel::Watch::notice) does.
    pub(crate) fn note(&self, event: &Event) -> Result<(), StoreError> {
        self.check(events::note(self.base, &self.inner, event))
    }

    /// What follows from a card, whatever the verdict on it.
    fn conclude(&mut self, pinning: trust::Pinning) -> Result<(Succession, Card), StoreError> {
        if pinning.ends() {
            self.end(pinning.card.id())?;
        }
        if pinning.verdict == Err(Error::Equivocation) {
            self.note(&Event::Equivocation { id: *pinning.card.id() })?;
        }
        Ok((pinning.verdict?, pinning.card))
    }

    /// Takes an introduction that `forwarder` sent under `sequence`, unless a later one was taken already.
    pub(crate) fn introduce(
        &self,
        forwarder: &Id,
        sequence: u64,
        introduction: &Introduction<'_>,
    ) -> Result<(), StoreError> {
        self.check(introductions::take(&self.inner, forwarder, sequence, introduction))
    }

    /// The sessions that are kept and that messages on the shelf wait for.
    pub(crate) fn waiting_sessions(&self) -> Result<Vec<SessionId>, StoreError> {
        let mut kept = Vec::new();
        for session in self.check(shelf::sessions(&self.inner))? {
            if self.check(sessions::get(&self.inner, &session))?.is_some() {
                kept.push(session);
            }
        }
        Ok(kept)
    }

    /// Forgets what was kept of `id` for what is to come: nothing is.
    fn end(&mut self, id: &Id) -> Result<(), StoreError> {
        let theirs = self.check(sessions::of(&self.inner, id))?;
        self.drop_keys(&theirs);
        self.check(sessions::close(&self.inner, &theirs))?;
        self.check(introductions::forget(&self.inner, id))
    }

    /// Ends the sessions whose keys derive from one of these KEM keys, and says whether there were any.
    pub(crate) fn lock_sessions(&mut self, kids: &[Kid]) -> Result<bool, StoreError> {
        let sessions = self.check(sessions::of_keys(&self.inner, kids))?;
        self.base.keyring.forget_from(kids);
        self.check(sessions::lock(&self.inner, &sessions))?;
        Ok(!sessions.is_empty())
    }

    /// Overwrites the keys of sessions in memory.
    pub(crate) fn drop_keys(&mut self, sessions: &[SessionId]) {
        if !sessions.is_empty() {
            self.lent = None;
            self.derived.forget(sessions);
            self.base.keyring.forget(sessions);
        }
    }

    pub(crate) fn tables(&self) -> &WriteTransaction {
        &self.inner
    }

    /// Marks this transaction as broken by any failure other than a refusal, which changed nothing.
    pub(crate) fn check<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        result.map_err(|error| match error {
            StoreError::Refused(_) => error,
            error => {
                *self.broken.borrow_mut() = Broken::Told;
                error
            }
        })
    }

    /// What the core's error stands for.
    pub(crate) fn told(&self, error: Error) -> StoreError {
        match error {
            Error::Storage => self.cause().unwrap_or(StoreError::Aborted),
            error => error.into(),
        }
    }

    /// The same as `check`, where the core's error has no room for the cause.
    pub(crate) fn keep<T>(&self, result: Result<T, StoreError>) -> Result<T, Error> {
        result.map_err(|error| match error {
            StoreError::Refused(error) => error,
            error => {
                *self.broken.borrow_mut() = Broken::By(error);
                Error::Storage
            }
        })
    }
}

impl std::fmt::Debug for Transaction<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transaction(..)")
    }
}
