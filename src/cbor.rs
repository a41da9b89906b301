//! Deterministic CBOR, both ways, and nothing else: a reader that accepts one encoding of each value,
//! and a writer into the caller's buffer that also counts (SPEC §3.1).
//!
//! There is no recursion and no allocation: a caller spells out the shape it expects, head by head, so
//! depth, duplicate keys and lengths have no room to be wrong in.

use core::mem::replace;
use core::ops::Range;

use crate::error::{Error, Result};

const UINT: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const NULL: u8 = 0xf6;

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

/// Writes one value after another into a buffer, or only counts when there is none: the size of an
/// output is computed by the code that writes it.
#[derive(Debug)]
pub(crate) struct Writer<'b> {
    buffer: Option<&'b mut [u8]>,
    written: usize,
}

impl<'b> Writer<'b> {
    /// Writes into `buffer`.
    pub(crate) fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer: Some(buffer), written: 0 }
    }

    /// Writes nowhere and counts.
    pub(crate) const fn counting() -> Self {
        Self { buffer: None, written: 0 }
    }

    /// How many bytes were written, or would have been.
    pub(crate) const fn written(&self) -> usize {
        self.written
    }

    pub(crate) fn uint(&mut self, value: u64) -> Result<()> {
        self.head(UINT, value)
    }

    pub(crate) fn int(&mut self, value: i64) -> Result<()> {
        let (major, argument) = split_sign(value);
        self.head(major, argument)
    }

    pub(crate) fn uint_or_null(&mut self, value: Option<u64>) -> Result<()> {
        match value {
            Some(value) => self.uint(value),
            None => self.raw(&[NULL]),
        }
    }

    pub(crate) fn array(&mut self, items: u64) -> Result<()> {
        self.head(ARRAY, items)
    }

    pub(crate) fn map(&mut self, pairs: u64) -> Result<()> {
        self.head(MAP, pairs)
    }

    pub(crate) fn tag(&mut self, number: u64) -> Result<()> {
        self.head(TAG, number)
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes_head(bytes.len())?;
        self.raw(bytes)
    }

    /// A byte string of `length` zeros.
    pub(crate) fn zeros(&mut self, length: usize) -> Result<()> {
        self.bytes_head(length)?;
        self.advance(length).map(|room| {
            if let Some(room) = room {
                room.fill(0);
            }
        })
    }

    /// The head of a byte string whose content the caller writes next.
    pub(crate) fn bytes_head(&mut self, length: usize) -> Result<()> {
        self.head(BYTES, u64::try_from(length).map_err(|_| Error::TooLarge)?)
    }

    pub(crate) fn text(&mut self, text: &str) -> Result<()> {
        self.head(TEXT, u64::try_from(text.len()).map_err(|_| Error::TooLarge)?)?;
        self.raw(text.as_bytes())
    }

    /// Bytes that are already encoded.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> Result<()> {
        self.advance(bytes.len()).map(|room| {
            if let Some(room) = room {
                room.copy_from_slice(bytes);
            }
        })
    }

    /// Passes over `length` bytes that something else has written or will write.
    pub(crate) fn skip(&mut self, length: usize) -> Result<()> {
        self.advance(length).map(|_| ())
    }

    fn head(&mut self, major: u8, argument: u64) -> Result<()> {
        let kind = major << 5;
        match argument {
            0..=23 => self.raw(&[kind | argument.to_be_bytes()[7]]),
            24..=0xff => self.raw(&[kind | 24, argument.to_be_bytes()[7]]),
            0x100..=0xffff => self.long_head::<2>(kind | 25, argument),
            0x1_0000..=0xffff_ffff => self.long_head::<4>(kind | 26, argument),
            _ => self.long_head::<8>(kind | 27, argument),
        }
    }

    fn long_head<const N: usize>(&mut self, first: u8, argument: u64) -> Result<()> {
        self.raw(&[first])?;
        let bytes = argument.to_be_bytes();
        let (_, tail) = bytes.split_last_chunk::<N>().ok_or(Error::TooLarge)?;
        self.raw(tail)
    }

    fn advance(&mut self, length: usize) -> Result<Option<&mut [u8]>> {
        let end = self.written.checked_add(length).ok_or(Error::TooLarge)?;
        let start = replace(&mut self.written, end);
        match &mut self.buffer {
            None => Ok(None),
            Some(buffer) => buffer.get_mut(start..end).map(Some).ok_or(Error::BufferTooSmall),
        }
    }
}

