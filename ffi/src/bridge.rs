//! Where C's memory becomes Rust's: the one room with unsafe code. Each pointer is checked for NULL, alignment,
//! length and overlap before anything is read or written through it, each context for being whole.
//!
//! The argument for all of it: a [`Pointer`] cannot be made in safe Rust. C makes it, by calling, and `zegel.h` says
//! what it promises thereby: that the memory behind a pointer is as long as is said beside it, and is left alone until
//! the call returns.

use core::ffi::{c_char, c_int};
use core::marker::PhantomData;
use core::mem::MaybeUninit;

use crate::failure::Failure;
use crate::ranges::Ranges;

mod context;
#[cfg(test)]
mod tests;

pub(crate) use context::{Entered, Fresh, FreshRow, Kind, Room, Row, Slot, Tie, fits};
use context::{Readers, end, enter, whole};

/// A pointer as C passed it. `P` is what it points to: plain data for a call to read or write, or a context.
#[repr(transparent)]
#[derive(Debug)]
pub struct Pointer<P>(*mut P);

/// The same for what the call only reads.
#[repr(transparent)]
#[derive(Debug)]
pub struct ConstPointer<P>(*const P);

impl<P> Clone for ConstPointer<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for ConstPointer<P> {}

/// What a call answers: 0, or the number of what was wrong.
pub(crate) fn call(run: impl for<'c> FnOnce(&mut Call<'c>) -> Result<(), Failure>) -> c_int {
    let mut call = Call { ranges: Ranges::new(), readers: Readers::new(), life: PhantomData };
    let done = run(&mut call);
    call.readers.leave();
    match done {
        Ok(()) => 0,
        Err(failure) => failure.code(),
    }
}

/// One call from C: hands out its memory, no byte of it twice unless all of the call only reads it.
pub(crate) struct Call<'c> {
    ranges: Ranges,
    readers: Readers,
    life: PhantomData<&'c mut &'c ()>,
}

/// Data that C may hand over as it lies in memory: every pattern of bits is a value.
///
/// # Safety
/// That has to be true, and the type has to be `repr(C)`.
pub(crate) unsafe trait Plain: Copy {}

// SAFETY: integers.
unsafe impl Plain for u8 {}
// SAFETY: integers.
unsafe impl Plain for i8 {}
// SAFETY: integers.
unsafe impl Plain for usize {}
// SAFETY: integers.
unsafe impl Plain for u64 {}
// SAFETY: an array has no more patterns than its items.
unsafe impl<P: Plain, const N: usize> Plain for [P; N] {}

/// Declares the structs of `zegel.h` that are plain: `repr(C)`, of integers, arrays of them, pointers that are never
/// followed unchecked, and nullable functions.
macro_rules! plain {
    ($($name:ident),* $(,)?) => {
        $(
            // SAFETY: each member is an integer, an array of them, a raw pointer, or a nullable function pointer, of
            // which `zegel.h` asks that it be NULL or a function of its type.
            unsafe impl Plain for crate::types::$name {}
        )*
    };
}

plain!(
    zegel_entropy,
    zegel_storage,
    zegel_signer,
    zegel_agreement,
    zegel_measurement,
    zegel_limits,
    zegel_claims,
    zegel_card_facts,
    zegel_acceptance,
    zegel_state,
    zegel_opened,
    zegel_evidence,
    zegel_event
);

