//! Sequence numbers are reserved ahead: a number is durable before it is used, so none is used twice
//! after a reset, a restore or a power cut (SPEC §6.2).

use crate::error::{Error, Result};
use crate::guard::stream::Stream;
use crate::limits::MAX_NUMBER;

/// Durable storage of one number per stream.
pub trait SequenceStore {
    /// The first number that was never reserved: 0 for a stream that is new.
    ///
    /// # Errors
    /// [`Error::Storage`] when it cannot be read: it is better not to seal than to use a number twice.
    fn load(&mut self, stream: &Stream) -> Result<u64>;

    /// Keeps `next`. When this returns `Ok`, a power cut no longer undoes it.
    ///
    /// # Errors
    /// [`Error::Storage`] when it may not have been kept.
    fn save(&mut self, stream: &Stream, next: u64) -> Result<()>;
}

impl<S: SequenceStore + ?Sized> SequenceStore for &mut S {
    fn load(&mut self, stream: &Stream) -> Result<u64> {
        (**self).load(stream)
    }

    fn save(&mut self, stream: &Stream, next: u64) -> Result<()> {
        (**self).save(stream, next)
    }
}

/// Forgets with the process: for examples and tests, and for identities that live no longer than it.
#[derive(Clone, Debug, Default)]
pub struct MemorySequence {
    next: u64,
}

impl SequenceStore for MemorySequence {
    fn load(&mut self, _: &Stream) -> Result<u64> {
        Ok(self.next)
    }

    fn save(&mut self, _: &Stream, next: u64) -> Result<()> {
        self.next = next;
        Ok(())
    }
}

/// Gives out the numbers of one stream. It cannot be cloned: two of them would give out the same ones.
pub(crate) struct Numbers<S> {
    store: S,
    stream: Stream,
    next: u64,
    /// Numbers below this one are reserved.
    reserved: u64,
}

impl<S: SequenceStore> Numbers<S> {
    /// Begins after all that was ever reserved.
    pub(crate) fn new(stream: Stream, mut store: S) -> Result<Self> {
        let next = store.load(&stream)?;
        Ok(Self { store, stream, next, reserved: next })
    }

    pub(crate) const fn stream(&self) -> &Stream {
        &self.stream
    }

    /// The number that [`Numbers::take`] gives out next; [`Error::Exhausted`] when there is none.
    pub(crate) const fn peek(&self) -> Result<u64> {
        if self.next <= MAX_NUMBER { Ok(self.next) } else { Err(Error::Exhausted) }
    }

    /// Gives out one number. It is used up, whatever becomes of it.
    pub(crate) fn take(&mut self) -> Result<u64> {
        let number = self.peek()?;
        let next = number.checked_add(1).ok_or(Error::Exhausted)?;
        if number >= self.reserved {
            let reserved = number.saturating_add(RESERVED_AHEAD);
            self.store.save(&self.stream, reserved)?;
            self.reserved = reserved;
        }
        self.next = next;
        Ok(number)
    }
}

/// One write for this many numbers: a reset skips as many at the most.
const RESERVED_AHEAD: u64 = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::id::Id;

    const STREAM: Stream = Stream { sender: Id([1; 32]), audience: [2; 32] };

    struct Failing;

    impl SequenceStore for Failing {
        fn load(&mut self, _: &Stream) -> Result<u64> {
            Ok(7)
        }

        fn save(&mut self, _: &Stream, _: u64) -> Result<()> {
            Err(Error::Storage)
        }
    }

    #[test]
    fn a_reset_skips_what_was_reserved() {
        let mut store = MemorySequence::default();
        let mut numbers = Numbers::new(STREAM, &mut store).unwrap();
        assert_eq!([numbers.take(), numbers.take()], [Ok(0), Ok(1)]);
        let mut numbers = Numbers::new(STREAM, &mut store).unwrap();
        assert_eq!(numbers.take(), Ok(64));
        for expected in 65..200 {
            assert_eq!(numbers.take(), Ok(expected));
        }
        assert_eq!(store.next, 256);
    }

    #[test]
    fn nothing_is_given_out_when_the_store_fails() {
        let mut numbers = Numbers::new(STREAM, Failing).unwrap();
        assert_eq!([numbers.take(), numbers.take()], [Err(Error::Storage); 2]);
        assert_eq!(numbers.peek(), Ok(7));
    }

    #[test]
    fn the_last_number_is_the_last() {
        let mut numbers = Numbers::new(STREAM, MemorySequence { next: MAX_NUMBER }).unwrap();
        assert_eq!(numbers.take(), Ok(MAX_NUMBER));
        assert_eq!([numbers.take(), numbers.take()], [Err(Error::Exhausted); 2]);
    }
}
