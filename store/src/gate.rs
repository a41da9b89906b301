//! One writer at a time, and never a thread that waits for itself.
//!
//! redb lets a second writer wait in silence; a program that seals while it holds a transaction of the same
//! store would hang. Here it is told.

use std::marker::PhantomData;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use crate::error::StoreError;

/// The door of a store's writers.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    inside: Mutex<Option<ThreadId>>,
    left: Condvar,
}

/// The right to write, until dropped. It stays in its thread, so that the gate knows who is inside.
#[derive(Debug)]
pub(crate) struct Permit<'g> {
    gate: &'g Gate,
    stays: PhantomData<*const ()>,
}

impl Gate {
    /// Waits for the writers of other threads; [`StoreError::Busy`] when this thread is inside already.
    pub(crate) fn enter(&self) -> Result<Permit<'_>, StoreError> {
        let me = thread::current().id();
        let mut inside = self.lock();
        while let Some(holder) = *inside {
            if holder == me {
                return Err(StoreError::Busy);
            }
            inside = self.left.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        *inside = Some(me);
        Ok(Permit { gate: self, stays: PhantomData })
    }

    fn lock(&self) -> MutexGuard<'_, Option<ThreadId>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self.gate.lock() = None;
        self.gate.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_never_waits_for_itself() {
        let gate = Gate::default();
        let permit = gate.enter().unwrap();
        assert!(matches!(gate.enter(), Err(StoreError::Busy)));
        drop(permit);
        assert!(gate.enter().is_ok());
    }
}
