//! A database that forgets with the process: for tests, and for identities that live no longer than it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::failure::Failure;
use crate::outside::{Database, Row};

/// Rows in memory.
#[derive(Default, uniffi::Object)]
pub struct MemoryDatabase(Mutex<BTreeMap<Vec<u8>, Vec<u8>>>);

#[uniffi::export]
impl MemoryDatabase {
    /// No rows.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }
}

impl MemoryDatabase {
    fn rows(&self) -> MutexGuard<'_, BTreeMap<Vec<u8>, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[uniffi::export]
impl Database for MemoryDatabase {
    fn get(&self, key: Vec<u8>) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.rows().get(&key).cloned())
    }

    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> Result<(), Failure> {
        self.rows().insert(key, value);
        Ok(())
    }

    fn remove(&self, key: Vec<u8>) -> Result<(), Failure> {
        self.rows().remove(&key);
        Ok(())
    }

    fn scan(&self, from: Vec<u8>, limit: u32) -> Result<Vec<Row>, Failure> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let rows = self.rows();
        let row = |(key, value): (&Vec<u8>, &Vec<u8>)| Row { key: key.clone(), value: value.clone() };
        Ok(rows.range(from..).take(limit).map(row).collect())
    }
}
