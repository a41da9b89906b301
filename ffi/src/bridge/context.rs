//! A context in C's memory: which kind it is, whether it is whole, and who works with it.

use core::cell::UnsafeCell;
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
    head: Head,
    pub(super) value: MaybeUninit<T>,
}

/// What tells whether it is one. Checks of it are the same code for every kind.
#[repr(C)]
pub(super) struct Head {
    kind: u32,
    state: AtomicU32,
    /// Its own address, and its owner's if it has one: a copy elsewhere is none, nor is what somebody else took over.
    own: usize,
}

/// One context of a row, all of which are whole. Of its memory some bytes were never written, and its state may change.
#[repr(transparent)]
pub(crate) struct Room<T>(UnsafeCell<MaybeUninit<T>>);

impl<T: Kind> Room<T> {
    pub(crate) fn value(&self) -> &T::Inside {
        let slot: *const Slot<T::Inside> = self.0.get().cast();
        // SAFETY: a `Room` comes from `Call::row` and `Call::look_row` alone, which have seen that it is whole.
        unsafe { (*slot).value.assume_init_ref() }
    }

    pub(crate) fn value_mut(&mut self) -> &mut T::Inside {
        let slot: *mut Slot<T::Inside> = self.0.get().cast();
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
            Ok(value) => {
                self.put(value, 0);
                Ok(())
            }
            Err(error) => self.refuse(error.into()),
        }
    }

    /// Wipes the memory.
    pub(crate) fn refuse(self, failure: Failure) -> Result<(), Failure> {
        wipe(self.slot.cast(), self.size);
        Err(failure)
    }

    fn put(self, value: T, owner: usize) {
        let (slot, own) = (self.slot, self.slot.addr() ^ owner);
        // SAFETY: the memory was claimed for writing, and is large enough: each kind asserts it.
        unsafe {
            (&raw mut (*slot).value).cast::<T>().write(value);
            (&raw mut (*slot).head).write(Head { kind: self.kind, state: AtomicU32::new(IDLE), own });
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
        unsafe { (*self.slot).head.state.store(IDLE, Ordering::Release) };
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
            let fresh = Fresh { slot, kind: T::KIND, size: size_of::<T>(), life: PhantomData };
            fresh.put(make(), self.row.owner);
        }
        self.row
    }
}

/// Contexts that belong to another one.
pub(crate) struct Row<T> {
    pub(super) first: *mut T,
    pub(super) count: usize,
    pub(super) owner: usize,
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

/// The contexts that one call reads: until it leaves them, nothing ends them, a callback or another thread neither.
pub(super) struct Readers([*const AtomicU32; MOST]);

impl Readers {
    pub(super) const fn new() -> Self {
        Self([core::ptr::null(); MOST])
    }

    /// Reads a context that is whole.
    pub(super) fn join(&mut self, head: *const Head, kind: u32) -> Result<(), Failure> {
        whole(head, kind, 0)?;
        let place = self.0.iter_mut().find(|place| place.is_null()).ok_or(Failure::ARGUMENT)?;
        // SAFETY: it is whole.
        let state = unsafe { &(*head).state };
        join(state)?;
        *place = state;
        Ok(())
    }

    pub(super) fn leave(&self) {
        for state in self.0.iter().take_while(|state| !state.is_null()) {
            // SAFETY: it was whole when it was joined, and while it is read nothing ends it.
            leave(unsafe { &**state });
        }
    }
}

/// Whether a context is one, of this kind and owner, where it was made, and not at work.
pub(super) fn whole(head: *const Head, kind: u32, owner: usize) -> Result<(), Failure> {
    // SAFETY: claimed, so not NULL and aligned; C promises that the memory is there.
    let (kept, own, state) = unsafe { ((*head).kind, (*head).own, (*head).state.load(Ordering::Acquire)) };
    match state {
        _ if kept != kind || own != head.addr() ^ owner => Err(Failure::CONTEXT),
        BUSY => Err(Failure::BUSY),
        _ if state & !READING == IDLE => Ok(()),
        _ => Err(Failure::CONTEXT),
    }
}

pub(super) fn enter<'c, T>(slot: *mut Slot<T>, kind: u32, owner: usize) -> Result<Entered<'c, T>, Failure> {
    work(slot.cast(), kind, owner).map(|()| Entered { slot, life: PhantomData })
}

fn work(head: *const Head, kind: u32, owner: usize) -> Result<(), Failure> {
    whole(head, kind, owner)?;
    // SAFETY: it is whole.
    if take(unsafe { &(*head).state }) { Ok(()) } else { Err(Failure::BUSY) }
}

#[cfg(target_has_atomic = "32")]
fn take(state: &AtomicU32) -> bool {
    state.compare_exchange(IDLE, BUSY, Ordering::AcqRel, Ordering::Relaxed).is_ok()
}

/// One reader more, where that can be.
#[cfg(target_has_atomic = "32")]
fn join(state: &AtomicU32) -> Result<(), Failure> {
    let more = |now: u32| (now & !READING == IDLE && now & READING != READING).then(|| now.wrapping_add(1));
    state.fetch_update(Ordering::Acquire, Ordering::Relaxed, more).map(|_| ()).map_err(|_| Failure::BUSY)
}

#[cfg(target_has_atomic = "32")]
fn leave(state: &AtomicU32) {
    let _ = state.fetch_sub(1, Ordering::Release);
}

/// A Cortex-M0 cannot count: two that did would lose count, and the context with it.
#[cfg(not(target_has_atomic = "32"))]
const fn join(_: &AtomicU32) -> Result<(), Failure> {
    Ok(())
}

#[cfg(not(target_has_atomic = "32"))]
const fn leave(_: &AtomicU32) {}

/// Ends a context, and wipes all of its `size` bytes.
pub(super) fn end<T>(entered: Entered<'_, T>, size: usize) {
    let slot = entered.slot;
    core::mem::forget(entered);
    // SAFETY: this call has entered it, and nothing uses its value after.
    unsafe { (*slot).value.assume_init_drop() };
    wipe(slot.cast(), size);
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
    assert!(offset_of!(Slot<T::Inside>, head) == 0, "a context begins with its kind");
}

/// The lower half counts who reads.
const IDLE: u32 = 0x1d1e_0000;
const READING: u32 = 0xffff;
const BUSY: u32 = 0xb5b5_0b57;
/// A call reads no more contexts than a receiver has keys.
const MOST: usize = 5;
