//! What everything in this crate works on: the open database, its disk, and the door for writers.
//!
//! It knows none of them. A transaction, a sealer's numbers and an erasure each hold one, and the store hands
//! them out.

use std::sync::{Arc, Mutex};

use redb::{Database, ReadTransaction, ReadableDatabase as _, StorageBackend};

use crate::error::{StoreError, from_redb};
use crate::gate::Gate;
use crate::trust::Verified;

/// One open file.
pub(crate) struct Base {
    pub(crate) database: Database,
    /// The disk below the database, to look for what must not be on it.
    pub(crate) disk: Box<dyn StorageBackend>,
    pub(crate) gate: Gate,
    pub(crate) verified: Mutex<Verified>,
}

impl Base {
    pub(crate) fn over(database: Database, disk: Box<dyn StorageBackend>) -> Arc<Self> {
        Arc::new(Self { database, disk, gate: Gate::default(), verified: Mutex::default() })
    }

    pub(crate) fn read(&self) -> Result<ReadTransaction, StoreError> {
        self.database.begin_read().map_err(from_redb)
    }
}

impl std::fmt::Debug for Base {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Base(..)")
    }
}
