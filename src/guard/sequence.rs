//! Sequence numbers are reserved ahead: a number is durable before it is used, so none is used twice
//! after a reset, a restore or a power cut (SPEC §6.2).

use core::ops::Range;

use crate::error::{Error, Result};
use crate::guard::stream::Stream;
use crate::limits::MAX_NUMBER;
use crate::process::Process;

/// Durable storage of where the numbers of each stream stand.
pub trait SequenceStore {
    /// Reserves the next numbers of `stream`, as many as one write is worth: a reset skips what was reserved
    /// and not used. The first reservation of a stream begins at 0, each later one where the last ended.
    /// When this returns, a power cut no longer undoes it.
    ///
    /// # Errors
    /// [`Error::Storage`] when the reservation may not have been kept: it is better not to seal than to use
    /// a number twice.
    fn reserve(&mut self, stream: &Stream) -> Result<Range<u64>>;
}

impl<S: SequenceStore + ?Sized> SequenceStore for &mut S {
    fn reserve(&mut self, stream: &Stream) -> Result<Range<u64>> {
        (**self).reserve(stream)
    }
}

/// Forgets with the process: for examples and tests, and for identities that live no longer than it.
#[derive(Clone, Debug, Default)]
pub struct MemorySequence {
    next: u64,
}

impl SequenceStore for MemorySequence {
    fn reserve(&mut self, _: &Stream) -> Result<Range<u64>> {
        let first = self.next;
        self.next = first.checked_add(1).ok_or(Error::Exhausted)?;
        Ok(first..self.next)
    }
}

/// Gives out the numbers of one stream. It cannot be cloned: two of them would give out the same ones.
pub(crate) struct Numbers<S> {
    store: S,
    stream: Stream,
    reserved: Range<u64>,
    process: Process,
}

impl<S: SequenceStore> Numbers<S> {
    pub(crate) fn new(stream: Stream, store: S) -> Self {
        Self { store, stream, reserved: 0..0, process: Process::this() }
    }

    pub(crate) const fn stream(&self) -> &Stream {
        &self.stream
    }

    /// The number that [`Numbers::take`] gives out next, reserved by now; [`Error::Exhausted`] when there
    /// is none.
    pub(crate) fn peek(&mut self) -> Result<u64> {
        // What was reserved before a fork is the other process's too.
        if self.process != Process::this() {
            (self.reserved.start, self.process) = (self.reserved.end, Process::this());
        }
        if self.reserved.is_empty() {
            let reserved = self.store.reserve(&self.stream)?;
            // A store that goes back has lost what it promised to keep.
            if reserved.is_empty() || reserved.start < self.reserved.end {
                return Err(Error::Storage);
            }
            self.reserved = reserved;
        }
        if self.reserved.start <= MAX_NUMBER { Ok(self.reserved.start) } else { Err(Error::Exhausted) }
    }

    /// Gives out one number. It is used up, whatever becomes of it.
    pub(crate) fn take(&mut self) -> Result<u64> {
        let number = self.peek()?;
        self.reserved.start = number.checked_add(1).ok_or(Error::Exhausted)?;
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::id::Id;

    const STREAM: Stream = Stream { sender: Id([1; 32]), audience: [2; 32] };

    /// Flash that reserves 64 numbers a write, and fails or forgets on demand.
    struct Flash {
        next: u64,
        fails: bool,
        forgets: bool,
    }

    impl SequenceStore for Flash {
        fn reserve(&mut self, _: &Stream) -> Result<Range<u64>> {
            if self.fails {
                return Err(Error::Storage);
            }
            let reserved = self.next..self.next + 64;
            if !self.forgets {
                self.next = reserved.end;
            }
            Ok(reserved)
        }
    }

    const FLASH: Flash = Flash { next: 0, fails: false, forgets: false };

    #[test]
    fn a_reset_skips_what_was_reserved() {
        let mut flash = FLASH;
        let mut numbers = Numbers::new(STREAM, &mut flash);
        assert_eq!([numbers.take(), numbers.take()], [Ok(0), Ok(1)]);
        let mut numbers = Numbers::new(STREAM, &mut flash);
        for expected in 64..200 {
            assert_eq!(numbers.take(), Ok(expected));
        }
        assert_eq!(flash.next, 256);
    }

    #[test]
    fn nothing_is_given_out_when_the_store_fails() {
        let mut numbers = Numbers::new(STREAM, Flash { fails: true, ..FLASH });
        assert_eq!([numbers.take(), numbers.take()], [Err(Error::Storage); 2]);
        numbers.store.fails = false;
        assert_eq!(numbers.take(), Ok(0));
    }

    /// Threat C-04: a store that was restored under a running sealer.
    #[test]
    fn a_store_that_goes_back_is_not_believed() {
        let mut numbers = Numbers::new(STREAM, Flash { forgets: true, ..FLASH });
        for expected in 0..64 {
            assert_eq!(numbers.take(), Ok(expected));
        }
        assert_eq!([numbers.take(), numbers.take()], [Err(Error::Storage); 2]);
    }

    #[test]
    fn the_last_number_is_the_last() {
        let mut numbers = Numbers::new(STREAM, MemorySequence { next: MAX_NUMBER });
        assert_eq!(numbers.take(), Ok(MAX_NUMBER));
        assert_eq!([numbers.take(), numbers.take()], [Err(Error::Exhausted); 2]);
    }
}
