//! What `zegel sub` accepted and has yet to write: stored in the transaction that takes the number, written
//! after it, removed after that (SPEC §13).
//!
//! A file gets each line exactly once, also when the process is killed at any point: a line is stored with its
//! place in the file, and writing it there twice changes nothing. A pipe cannot be asked what it has: after a
//! kill it may get its last lines again, under the same record numbers.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use zegel_store::{Store, Transaction};

use crate::output;

/// Lines on their way from the state to a file or to standard output.
pub(crate) struct Outbox {
    target: Target,
    /// The number of the next record.
    next: u64,
    /// Stored, and not written yet.
    staged: Vec<Record>,
    /// Written, and still stored.
    written: Vec<u64>,
}

enum Target {
    Pipe,
    File { path: PathBuf, file: File, end: u64 },
}

struct Record {
    number: u64,
    /// Where it belongs in its file.
    place: u64,
    line: Vec<u8>,
}

impl Outbox {
    /// Takes up where the last run ended: what it stored and may not have written is written now.
    pub(crate) fn open(store: &Store, path: Option<&Path>) -> Result<Self> {
        let target = match path {
            None => Target::Pipe,
            Some(path) => {
                let mut options = OpenOptions::new();
                options.create(true).truncate(false).write(true);
                #[cfg(unix)]
                {
                    use std::os::unix::fs::OpenOptionsExt as _;
                    options.mode(0o600);
                }
                let file = options.open(path).with_context(|| path.display().to_string())?;
                let path = path.canonicalize().with_context(|| path.display().to_string())?;
                let end = file.metadata()?.len();
                Target::File { path, file, end }
            }
        };
        let next = store.get(META, NEXT)?.map_or(Ok(0), |bytes| number(&bytes))?;
        let mut outbox = Self { target, next, staged: Vec::new(), written: Vec::new() };
        outbox.resume(store)?;
        Ok(outbox)
    }

    /// The number of the record that comes next.
    pub(crate) const fn next(&self) -> u64 {
        self.next
    }

    /// Stores a line in the transaction that accepts what it tells.
    pub(crate) fn add(&mut self, transaction: &mut Transaction<'_>, line: Vec<u8>) -> Result<()> {
        self.forget(transaction)?;
        let record = Record { number: self.next, place: self.target.end(), line };
        transaction.put(LINES, &record.number.to_be_bytes(), &record.encode(&self.target)?)?;
        self.next = self.next.checked_add(1).context("no record number is left")?;
        transaction.put(META, NEXT, &self.next.to_be_bytes())?;
        self.target.extend(record.line.len())?;
        self.staged.push(record);
        Ok(())
    }

    /// Writes what the committed transaction stored.
    pub(crate) fn deliver(&mut self) -> Result<()> {
        let staged = std::mem::take(&mut self.staged);
        self.target.write(&staged)?;
        self.written.extend(staged.iter().map(|record| record.number));
        Ok(())
    }

    /// Removes what is written from the state.
    pub(crate) fn close(mut self, store: &Store) -> Result<()> {
        self.clear(store)
    }

    fn clear(&mut self, store: &Store) -> Result<()> {
        if self.written.is_empty() {
            return Ok(());
        }
        let mut transaction = store.begin()?;
        self.forget(&mut transaction)?;
        Ok(transaction.commit()?)
    }

    /// When the transaction does not come about, the lines stay stored, and no harm is done.
    fn forget(&mut self, transaction: &mut Transaction<'_>) -> Result<()> {
        for number in std::mem::take(&mut self.written) {
            transaction.remove(LINES, &number.to_be_bytes())?;
        }
        Ok(())
    }

    fn resume(&mut self, store: &Store) -> Result<()> {
        loop {
            let rows = store.scan(LINES, &[], BATCH)?;
            if rows.is_empty() {
                return Ok(());
            }
            for (key, value) in rows {
                let mut record = Record { number: number(&key)?, place: 0, line: Vec::new() };
                let kept = record.decode(&value, &self.target)?;
                // A line that was meant for another place goes to the end of this one.
                if !kept {
                    record.place = self.target.end();
                }
                self.target.reach(&record)?;
                self.staged.push(record);
            }
            self.deliver()?;
            self.clear(store)?;
        }
    }
}

impl Target {
    const fn end(&self) -> u64 {
        match self {
            Self::Pipe => 0,
            Self::File { end, .. } => *end,
        }
    }