impl<'c> Call<'c> {
    /// `size` bytes to read; none when `size` is 0, wherever the pointer points.
    pub(crate) fn read<P: Plain>(&mut self, from: ConstPointer<P>, count: usize) -> Result<&'c [P], Failure> {
        if count == 0 {
            return Ok(&[]);
        }
        self.ranges.claim(from.0.cast(), layout::<P>(), count, false)?;
        // SAFETY: not NULL, aligned, of a length that can be, and shared with nothing that this call writes.
        Ok(unsafe { core::slice::from_raw_parts(from.0, count) })
    }

    /// One value to read.
    pub(crate) fn value<P: Plain>(&mut self, from: ConstPointer<P>) -> Result<&'c P, Failure> {
        self.read(from, 1)?.first().ok_or(Failure::ARGUMENT)
    }

    /// `count` values to read and write. What C has not initialised is taken as it is.
    pub(crate) fn write<P: Plain>(&mut self, to: Pointer<P>, count: usize) -> Result<&'c mut [P], Failure> {
        if count == 0 {
            return Ok(&mut []);
        }
        self.ranges.claim(to.0.cast(), layout::<P>(), count, true)?;
        // SAFETY: not NULL, aligned, of a length that can be, and nothing else of this call.
        Ok(unsafe { core::slice::from_raw_parts_mut(to.0, count) })
    }

    /// One place for a result.
    pub(crate) fn place<P: Plain>(&mut self, to: Pointer<P>) -> Result<&'c mut P, Failure> {
        self.write(to, 1)?.first_mut().ok_or(Failure::ARGUMENT)
    }

    /// Text to read.
    pub(crate) fn text(&mut self, from: ConstPointer<c_char>, size: usize) -> Result<&'c [u8], Failure> {
        self.read(ConstPointer(from.0.cast()), size)
    }

    /// A context that does not exist yet: all of its memory is this call's.
    pub(crate) fn fresh<T: Kind>(&mut self, context: Pointer<T>) -> Result<Fresh<'c, T::Inside>, Failure> {
        self.ranges.claim(context.0.cast(), layout::<T>(), 1, true)?;
        Ok(Fresh { slot: context.0.cast(), kind: T::KIND, size: size_of::<T>(), life: PhantomData })
    }

    /// `count` contexts that do not exist yet, one after the other, and are to belong to `owner`.
    pub(crate) fn fresh_row<T: Kind, O>(
        &mut self,
        first: Pointer<T>,
        count: usize,
        owner: &Fresh<'c, O>,
    ) -> Result<FreshRow<'c, T>, Failure> {
        if count > 0 {
            self.ranges.claim(first.0.cast(), layout::<T>(), count, true)?;
        }
        let row = Row { first: first.0, count, owner: owner.slot.addr() };
        Ok(FreshRow { row, life: PhantomData })
    }

    /// A context to work with, by this call alone.
    pub(crate) fn enter<T: Kind>(&mut self, context: Pointer<T>) -> Result<Entered<'c, T::Inside>, Failure> {
        self.ranges.claim(context.0.cast(), layout::<T>(), 1, true)?;
        enter(context.0.cast(), T::KIND, 0)
    }

    /// The contexts of a row, which its owner has entered.
    pub(crate) fn row<T: Kind>(&mut self, row: Row<T>) -> Result<&'c mut [Room<T>], Failure> {
        if row.count == 0 {
            return Ok(&mut []);
        }
        self.ranges.claim(row.first.cast(), layout::<T>(), row.count, true)?;
        for place in 0..row.count {
            whole(row.first.wrapping_add(place).cast(), T::KIND, row.owner)?;
        }
        // SAFETY: each is whole, and belongs to the one context that this call has entered.
        Ok(unsafe { core::slice::from_raw_parts_mut(row.first.cast(), row.count) })
    }

    /// A context that this call, and those of other threads, only read. Until the call returns nothing ends it.
    pub(crate) fn look<T: Kind>(&mut self, context: ConstPointer<T>) -> Result<&'c T::Inside, Failure> {
        self.look_at(Tie(context.0))
    }

    /// `count` contexts that are only read, one after the other, by a call that calls nothing back.
    pub(crate) fn look_row<T: Kind>(
        &mut self,
        first: ConstPointer<T>,
        count: usize,
    ) -> Result<&'c [Room<T>], Failure> {
        self.ranges.claim(first.0.cast(), layout::<T>(), count, false)?;
        for place in 0..count {
            whole(first.0.wrapping_add(place).cast(), T::KIND, 0)?;
        }
        // SAFETY: each is whole, and contexts that are looked at are changed by their end alone.
        Ok(unsafe { core::slice::from_raw_parts(first.0.cast(), count) })
    }

    /// A context that outlives this call, because another one was tied to it.
    pub(crate) fn look_at<T: Kind>(&mut self, tie: Tie<T>) -> Result<&'c T::Inside, Failure> {
        self.ranges.claim(tie.0.cast(), layout::<T>(), 1, false)?;
        let slot: *const Slot<T::Inside> = tie.0.cast();
        self.readers.join(slot.cast(), T::KIND)?;
        // SAFETY: it is whole, and contexts that are looked at are changed by their end alone.
        Ok(unsafe { (*slot).value.assume_init_ref() })
    }

    /// The same for as long as the context that is tied to it lives: each later call looks at the tie first.
    pub(crate) fn tie<T: Kind>(
        &mut self,
        context: ConstPointer<T>,
    ) -> Result<(&'static T::Inside, Tie<T>), Failure> {
        self.look(ConstPointer(context.0))?;
        let slot: *const Slot<T::Inside> = context.0.cast();
        // SAFETY: as above. That it is still whole is asked again before each use.
        Ok((unsafe { (*slot).value.assume_init_ref() }, Tie(context.0)))
    }

    /// What a context holds on to is read by this call too, so that it writes nothing there.
    pub(crate) fn held(&mut self, span: Span) -> Result<(), Failure> {
        if span.size == 0 { Ok(()) } else { self.ranges.claim(span.at, (1, 1), span.size, false) }
    }

    /// Bytes that stay where they are until the context that holds on to them has ended: `zegel.h` says so of them.
    pub(crate) fn lasting(&mut self, from: ConstPointer<u8>, size: usize) -> Result<&'static [u8], Failure> {
        let bytes = self.read(from, size)?;
        // SAFETY: C promises that they outlive the context.
        Ok(unsafe { core::slice::from_raw_parts(bytes.as_ptr(), bytes.len()) })
    }

    /// The same for text.
    pub(crate) fn lasting_text(
        &mut self,
        from: ConstPointer<c_char>,
        size: usize,
    ) -> Result<&'static [u8], Failure> {
        self.lasting(ConstPointer(from.0.cast()), size)
    }

    /// The same to read and write.
    pub(crate) fn lasting_mut(&mut self, to: Pointer<u8>, size: usize) -> Result<&'static mut [u8], Failure> {
        let bytes = self.write(to, size)?;
        // SAFETY: as above; nothing else of this call has them.
        Ok(unsafe { core::slice::from_raw_parts_mut(bytes.as_mut_ptr(), bytes.len()) })
    }

    /// Ends a context and wipes all of it. One that is not there, or has ended, is no mistake.
    pub(crate) fn finish<T: Kind>(&mut self, context: Pointer<T>) -> Result<(), Failure> {
        self.finish_with(context, |_| ()).map(|_| ())
    }

    /// The same, with a last look at what was inside.
    pub(crate) fn finish_with<T: Kind, R>(
        &mut self,
        context: Pointer<T>,
        look: impl FnOnce(&T::Inside) -> R,
    ) -> Result<Option<R>, Failure> {
        if context.0.is_null() {
            return Ok(None);
        }
        let entered = match self.enter::<T>(context) {
            Err(failure) if failure == Failure::CONTEXT => return Ok(None),
            other => other?,
        };
        let seen = look(&entered);
        end(entered, size_of::<T>());
        Ok(Some(seen))
    }

    /// Ends all contexts of a row that are still its owner's.
    pub(crate) fn finish_row<T: Kind>(&mut self, row: Row<T>) -> Result<(), Failure> {
        for place in 0..row.count {
            match enter::<T::Inside>(row.first.wrapping_add(place).cast(), T::KIND, row.owner) {
                Err(failure) if failure == Failure::CONTEXT => {}
                other => end(other?, size_of::<T>()),
            }
        }
        Ok(())
    }
}

