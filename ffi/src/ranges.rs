//! The memory of one call: no byte of it is handed out twice, unless all of the call only reads it.

use crate::failure::Failure;

/// What was handed out so far: from, to, and whether to one place alone.
pub(crate) struct Ranges {
    taken: [(usize, usize, bool); MOST],
    count: usize,
}

impl Ranges {
    pub(crate) const fn new() -> Self {
        Self { taken: [(0, 0, false); MOST], count: 0 }
    }

    /// Takes `count` values of `size` bytes.
    ///
    /// # Errors
    /// [`Failure::ARGUMENT`] when the pointer is NULL or misaligned, the length cannot be, or the memory overlaps what
    /// was taken before, unless both only read it.
    pub(crate) fn claim(
        &mut self,
        at: *const u8,
        (size, align): (usize, usize),
        count: usize,
        alone: bool,
    ) -> Result<(), Failure> {
        let length = size.checked_mul(count).filter(|length| *length <= isize::MAX.unsigned_abs());
        let (start, length) = (at.addr(), length.ok_or(Failure::ARGUMENT)?);
        let end = start.checked_add(length).ok_or(Failure::ARGUMENT)?;
        if at.is_null() || !start.is_multiple_of(align) {
            return Err(Failure::ARGUMENT);
        }
        let others = self.taken.get(..self.count).ok_or(Failure::ARGUMENT)?;
        let clash =
            |(from, to, theirs): &(usize, usize, bool)| start < *to && *from < end && (alone || *theirs);
        if others.iter().any(clash) {
            return Err(Failure::ARGUMENT);
        }
        *self.taken.get_mut(self.count).ok_or(Failure::ARGUMENT)? = (start, end, alone);
        self.count = self.count.saturating_add(1);
        Ok(())
    }
}

const MOST: usize = 14;
