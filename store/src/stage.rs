//! A disk that holds every write back until the database on it has been opened, checked and recognised.
//!
//! redb writes when it opens: it marks the file as in use and rolls back what a crash left unfinished. On a
//! damaged or foreign file that must not happen, so those writes wait here, and are forgotten on failure.

use std::io;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use redb::{BackendError, StorageBackend};

/// A [`StorageBackend`] over another one. Clones share the disk, so that one stays here while redb owns one.
#[derive(Debug)]
pub(crate) struct Stage<D> {
    shared: Arc<Shared<D>>,
}

#[derive(Debug)]
struct Shared<D> {
    disk: D,
    /// What redb did so far, in its order; `None` once everything goes straight to the disk.
    held: RwLock<Option<Vec<Step>>>,
}

#[derive(Debug)]
enum Step {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
}

impl<D: StorageBackend> Stage<D> {
    /// Holds every write to `disk` back until [`Stage::release`].
    pub(crate) fn hold(disk: D) -> Self {
        Self { shared: Arc::new(Shared { disk, held: RwLock::new(Some(Vec::new())) }) }
    }

    /// Does on the disk what was held back, step by step: a crash in between is one that redb recovers from.
    pub(crate) fn release(&self) -> io::Result<()> {
        let mut held = self.shared.held.write().unwrap_or_else(PoisonError::into_inner);
        let disk = &self.shared.disk;
        for step in held.iter().flatten() {
            match step {
                Step::Write(offset, data) => disk.write(*offset, data)?,
                Step::SetLen(len) => disk.set_len(*len)?,
                Step::Sync => disk.sync_data()?,
            }
        }
        *held = None;
        Ok(())
    }

    /// Records `step` when writes are held back, or else lets `direct` do it on the disk.
    fn step(&self, step: impl FnOnce() -> Step, direct: impl FnOnce(&D) -> io::Result<()>) -> io::Result<()> {
        if self.shared.held.read().unwrap_or_else(PoisonError::into_inner).is_none() {
            return direct(&self.shared.disk);
        }
        match self.shared.held.write().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(steps) => {
                steps.push(step());
                Ok(())
            }
            None => direct(&self.shared.disk),
        }
    }
}

impl<D> Clone for Stage<D> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<D: StorageBackend> StorageBackend for Stage<D> {
    fn len(&self) -> io::Result<u64> {
        let held = self.shared.held.read().unwrap_or_else(PoisonError::into_inner);
        let mut len = self.shared.disk.len()?;
        for step in held.iter().flatten() {
            match step {
                Step::Write(offset, data) => len = len.max(end_of(*offset, data.len())),
                Step::SetLen(new) => len = *new,
                Step::Sync => {}
            }
        }
        Ok(len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let held = self.shared.held.read().unwrap_or_else(PoisonError::into_inner);
        let Some(steps) = held.as_ref().filter(|steps| !steps.is_empty()) else {
            drop(held);
            return self.shared.disk.read(offset, out);
        };
        // What the disk has, then everything that happened since, in order.
        let on_disk = self.shared.disk.len()?.saturating_sub(offset);
        let on_disk = usize::try_from(on_disk).map_or(out.len(), |n| n.min(out.len()));
        let (old, new) = out.split_at_mut(on_disk);
        self.shared.disk.read(offset, old)?;
        new.fill(0);
        let mut len = self.shared.disk.len()?;
        for step in steps {
            match step {
                Step::Write(at, data) => {
                    overlay(out, offset, data, *at);
                    len = len.max(end_of(*at, data.len()));
                }
                Step::SetLen(new) => {
                    let kept = usize::try_from(new.saturating_sub(offset)).unwrap_or(usize::MAX);
                    if let Some(cut) = out.get_mut(kept.min(out.len())..) {
                        cut.fill(0);
                    }
                    len = *new;
                }
                Step::Sync => {}
            }
        }
        if end_of(offset, out.len()) > len { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.step(|| Step::SetLen(len), |disk| disk.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.step(|| Step::Sync, D::sync_data)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.step(|| Step::Write(offset, data.to_vec()), |disk| disk.write(offset, data))
    }

    fn close(&self) -> io::Result<()> {
        self.shared.disk.close()
    }

    // Locks are never held back: they are what makes holding back safe.

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.shared.disk.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.shared.disk.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.shared.disk.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.shared.disk.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.shared.disk.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.shared.disk.query_lock_range(start, end)
    }
}

fn end_of(offset: u64, len: usize) -> u64 {
    offset.saturating_add(u64::try_from(len).unwrap_or(u64::MAX))
}

/// Copies onto `out`, which shows the disk from `offset`, the part of `data`, written at `at`, that it shows.
fn overlay(out: &mut [u8], offset: u64, data: &[u8], at: u64) {
    let start = at.max(offset);
    let end = end_of(at, data.len()).min(end_of(offset, out.len()));
    let index = |place: u64, base: u64| usize::try_from(place.checked_sub(base)?).ok();
    let range = |base: u64| Some(index(start, base)?..index(end, base)?);
    if let (Some(to), Some(from)) = (range(offset), range(at))
        && let (Some(to), Some(from)) = (out.get_mut(to), data.get(from))
    {
        to.copy_from_slice(from);
    }
}