/// A short encoding kept in `N` bytes on the stack: the contexts that are hashed and authenticated.
#[derive(Clone)]
pub(crate) struct Scratch<const N: usize> {
    buffer: [u8; N],
    length: usize,
}

impl<const N: usize> Scratch<N> {
    /// What `write` writes.
    pub(crate) fn written(write: impl FnOnce(&mut Writer<'_>) -> Result<()>) -> Result<Self> {
        let mut buffer = [0; N];
        let mut writer = Writer::new(&mut buffer);
        write(&mut writer)?;
        let length = writer.written();
        Ok(Self { buffer, length })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }
}

/// How many bytes `write` would write.
pub(crate) fn count(write: impl FnOnce(&mut Writer<'_>) -> Result<()>) -> Result<usize> {
    let mut counter = Writer::counting();
    write(&mut counter)?;
    Ok(counter.written())
}

/// Major type and argument of a signed integer: -1 - n is major type 1 with argument n.
const fn split_sign(value: i64) -> (u8, u64) {
    if value < 0 { (NEGATIVE, (!value).unsigned_abs()) } else { (UINT, value.unsigned_abs()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Writer<'_>) -> Result<()>) -> std::vec::Vec<u8> {
        let mut counter = Writer::counting();
        write(&mut counter).unwrap();
        let mut buffer = [0xaa; 64];
        let mut writer = Writer::new(&mut buffer);
        write(&mut writer).unwrap();
        assert_eq!(writer.written(), counter.written(), "the count is the size");
        let length = writer.written();
        buffer[..length].to_vec()
    }

    /// RFC 8949 Appendix A.
    #[test]
    fn writes_the_shortest_form() {
        for (value, hex) in [
            (0u64, &[0x00u8][..]),
            (23, &[0x17]),
            (24, &[0x18, 0x18]),
            (255, &[0x18, 0xff]),
            (1000, &[0x19, 0x03, 0xe8]),
            (1_000_000, &[0x1a, 0x00, 0x0f, 0x42, 0x40]),
            (u64::MAX, &[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ] {
            assert_eq!(written(|w| w.uint(value)), hex);
            assert_eq!(Reader::new(hex).uint(), Ok(value));
        }
        assert_eq!(written(|w| w.int(-1000)), [0x39, 0x03, 0xe7]);
        assert_eq!(written(|w| w.int(-65537)), [0x3a, 0x00, 0x01, 0x00, 0x00]);
        assert_eq!(written(|w| w.int(i64::MIN)), [0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    }

    #[test]
    fn refuses_longer_forms_and_indefinite_lengths() {
        for longer in [
            &[0x18u8, 0x17][..],
            &[0x19, 0x00, 0xff],
            &[0x1a, 0x00, 0x00, 0xff, 0xff],
            &[0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
            &[0x1c],
            &[0x1d],
            &[0x1e],
            &[0x1f],
            &[],
        ] {
            assert_eq!(Reader::new(longer).uint(), Err(Error::Malformed), "{longer:02x?}");
        }
        assert_eq!(Reader::new(&[0x5f, 0x41, 0x00, 0xff]).bytes(), Err(Error::Malformed));
        assert_eq!(Reader::new(&[0x9f, 0xff]).array_to(9), Err(Error::Malformed));
    }

    #[test]
    fn a_huge_declared_length_is_compared_first() {
        for length in [1u64 << 32, 1 << 63, u64::MAX] {
            let mut input = [0u8; 12];
            input[0] = 0x5b;
            input[1..9].copy_from_slice(&length.to_be_bytes());
            assert_eq!(Reader::new(&input).bytes(), Err(Error::Malformed));
        }
    }

    #[test]
    fn a_full_buffer_is_an_error() {
        assert_eq!(Writer::new(&mut [0; 2]).bytes(&[1, 2]), Err(Error::BufferTooSmall));
    }
}
