//! The strict reader (SPEC §3.1).

use core::ops::Range;

use crate::cbor::head::{ARRAY, BYTES, MAP, NULL, TAG, TEXT, UINT, split_sign};
use crate::error::{Error, Result};

/// Reads one value after another from a slice; each method refuses all but the shortest form.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    pub(crate) const fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The unsigned integer `0..2^64`.
    pub(crate) fn uint(&mut self) -> Result<u64> {
        self.head(UINT)
    }

    /// An unsigned integer of at most `max`.
    pub(crate) fn uint_to(&mut self, max: u64) -> Result<u64> {
        self.uint().and_then(|value| if value <= max { Ok(value) } else { Err(Error::Malformed) })
    }

    /// An unsigned integer of at most `max`, or null.
    pub(crate) fn uint_or_null(&mut self, max: u64) -> Result<Option<u64>> {
        match self.rest.split_first() {
            Some((&NULL, rest)) => {
                self.rest = rest;
                Ok(None)
            }
            _ => self.uint_to(max).map(Some),
        }
    }

    /// Exactly this signed integer, as a map key or a fixed value.
    pub(crate) fn exactly(&mut self, value: i64) -> Result<()> {
        let (major, argument) = split_sign(value);
        self.expect(major, argument)
    }

    /// An array of exactly `items` items.
    pub(crate) fn array(&mut self, items: u64) -> Result<()> {
        self.expect(ARRAY, items)
    }

    /// An array of at most `max` items: how many.
    pub(crate) fn array_to(&mut self, max: u64) -> Result<u64> {
        self.head(ARRAY).and_then(|items| if items <= max { Ok(items) } else { Err(Error::Malformed) })
    }

    /// A map of exactly `pairs` pairs.
    pub(crate) fn map(&mut self, pairs: u64) -> Result<()> {
        self.expect(MAP, pairs)
    }

    /// Exactly this tag.
    pub(crate) fn tag(&mut self, number: u64) -> Result<()> {
        self.expect(TAG, number)
    }

    /// A byte string of any length that is there.
    pub(crate) fn bytes(&mut self) -> Result<&'b [u8]> {
        let length = self.head(BYTES)?;
        self.take(length)
    }

    /// A byte string of exactly `N` bytes.
    pub(crate) fn array_of<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.bytes()?.try_into().map_err(|_| Error::Malformed)
    }

    /// A byte string: where it stands, in an input of `total` bytes that this reader began with.
    pub(crate) fn bytes_range(&mut self, total: usize) -> Result<Range<usize>> {
        let length = self.bytes()?.len();
        let end = total.checked_sub(self.rest.len()).ok_or(Error::Malformed)?;
        Ok(end.checked_sub(length).ok_or(Error::Malformed)?..end)
    }

    /// Exactly this byte string.
    pub(crate) fn exact_bytes(&mut self, expected: &[u8]) -> Result<()> {
        if self.bytes()? == expected { Ok(()) } else { Err(Error::Malformed) }
    }

    /// A text string of valid UTF-8.
    pub(crate) fn text(&mut self) -> Result<&'b str> {
        let length = self.head(TEXT)?;
        core::str::from_utf8(self.take(length)?).map_err(|_| Error::Malformed)
    }

    /// What is not read yet.
    pub(crate) const fn rest(&self) -> &'b [u8] {
        self.rest
    }

    /// Nothing may follow.
    pub(crate) fn end(self) -> Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(Error::Malformed) }
    }

    fn expect(&mut self, major: u8, argument: u64) -> Result<()> {
        if self.head(major)? == argument { Ok(()) } else { Err(Error::Malformed) }
    }

    /// A head of the given major type in its shortest form (RFC 8949 §4.2.1): its argument.
    fn head(&mut self, major: u8) -> Result<u64> {
        let (&first, rest) = self.rest.split_first().ok_or(Error::Malformed)?;
        self.rest = rest;
        if first >> 5 != major {
            return Err(Error::Malformed);
        }
        let (argument, least) = match first & 0x1f {
            direct @ 0..=23 => return Ok(u64::from(direct)),
            24 => (u64::from(u8::from_be_bytes(self.fixed()?)), 24),
            25 => (u64::from(u16::from_be_bytes(self.fixed()?)), 1 << 8),
            26 => (u64::from(u32::from_be_bytes(self.fixed()?)), 1 << 16),
            27 => (u64::from_be_bytes(self.fixed()?), 1 << 32),
            // 28 to 30 are unassigned, 31 is an indefinite length.
            _ => return Err(Error::Malformed),
        };
        if argument >= least { Ok(argument) } else { Err(Error::Malformed) }
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (fixed, rest) = self.rest.split_first_chunk().ok_or(Error::Malformed)?;
        self.rest = rest;
        Ok(*fixed)
    }

    /// The declared length is compared before it is used, so a huge one costs nothing.
    fn take(&mut self, length: u64) -> Result<&'b [u8]> {
        let length = usize::try_from(length).map_err(|_| Error::Malformed)?;
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Error::Malformed)?;
        self.rest = rest;
        Ok(taken)
    }
}
