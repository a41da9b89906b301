//! The bridge by itself, with contexts that hold no keys: small enough for an interpreter that knows what is undefined.

use super::*;
use zegel::Error;

/// A context that owns a row of others.
struct Owner {
    _room: [u64; 8],
}
/// One that is looked at, or belongs to an owner.
struct Part([u64; 5]);

impl Kind for Owner {
    type Inside = (Tie<Part>, Row<Part>);
    const KIND: u32 = 0x7e57_0001;
}

impl Kind for Part {
    type Inside = u8;
    const KIND: u32 = 0x7e57_0002;
}

const _: () = {
    fits::<Owner>();
    fits::<Part>();
};

fn make(part: *mut Part, value: Result<u8, Error>) -> c_int {
    call(|call| call.fresh(Pointer(part))?.fill(value))
}

fn look(part: *const Part) -> c_int {
    call(|call| call.look(ConstPointer(part)).map(|value| assert_eq!(*value, 7)))
}

fn finish(part: *mut Part) -> c_int {
    call(|call| call.finish(Pointer(part)))
}

fn own(owner: *mut Owner, part: *const Part, row: *mut Part, count: usize) -> c_int {
    call(|call| {
        let place = call.fresh(Pointer(owner))?;
        let tie = call.tie(ConstPointer(part))?.1;
        let row = call.fresh_row(Pointer(row), count, &place)?;
        place.fill(Ok((tie, row.fill(|| 1))))
    })
}

/// Counts up in each of its row, and calls `back` meanwhile.
fn work(owner: *mut Owner, back: impl Fn()) -> c_int {
    call(|call| {
        let owner = call.enter(Pointer(owner))?;
        let seen = call.look_at(owner.0)?;
        let row = call.row(owner.1)?;
        for room in row.iter_mut() {
            *room.value_mut() += 1;
        }
        back();
        assert!(row.iter().all(|room| *room.value() > 1));
        assert_eq!(*seen, 7);
        Ok(())
    })
}

fn end_owner(owner: *mut Owner) -> c_int {
    call(|call| match call.finish_with(Pointer(owner), |inside| inside.1)? {
        Some(row) => call.finish_row(row),
        None => Ok(()),
    })
}

/// Memory as C has it: reached by pointers alone.
fn memory<const N: usize>() -> [Part; N] {
    core::array::from_fn(|_| Part([0xa5a5_a5a5_a5a5_a5a5; 5]))
}

const ARGUMENT: c_int = -1;
const CONTEXT: c_int = -2;
const BUSY: c_int = -3;

#[test]
fn a_context_is_made_looked_at_and_ended() {
    let mut memory = memory::<2>();
    let first = memory.as_mut_ptr();
    let second = first.wrapping_add(1);
    assert_eq!((look(first), finish(first)), (CONTEXT, 0), "never made");
    assert_eq!((make(first, Ok(7)), look(first)), (0, 0));
    // SAFETY: two places of one array.
    unsafe { first.copy_to_nonoverlapping(second, 1) };
    assert_eq!((look(second), finish(second)), (CONTEXT, 0), "moved");
    assert_eq!((finish(first), look(first), finish(first)), (0, CONTEXT, 0));
    assert_eq!(make(first, Err(Error::WeakKey)), i32::from(Error::WeakKey.code()));
    // SAFETY: as above.
    assert_eq!(unsafe { (*first).0 }, [0; 5], "wiped whole");
    assert_eq!((look(core::ptr::null()), look(first.wrapping_byte_add(1))), (ARGUMENT, ARGUMENT));
}

#[test]
fn what_is_looked_at_is_not_ended_by_a_callback() {
    let mut memory = memory::<3>();
    let part = memory.as_mut_ptr();
    let row = part.wrapping_add(1);
    let mut owner = Owner { _room: [0; 8] };
    let owner = &raw mut owner;
    assert_eq!((make(part, Ok(7)), own(owner, part, row, 2)), (0, 0));
    let back = || {
        assert_eq!((finish(part), look(part)), (BUSY, 0));
        assert_eq!((work(owner, || ()), end_owner(owner)), (BUSY, BUSY));
    };
    assert_eq!(work(owner, back), 0);
    assert_eq!((finish(part), work(owner, || ())), (0, CONTEXT));
    assert_eq!(end_owner(owner), 0);
    // SAFETY: still that array.
    assert_eq!(unsafe { ((*row).0, (*row.wrapping_add(1)).0) }, ([0; 5], [0; 5]));
}

#[test]
fn a_row_belongs_to_its_last_owner() {
    let mut memory = memory::<3>();
    let part = memory.as_mut_ptr();
    let row = part.wrapping_add(1);
    let mut owners = [Owner { _room: [0; 8] }, Owner { _room: [0; 8] }];
    let first = owners.as_mut_ptr();
    let second = first.wrapping_add(1);
    assert_eq!((make(part, Ok(7)), own(first, part, row, 2), own(second, part, row, 2)), (0, 0, 0));
    assert_eq!((work(first, || ()), work(second, || ())), (CONTEXT, 0));
    assert_eq!((end_owner(first), work(second, || ()), look(row)), (0, 0, CONTEXT));
    assert_eq!(own(first, part, part, 2), ARGUMENT, "it would be read and written");
}

#[test]
fn memory_is_lent_once() {
    let (mut bytes, mut number) = ([1_u8; 16], 0_usize);
    let (at, number) = (bytes.as_mut_ptr(), &raw mut number);
    let copy = |to: usize, size: usize| {
        call(|call| {
            let from = call.read(ConstPointer(at.cast_const()), 8)?;
            let out = call.write(Pointer(at.wrapping_add(to)), size)?;
            *call.place(Pointer(number))? = out.len();
            out.copy_from_slice(from.get(..size).ok_or(Failure::ARGUMENT)?);
            Ok(())
        })
    };
    assert_eq!((copy(8, 8), copy(7, 8), copy(0, 8), copy(0, 0)), (0, ARGUMENT, ARGUMENT, 0));
    assert_eq!(call(|call| call.write(Pointer(at), usize::MAX).map(|_| ())), ARGUMENT);
    let held = |to: usize| {
        call(|call| {
            call.held(Span::new(ConstPointer(at.cast_const()), 8))?;
            call.write(Pointer(at.wrapping_add(to)), 8).map(|out| out.fill(0))
        })
    };
    assert_eq!((held(7), held(8)), (ARGUMENT, 0));
}
