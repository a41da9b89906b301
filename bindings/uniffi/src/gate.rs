//! One thread at a time: others wait, and a thread that is inside already is told so. A callback into the
//! application may come back here, and would otherwise wait for itself.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use crate::failure::Failure;

/// A lock that knows who holds it.
pub(crate) struct Gate<T> {
    inner: Mutex<T>,
    owner: Mutex<Option<ThreadId>>,
}

/// What is behind the gate, until this is dropped.
pub(crate) struct Inside<'g, T> {
    inner: MutexGuard<'g, T>,
    owner: &'g Mutex<Option<ThreadId>>,
}

impl<T> Gate<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self { inner: Mutex::new(inner), owner: Mutex::new(None) }
    }

    /// Waits for other threads; `BUSY` for the one that is inside, `BAD_CONTEXT` after a panic in here.
    pub(crate) fn enter(&self) -> Result<Inside<'_, T>, Failure> {
        let me = Some(thread::current().id());
        if *lock(&self.owner) == me {
            return Err(Failure::BUSY);
        }
        let inner = self.inner.lock().map_err(|_| Failure::BAD_CONTEXT)?;
        *lock(&self.owner) = me;
        Ok(Inside { inner, owner: &self.owner })
    }
}

impl<T> Deref for Inside<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> DerefMut for Inside<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T> Drop for Inside<'_, T> {
    fn drop(&mut self) {
        *lock(self.owner) = None;
    }
}

fn lock(owner: &Mutex<Option<ThreadId>>) -> MutexGuard<'_, Option<ThreadId>> {
    owner.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_inside_does_not_wait_for_itself() {
        let gate = Gate::new(7);
        let inside = gate.enter().unwrap();
        assert_eq!(gate.enter().err(), Some(Failure::BUSY));
        assert_eq!(*inside, 7);
        drop(inside);
        assert!(gate.enter().is_ok());
    }

    #[test]
    fn a_panic_inside_closes_it() {
        let gate = Gate::new(());
        let panicked = thread::scope(|scope| {
            let inside = scope.spawn(|| {
                let _inside = gate.enter();
                panic!("as a bug would");
            });
            inside.join().is_err()
        });
        assert!(panicked);
        assert_eq!(gate.enter().err(), Some(Failure::BAD_CONTEXT));
    }
}
