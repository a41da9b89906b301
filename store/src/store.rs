//! The store: one file, opened by one process, shared by its threads.
//!
//! Everything that changes goes through a [`Transaction`] or a [`Sequence`]; everything here only reads.

use std::path::Path;
use std::sync::Arc;

use zegel::{Card, Id, Identity, Kid, SessionRecord, Stream};

use crate::base::Base;
use crate::error::StoreError;
use crate::events::{self, Noted};
use crate::identity::{self, OwnKey};
use crate::sequence::Sequence;
use crate::transaction::Transaction;
use crate::trust::{self, Peer};
use crate::{erase, file, introductions, replay, rows, sessions, shelf};

/// Durable state in one file. Clones share it.
#[derive(Clone)]
pub struct Store {
    base: Arc<Base>,
}

impl Store {
    /// Makes a new store at `path`, whole or not at all, that only its owner can read (mode 0600), and opens it.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] when anything is at `path` already.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        file::create(path.as_ref())?;
        Self::open(path)
    }

    /// Opens the store at `path`, checking every page of it first.
    ///
    /// What a crash left unfinished is rolled back; nothing that was committed ever is. When this fails, the
    /// file is untouched. An erasure that was interrupted is taken up again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`NotAStore`](StoreError::NotAStore), [`Newer`](StoreError::Newer),
    /// [`Corrupt`](StoreError::Corrupt), [`Locked`](StoreError::Locked) or [`Io`](StoreError::Io).
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let (database, stage) = file::open(path.as_ref())?;
        let store = Self::over(Base::over(database, Box::new(stage)));
        match erase::resume(&store.base) {
            // It stays owed, and the next erasure says so: a key that cannot be wiped must not lock the rest away.
            Ok(()) | Err(StoreError::Remains) => Ok(store),
            Err(error) => Err(error),
        }
    }

    /// Opens the store at `path`, or makes one when there is nothing at `path`.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        match Self::open(path) {
            Err(StoreError::NotFound) => match file::create(path) {
                // Somebody else made it in the meantime: then it is there to be opened.
                Ok(()) | Err(StoreError::AlreadyExists) => Self::open(path),
                Err(error) => Err(error),
            },
            other => other,
        }
    }

    /// Begins a transaction, after those of other threads have ended.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when this thread holds one already: it would wait for itself.
    pub fn begin(&self) -> Result<Transaction<'_>, StoreError> {
        Transaction::begin(&self.base)
    }

    /// A handle for a `Sealer`, which keeps its numbers in this store.
    ///
    /// Its `save` is a transaction of its own. A thread that seals while it holds a [`Transaction`] keeps the
    /// numbers in a store of their own; in the same one it gets an error, and not a number.
    pub fn sequence(&self) -> Sequence {
        Sequence::new(Arc::clone(&self.base))
    }

    /// One's own identity, if the store has it.
    pub fn identity(&self) -> Result<Option<Identity>, StoreError> {
        identity::identity(&self.base.read()?)
    }

    /// One's own KEM keys, in use or retired, oldest first.
    pub fn kem_keys(&self) -> Result<Vec<OwnKey>, StoreError> {
        identity::kem_keys(&self.base.read()?)
    }

    /// Erases the KEM keys that were retired before `before`, the end of their grace, and says how many.
    ///
    /// Their rows go, and what the keys of their sessions derive from; zeros take every free page of the file, and the
    /// file is searched for them.
    /// What is beyond a file's reach stays: copies that the file system or the flash made, backups, and pages
    /// that this process has in memory until it ends.
    ///
    /// # Errors
    /// [`StoreError::Remains`] when a key still stands in the file: a thread of this process reads an old page, or
    /// the application stored the same bytes. The erasure stays owed: call this again, or open the store again.
    pub fn erase_retired(&self, before: u64) -> Result<usize, StoreError> {
        let kids = identity::retired_before(&self.base.read()?, before)?;
        erase::erase(&self.base, &kids)
    }

    /// Erases one of one's own keys, the identity's too, as [`Store::erase_retired`] does; `false` when there is
    /// no such key.
    ///
    /// # Errors
    /// As [`Store::erase_retired`].
    pub fn erase_key(&self, kid: &Kid) -> Result<bool, StoreError> {
        Ok(erase::erase(&self.base, &[*kid])? > 0)
    }

    /// The pinned card of `id`, also when it is revoked.
    pub fn card(&self, id: &Id) -> Result<Option<Card>, StoreError> {
        trust::card(&self.base.read()?, &self.base.verified, id)
    }

    /// The pinned card of `id` as it is on the wire: what an introduction is written of.
    pub fn card_bytes(&self, id: &Id) -> Result<Option<Vec<u8>>, StoreError> {
        let tables = self.base.read()?;
        match trust::card(&tables, &self.base.verified, id)? {
            Some(_) => trust::wire(&tables, id).map(Some),
            None => Ok(None),
        }
    }

    /// Everyone who is pinned, in the order of their key identifiers.
    pub fn peers(&self) -> Result<Vec<Peer>, StoreError> {
        trust::peers(&self.base.read()?, &self.base.verified)
    }

    /// Everyone who is revoked, also those who were never pinned.
    pub fn revoked(&self) -> Result<Vec<Id>, StoreError> {
        trust::revoked(&self.base.read()?)
    }

    /// Those for whom `forwarder` vouches, in the order of their ids, without who is revoked or has withdrawn. Nobody
    /// has pinned them.
    pub fn introduced(&self, forwarder: &Id) -> Result<Vec<Card>, StoreError> {
        introductions::list(&self.base.read()?, &self.base.verified, forwarder)
    }

    /// The security events that nobody has dismissed, in the order in which they were noted: of each kind the latest
    /// about each identity. Somebody has to look at them.
    pub fn events(&self) -> Result<Vec<Noted>, StoreError> {
        events::list(&self.base)
    }

    /// The sessions of others that are kept, in the order of their identifiers; also those that ended, with their sender
    /// or their KEM key.
    pub fn sessions(&self) -> Result<Vec<SessionRecord>, StoreError> {
        sessions::all(&self.base.read()?)
    }

    /// How many messages wait on the shelf.
    pub fn shelved(&self) -> Result<u64, StoreError> {
        shelf::len(&self.base.read()?)
    }

    /// The streams that something was taken of, each with the number that follows the highest one taken.
    pub fn streams(&self) -> Result<Vec<(Stream, u64)>, StoreError> {
        replay::streams(&self.base.read()?)
    }

    /// The numbers of `stream` that never arrived: first and last of each gap, in order.
    pub fn gaps(&self, stream: &Stream) -> Result<Vec<(u64, u64)>, StoreError> {
        replay::gaps(&self.base.read()?, stream)
    }

    /// What the application put under `key` in its own `table`.
    pub fn get(&self, table: &str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        rows::get(&self.base.read()?, table, key)
    }

    /// Up to `limit` rows of the application's `table`, in order, the first at or after `from`.
    pub fn scan(&self, table: &str, from: &[u8], limit: usize) -> Result<Vec<rows::Row>, StoreError> {
        rows::scan(&self.base.read()?, table, from, limit)
    }

    #[cfg(test)]
    pub(crate) fn pending(&self) -> &std::sync::Mutex<events::Pending> {
        &self.base.pending
    }

    /// The store on an open database.
    pub(crate) const fn over(base: Arc<Base>) -> Self {
        Self { base }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store(..)")
    }
}
