//! Changes to a database that are made together, once all of them are known: what is refused has changed nothing.

use std::collections::BTreeMap;

use zegel::Error;

use crate::failure::Failure;
use crate::outside::{Database, Row};

/// A database, and what is to change in it.
pub(crate) struct Overlay<'d> {
    database: &'d dyn Database,
    /// What comes under a key; `None` where it goes.
    changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl<'d> Overlay<'d> {
    pub(crate) fn new(database: &'d dyn Database) -> Self {
        Self { database, changes: BTreeMap::new() }
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        match self.changes.get(key) {
            Some(changed) => Ok(changed.clone()),
            None => self.database.get(key.to_vec()).map_err(stored),
        }
    }

    pub(crate) fn put(&mut self, key: &[u8], value: &[u8]) {
        self.changes.insert(key.to_vec(), Some(value.to_vec()));
    }

    pub(crate) fn remove(&mut self, key: &[u8]) {
        self.changes.insert(key.to_vec(), None);
    }

    /// Up to `limit` rows whose keys begin with `prefix`, in ascending order, the first at or after `from`.
    pub(crate) fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<Row>, Failure> {
        let mine = || self.changes.range(from.to_vec()..).take_while(|(key, _)| key.starts_with(prefix));
        // As many more as may be gone.
        let wanted = mine().count().saturating_add(limit);
        let stored =
            self.database.scan(from.to_vec(), u32::try_from(wanted).unwrap_or(u32::MAX)).map_err(stored)?;
        if !stored.is_sorted_by(|a, b| a.key < b.key)
            || stored.first().is_some_and(|row| row.key.as_slice() < from)
        {
            // A database that orders text by a locale, or ignores `from`, would hide what was taken.
            return Err(Error::Storage.into());
        }
        let mut rows: BTreeMap<Vec<u8>, Vec<u8>> = stored
            .into_iter()
            .filter(|row| row.key.starts_with(prefix))
            .map(|row| (row.key, row.value))
            .collect();
        for (key, change) in mine() {
            match change {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        Ok(rows.into_iter().take(limit).map(|(key, value)| Row { key, value }).collect())
    }

    /// Makes the changes.
    pub(crate) fn write(self) -> Result<(), Failure> {
        for (key, change) in self.changes {
            let changed = match change {
                Some(value) => self.database.put(key, value),
                None => self.database.remove(key),
            };
            changed.map_err(stored)?;
        }
        Ok(())
    }
}

/// Whatever the application's database says, it is its storage that failed, or has no room.
fn stored(failure: Failure) -> Failure {
    failure.among(&[Error::Full], Error::Storage).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryDatabase;

    #[test]
    fn changes_are_seen_before_they_are_made() {
        let database = MemoryDatabase::default();
        for key in [b"aa", b"ab", b"ac", b"ba"] {
            database.put(key.to_vec(), b"old".to_vec()).unwrap();
        }
        let mut overlay = Overlay::new(&database);
        overlay.remove(b"aa");
        overlay.put(b"ad", b"new");
        overlay.put(b"ac", b"new");
        let seen = overlay.scan(b"a", b"a", 2).unwrap();
        let row = |key: &[u8; 2], value: &[u8; 3]| Row { key: key.to_vec(), value: value.to_vec() };
        assert_eq!(seen, [row(b"ab", b"old"), row(b"ac", b"new")]);
        assert_eq!(overlay.scan(b"a", b"a", 9).unwrap().len(), 3);
        assert_eq!(database.get(b"ad".to_vec()), Ok(None));
        overlay.write().unwrap();
        assert_eq!(database.get(b"aa".to_vec()), Ok(None));
        assert_eq!(database.get(b"ad".to_vec()), Ok(Some(b"new".to_vec())));
    }

    struct Backwards;

    impl Database for Backwards {
        fn get(&self, _: Vec<u8>) -> Result<Option<Vec<u8>>, Failure> {
            Ok(None)
        }

        fn put(&self, _: Vec<u8>, _: Vec<u8>) -> Result<(), Failure> {
            Ok(())
        }

        fn remove(&self, _: Vec<u8>) -> Result<(), Failure> {
            Ok(())
        }

        fn scan(&self, _: Vec<u8>, _: u32) -> Result<Vec<Row>, Failure> {
            Ok([b"b", b"a"].map(|key| Row { key: key.to_vec(), value: Vec::new() }).to_vec())
        }
    }

    #[test]
    fn a_database_that_does_not_order_is_refused() {
        let refused = Overlay::new(&Backwards).scan(b"", b"", 9);
        assert_eq!(refused, Err(Error::Storage.into()));
    }
}
