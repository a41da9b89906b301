//! A context in C's memory: which kind it is, whether it is whole, and who works with it.

use core::marker::PhantomData;
use core::mem::{MaybeUninit, offset_of};
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicU32, Ordering};

use zegel::Error;
use zeroize::Zeroize;

use crate::failure::Failure;

/// A kind of context: its opaque struct in `zegel.h`, and what is inside.
pub(crate) trait Kind {
    /// What the memory holds.
    type Inside: 'static;
    /// Tells kinds apart, and all of them from chance.
    const KIND: u32;
}

/// A context as it lies in C's memory.
#[repr(C, align(8))]
pub(crate) struct Slot<T> {
    kind: u32,
    state: AtomicU32,
    /// Its own address: a copy elsewhere is none.
    own: usize,
    pub(super) value: MaybeUninit<T>,
}

/// One context of a row, all of which are whole.
#[repr(transparent)]
pub(crate) struct Room<T>(T);

impl<T: Kind> Room<T> {
    pub(crate) fn value(&self) -> &T::Inside {
        let slot: *const Slot<T::Inside> = (&raw const self.0).cast();
        // SAFETY: a `Room` comes from `Call::row` and `Call::look_row` alone, which have seen that it is whole.
        unsafe { (*slot).value.assume_init_ref() }
    }

    pub(crate) fn value_mut(&mut self) -> &mut T::Inside {
        let slot: *mut Slot<T::Inside> = (&raw mut self.0).cast();
        // SAFETY: as above.
        unsafe { (*slot).value.assume_init_mut() }
    }
}

/// Memory for a context.
pub(crate) struct Fresh<'c, T> {
    pub(super) slot: *mut Slot<T>,
    pub(super) kind: u32,
    pub(super) size: usize,
    pub(super) life: PhantomData<&'c mut T>,
}

impl<T> Fresh<'_, T> {
    /// Makes the context, or wipes the memory.
    pub(crate) fn fill(self, value: Result<T, Error>) -> Result<(), Failure> {
        match value {
            Ok(value) => self.put(value),
            Err(error) => {
                wipe(self.slot.cast(), self.size);
                return Err(error.into());
            }
        }
        Ok(())
    }

    fn put(self, value: T) {
        let (slot, own) = (self.slot, self.slot.addr());
        // SAFETY: the memory was claimed for writing, and is large enough: each kind asserts it.
        unsafe {
            (&raw mut (*slot).value).cast::<T>().write(value);
            (&raw mut (*slot).own).write(own);
            (&raw mut (*slot).kind).write(self.kind);
            (&raw mut (*slot).state).write(AtomicU32::new(IDLE));
        }
    }
}

/// A context while a call works with it.
pub(crate) struct Entered<'c, T> {
    pub(super) slot: *mut Slot<T>,
    pub(super) life: PhantomData<&'c mut T>,
}

impl<T> Deref for Entered<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: it is whole, and this call has it alone.
        unsafe { (*self.slot).value.assume_init_ref() }
    }
}

impl<T> DerefMut for Entered<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { (*self.slot).value.assume_init_mut() }
    }
}

impl<T> Entered<'_, T> {
    /// Moves the value on to the one that comes after it. Its memory is wiped between the two: where the first held
    /// keys, the second may not cover them.
    // In a frame of its own: what moves here is not to lie on the stack under what the caller did before.
    #[inline(never)]
    pub(crate) fn change<R>(&mut self, step: impl FnOnce(T) -> (T, R)) -> R {
        // SAFETY: it is whole, and this call has it alone.
        let place: *mut T = unsafe { (&raw mut (*self.slot).value).cast() };
        // SAFETY: the value is taken out once, and the next one put in before anybody looks.
        let value = unsafe { place.read() };
        wipe(place.cast(), size_of::<T>());
        let (value, result) = step(value);
        // SAFETY: as above.
        unsafe { place.write(value) };
        result
    }
}

impl<T> Drop for Entered<'_, T> {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { (*self.slot).state.store(IDLE, Ordering::Release) };
    }
}

/// Memory for a row of contexts.
pub(crate) struct FreshRow<'c, T> {
    pub(super) row: Row<T>,
    pub(super) life: PhantomData<&'c mut T>,
}

impl<T: Kind> FreshRow<'_, T> {
    /// Makes each of them.
    pub(crate) fn fill(self, make: impl Fn() -> T::Inside) -> Row<T> {
        for place in 0..self.row.count {
            let slot = self.row.first.wrapping_add(place).cast();
            Fresh { slot, kind: T::KIND, size: size_of::<T>(), life: PhantomData }.put(make());
        }
        self.row
    }
}

/// Contexts that belong to another one.
pub(crate) struct Row<T> {
    pub(super) first: *mut T,
    pub(super) count: usize,
}

impl<T> Clone for Row<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Row<T> {}

/// A context that another one holds on to.
pub(crate) struct Tie<T>(pub(super) *const T);

impl<T> Clone for Tie<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Tie<T> {}

/// Whether a context is one, of this kind, where it was made, and not at work.
pub(super) fn whole<T>(slot: *const Slot<T>, kind: u32) -> Result<(), Failure> {
    // SAFETY: claimed, so not NULL and aligned; C promises that the memory is there.
    let (kept, own, state) = unsafe { ((*slot).kind, (*slot).own, (*slot).state.load(Ordering::Acquire)) };
    match state {
        _ if kept != kind || own != slot.addr() => Err(Failure::Context),
        IDLE => Ok(()),
        BUSY => Err(Failure::Busy),
        _ => Err(Failure::Context),
    }
}

pub(super) fn enter<'c, T>(slot: *mut Slot<T>, kind: u32) -> Result<Entered<'c, T>, Failure> {
    whole(slot, kind)?;
    // SAFETY: it is whole.
    if take(unsafe { &(*slot).state }) { Ok(Entered { slot, life: PhantomData }) } else { Err(Failure::Busy) }
}

#[cfg(target_has_atomic = "32")]
fn take(state: &AtomicU32) -> bool {
    state.compare_exchange(IDLE, BUSY, Ordering::AcqRel, Ordering::Relaxed).is_ok()
}

/// A Cortex-M0 has no exchange: an interrupt between the two finds the context free, as `zegel.h` says.
#[cfg(not(target_has_atomic = "32"))]
fn take(state: &AtomicU32) -> bool {
    state.store(BUSY, Ordering::Release);
    true
}

/// Overwrites memory in a way that is not optimised out.
pub(super) fn wipe(at: *mut u8, size: usize) {
    // SAFETY: all callers have claimed the memory for writing, and bytes may hold anything.
    unsafe { core::slice::from_raw_parts_mut(at.cast::<MaybeUninit<u8>>(), size) }.zeroize();
}

/// Asserts that the struct in `zegel.h` holds what is inside, and not much more.
pub(crate) const fn fits<T: Kind>() {
    let (room, needed) = (size_of::<T>(), size_of::<Slot<T::Inside>>());
    assert!(needed <= room, "zegel.h gives this context too little room");
    assert!(align_of::<Slot<T::Inside>>() <= align_of::<T>(), "zegel.h aligns this context too little");
    assert!(offset_of!(Slot<T::Inside>, kind) == 0, "a context begins with its kind");
}

const IDLE: u32 = 0x1d1e_0a11;
const BUSY: u32 = 0xb5b5_0b57;
