//! What everything in this crate works on: the open database, its disk, the door for writers, and what is kept in
//! memory.
//!
//! It knows none of them. A transaction, a sealer's numbers and an erasure each hold one, and the store hands
//! them out.

use std::sync::{Arc, Mutex};

use redb::{Database, Durability, ReadTransaction, ReadableDatabase as _, StorageBackend, WriteTransaction};

use crate::error::{StoreError, from_redb};
use crate::events::Pending;
use crate::gate::Gate;
use crate::keyring::Keyring;
use crate::trust::Verified;

/// One open file.
pub(crate) struct Base {
    pub(crate) database: Database,
    /// The disk below the database, to look for what must not be on it.
    pub(crate) disk: Box<dyn StorageBackend>,
    pub(crate) gate: Gate,
    pub(crate) verified: Mutex<Verified>,
    pub(crate) keyring: Keyring,
    pub(crate) pending: Mutex<Pending>,
}

impl Base {
    pub(crate) fn over(database: Database, disk: Box<dyn StorageBackend>) -> Arc<Self> {
        let (gate, keyring) = (Gate::default(), Keyring::default());
        let (verified, pending) = (Mutex::default(), Mutex::default());
        Arc::new(Self { database, disk, gate, verified, keyring, pending })
    }

    pub(crate) fn read(&self) -> Result<ReadTransaction, StoreError> {
        self.database.begin_read().map_err(from_redb)
    }

    /// A transaction whose commit is on the disk when it returns.
    pub(crate) fn write(&self) -> Result<WriteTransaction, StoreError> {
        durable(&self.database)
    }
}

/// A transaction of `database` whose commit is on the disk when it returns.
pub(crate) fn durable(database: &Database) -> Result<WriteTransaction, StoreError> {
    let mut transaction = database.begin_write().map_err(from_redb)?;
    transaction.set_durability(Durability::Immediate).map_err(from_redb)?;
    // One sync more than redb's default, and then no crash, nor a byte that goes bad after one, can bring
    // back the state before this commit.
    transaction.set_two_phase_commit(true);
    Ok(transaction)
}

impl std::fmt::Debug for Base {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Base(..)")
    }
}
