//! Which stores this thread is taking a message into. A sealer that keeps its numbers in one of them may be waiting, on
//! another thread, for this very store: who went to it from here would wait for good.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::failure::Failure;

/// Tells one store from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark(u64);

/// Lasts as long as the taking does, whatever ends it.
pub(crate) struct Taking;

impl Mark {
    /// One that no other store has.
    pub(crate) fn new() -> Self {
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// From now on this thread is taking into the store.
    pub(crate) fn taking(self) -> Taking {
        STORES.with_borrow_mut(|stores| stores.push(self));
        Taking
    }

    /// `BUSY` in the middle of that.
    pub(crate) fn is_free(self) -> Result<(), Failure> {
        if STORES.with_borrow(|stores| stores.contains(&self)) { Err(Failure::BUSY) } else { Ok(()) }
    }
}

impl Drop for Taking {
    fn drop(&mut self) {
        STORES.with_borrow_mut(Vec::pop);
    }
}

static NEXT: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static STORES: RefCell<Vec<Mark>> = const { RefCell::new(Vec::new()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_free_again_afterwards_and_others_are_all_the_time() {
        let (one, other) = (Mark::new(), Mark::new());
        let outer = one.taking();
        drop(other.taking());
        assert_eq!((one.is_free(), other.is_free()), (Err(Failure::BUSY), Ok(())));
        assert!(std::thread::scope(|scope| scope.spawn(|| one.is_free().is_ok()).join()).unwrap());
        drop(outer);
        assert_eq!(one.is_free(), Ok(()));
    }
}