/// Memory that a context holds on to. It is not followed, only kept from being written to.
#[derive(Clone, Copy)]
pub struct Span {
    at: *const u8,
    size: usize,
}

impl Span {
    pub(crate) const fn new(at: ConstPointer<u8>, size: usize) -> Self {
        Self { at: at.0, size }
    }

    pub(crate) const fn of_text(at: ConstPointer<c_char>, size: usize) -> Self {
        Self { at: at.0.cast(), size }
    }

    pub(crate) const fn written(at: &Pointer<u8>, size: usize) -> Self {
        Self { at: at.0, size }
    }
}

const fn layout<T>() -> (usize, usize) {
    (size_of::<T>(), align_of::<T>())
}

impl<P> ConstPointer<P> {
    /// Whether C passed NULL, where that means something.
    pub(crate) const fn is_null(&self) -> bool {
        self.0.is_null()
    }

    /// The one at `place` in an array that C passed.
    pub(crate) const fn at(&self, place: usize) -> Self {
        Self(self.0.wrapping_add(place))
    }

    /// For tests, which call as C does.
    ///
    /// # Safety
    /// What `zegel.h` asks of the argument.
    pub const unsafe fn new(pointer: *const P) -> Self {
        Self(pointer)
    }
}

impl<P> Pointer<P> {
    /// Whether C passed NULL, where that means something.
    pub(crate) const fn is_null(&self) -> bool {
        self.0.is_null()
    }

    /// For tests, which call as C does.
    ///
    /// # Safety
    /// What `zegel.h` asks of the argument.
    pub const unsafe fn new(pointer: *mut P) -> Self {
        Self(pointer)
    }
}

/// All zeros.
pub(crate) const fn zeroed<P: Plain>() -> P {
    // SAFETY: every pattern of bits is a value.
    unsafe { MaybeUninit::zeroed().assume_init() }
}
