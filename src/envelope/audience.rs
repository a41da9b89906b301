//! Audiences: whom a statement is for, as it stands under the signature (SPEC §4.4, §4.6).

use crate::bytes::joined;
use crate::cbor::{Reader, write};
use crate::error::{Error, Result};
use crate::key::id::Id;
use crate::limits::MAX_RECIPIENTS;

/// The encoded array of the recipients' ids: ascending, each once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Audience<'a>(&'a [u8]);

impl<'a> Audience<'a> {
    /// Reads the array at the front of `bytes` that holds at least `least` ids; [`Error::Malformed`] for one that is
    /// not in order.
    pub(crate) fn read(reader: &mut Reader<'a>, least: u64) -> Result<Self> {
        let start = reader.rest();
        let items = reader.array_to(MOST);
        let mut last: Option<&[u8]> = None;
        for _ in 0..items {
            let id = reader.bytes();
            reader.require(id.len() == ID && last.is_none_or(|last| last < id));
            last = Some(id);
        }
        reader.require(items >= least);
        reader.check()?;
        let length = start.len().checked_sub(reader.rest().len());
        length.and_then(|length| start.get(..length)).map(Self).ok_or(Error::Malformed)
    }

    /// An array that [`Audience::read`] has read before.
    pub(crate) const fn trusted(encoded: &'a [u8]) -> Self {
        Self(encoded)
    }

    /// The array as it is encoded.
    pub(crate) const fn encoded(&self) -> &'a [u8] {
        self.0
    }

    /// The ids, in their order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = Id> + use<'a> {
        // The head is one byte: there are at most 16, and each id has a head of two.
        let items = self.0.get(1..).unwrap_or_default().chunks_exact(ITEM);
        items.filter_map(|item| item.last_chunk().copied().map(Id))
    }

    pub(crate) fn holds(&self, id: &Id) -> bool {
        self.ids().any(|member| member == *id)
    }
}

/// The encoding of an audience of one.
#[derive(Clone, Copy)]
pub(crate) struct One([u8; 1 + ITEM]);

impl One {
    pub(crate) fn new(id: &Id) -> Self {
        Self(joined(&[&HEAD, &id.0]))
    }

    pub(crate) const fn audience(&self) -> Audience<'_> {
        Audience(self.0.as_slice())
    }
}

/// An audience that is kept beside what it was read from: of one, or of several in a buffer.
#[derive(Clone, Copy)]
pub(crate) enum Held<'a> {
    One(One),
    Several(Audience<'a>),
}

impl Held<'_> {
    pub(crate) const fn audience(&self) -> Audience<'_> {
        match self {
            Self::One(one) => one.audience(),
            Self::Several(several) => *several,
        }
    }
}

/// The encoding of an audience of several.
#[derive(Clone)]
pub(crate) struct Several {
    encoded: [u8; 1 + ITEM * MAX_RECIPIENTS],
    length: usize,
}

impl Several {
    /// Writes the `count` of `ids`, which must ascend; [`Error::TooLarge`] for more than 16, [`Error::Equivocation`] for one twice.
    pub(crate) fn new(count: usize, ids: impl Iterator<Item = Id> + Clone) -> Result<Self> {
        if !ids.clone().is_sorted_by(|one, next| one < next) {
            return Err(Error::Equivocation);
        }
        let mut several = Self { encoded: [0; 1 + ITEM * MAX_RECIPIENTS], length: 0 };
        let written = write(&mut several.encoded, |writer| {
            writer.array(count);
            ids.for_each(|id| writer.bytes(&id.0));
        });
        several.length = written.map_err(|_| Error::TooLarge)?;
        if count > MAX_RECIPIENTS { Err(Error::TooLarge) } else { Ok(several) }
    }

    pub(crate) fn audience(&self) -> Audience<'_> {
        Audience(self.encoded.get(..self.length).unwrap_or_default())
    }
}

/// An array of one, and a byte string of 32.
const HEAD: [u8; 3] = *b"\x81\x58\x20";
const ID: usize = 32;
const ITEM: usize = 2 + ID;
const MOST: u64 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audience_is_read_as_it_was_written() {
        let ids: [Id; 16] = core::array::from_fn(|i| Id([u8::try_from(i).unwrap(); 32]));
        for count in 1..=16 {
            let several = Several::new(count, ids[..count].iter().copied()).unwrap();
            let encoded = several.audience().encoded();
            let mut reader = Reader::new(encoded);
            let read = Audience::read(&mut reader, 1).unwrap();
            assert!(read == several.audience() && reader.end().is_ok());
            assert!(read.ids().eq(ids[..count].iter().copied()));
            assert!(read.holds(&ids[count - 1]) && !read.holds(&Id([99; 32])));
        }
        let one = One::new(&ids[3]);
        assert!(one.audience() == Several::new(1, [ids[3]].into_iter()).unwrap().audience());
    }

    #[test]
    fn order_and_number_are_checked() {
        let (a, b) = (Id([1; 32]), Id([2; 32]));
        assert_eq!(Several::new(2, [b, a].into_iter()).err(), Some(Error::Equivocation));
        assert_eq!(Several::new(2, [a, a].into_iter()).err(), Some(Error::Equivocation));
        let many = (0..17).map(|i| Id([i; 32]));
        assert_eq!(Several::new(17, many).err(), Some(Error::TooLarge));
        let two = Several::new(2, [a, b].into_iter()).unwrap();
        let mut swapped = [0; 69];
        swapped.copy_from_slice(two.audience().encoded());
        swapped[3] = 9;
        assert!(Audience::read(&mut Reader::new(&swapped), 1).is_err());
        assert!(Audience::read(&mut Reader::new(One::new(&a).audience().encoded()), 2).is_err());
    }
}