    fn extend(&mut self, length: usize) -> Result<()> {
        if let Self::File { end, .. } = self {
            *end = end.checked_add(u64::try_from(length)?).context("the file is full")?;
        }
        Ok(())
    }

    fn reach(&mut self, record: &Record) -> Result<()> {
        if let Self::File { end, .. } = self {
            let after =
                record.place.checked_add(u64::try_from(record.line.len())?).context("the file is full")?;
            *end = after.max(*end);
        }
        Ok(())
    }

    fn write(&mut self, records: &[Record]) -> Result<()> {
        match self {
            Self::Pipe => {
                output::print(&records.iter().flat_map(|record| &record.line).copied().collect::<Vec<_>>())
            }
            Self::File { path, file, .. } => {
                let mut write = || {
                    for record in records {
                        file.seek(SeekFrom::Start(record.place))?;
                        file.write_all(&record.line)?;
                    }
                    file.sync_data()
                };
                if records.is_empty() { Ok(()) } else { write().with_context(|| path.display().to_string()) }
            }
        }
    }

    fn name(&self) -> &[u8] {
        match self {
            Self::Pipe => b"",
            Self::File { path, .. } => path.as_os_str().as_encoded_bytes(),
        }
    }
}

impl Record {
    /// Length of the target's name (4 bytes), the name, the place (8 bytes), the line.
    fn encode(&self, target: &Target) -> Result<Vec<u8>> {
        let name = target.name();
        let length = u32::try_from(name.len())?.to_be_bytes();
        Ok([&length, name, &self.place.to_be_bytes(), &self.line].concat())
    }

    /// Whether the line was meant for `target`.
    fn decode(&mut self, value: &[u8], target: &Target) -> Result<bool> {
        let parts = || {
            let (length, rest) = value.split_first_chunk()?;
            let (name, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
            let (place, line) = rest.split_first_chunk()?;
            Some((name, u64::from_be_bytes(*place), line))
        };
        let (name, place, line) = parts().context("the state holds a record of another kind")?;
        self.place = place;
        self.line = line.to_vec();
        Ok(name == target.name())
    }
}

fn number(bytes: &[u8]) -> Result<u64> {
    bytes.try_into().map(u64::from_be_bytes).ok().context("the state holds a record number of another kind")
}

const LINES: &str = "zegel.sub.lines";
const META: &str = "zegel.sub";
const NEXT: &[u8] = b"next";
const BATCH: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn store_and_file() -> (tempfile::TempDir, Store, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path().join("state")).unwrap();
        let path = folder.path().join("out");
        (folder, store, path)
    }

    fn add(outbox: &mut Outbox, store: &Store, line: &str) {
        let mut transaction = store.begin().unwrap();
        outbox.add(&mut transaction, line.into()).unwrap();
        transaction.commit().unwrap();
    }

    #[test]
    fn a_line_is_written_once_wherever_the_process_ends() {
        let (_folder, store, path) = store_and_file();
        std::fs::write(&path, "old\n").unwrap();
        let mut outbox = Outbox::open(&store, Some(&path)).unwrap();
        add(&mut outbox, &store, "first\n");
        outbox.deliver().unwrap();
        // Killed after the write, before the removal.
        drop(outbox);
        let mut outbox = Outbox::open(&store, Some(&path)).unwrap();
        add(&mut outbox, &store, "second\n");
        // Killed after the commit, before the write; and half a line stands in the file.
        drop(outbox);
        std::fs::write(&path, "old\nfirst\nsec").unwrap();
        let outbox = Outbox::open(&store, Some(&path)).unwrap();
        assert_eq!(outbox.next(), 2);
        outbox.close(&store).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old\nfirst\nsecond\n");
        assert!(store.scan(LINES, &[], 9).unwrap().is_empty());
    }

    #[test]
    fn a_line_meant_for_another_file_goes_to_the_end_of_this_one() {
        let (folder, store, path) = store_and_file();
        let mut outbox = Outbox::open(&store, Some(&path)).unwrap();
        add(&mut outbox, &store, "first\n");
        drop(outbox);
        let other = folder.path().join("other");
        std::fs::write(&other, "old\n").unwrap();
        Outbox::open(&store, Some(&other)).unwrap().close(&store).unwrap();
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "old\nfirst\n");
    }
}
