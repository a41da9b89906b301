//! The strict reader (SPEC §3.1).

use core::ops::Range;

use crate::cbor::head::{ARRAY, BYTES, MAP, NULL, TAG, TEXT, UINT, split_sign};
use crate::error::{Error, Result};

/// Reads one value after another from a slice, each in its shortest form alone. After the first that is not what was asked
/// for nothing is left to read, and [`Reader::end`] says so, so that the lines between read as the shape that they expect.
#[derive(Clone, Debug)]
#[must_use = "what was read is nothing before its end is checked"]
pub(crate) struct Reader<'b> {
    rest: &'b [u8],
    malformed: bool,
}

impl<'b> Reader<'b> {
    pub(crate) const fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes, malformed: false }
    }

    /// The unsigned integer `0..2^64`.
    pub(crate) fn uint(&mut self) -> u64 {
        self.head(UINT)
    }

    /// An unsigned integer of at most `max`.
    pub(crate) fn uint_to(&mut self, max: u64) -> u64 {
        self.head_to(UINT, max)
    }

    /// An unsigned integer of at most `max`, or null.
    pub(crate) fn uint_or_null(&mut self, max: u64) -> Option<u64> {
        match self.rest.split_first() {
            Some((&NULL, rest)) => {
                self.rest = rest;
                None
            }
            _ => Some(self.uint_to(max)),
        }
    }

    /// Exactly this signed integer, as a map key or a fixed value.
    pub(crate) fn exactly(&mut self, value: i64) {
        let (major, argument) = split_sign(value);
        self.expect(major, argument);
    }

    /// An array of exactly `items` items.
    pub(crate) fn array(&mut self, items: u64) {
        self.expect(ARRAY, items);
    }

    /// An array of at most `max` items: how many.
    pub(crate) fn array_to(&mut self, max: u64) -> u64 {
        self.head_to(ARRAY, max)
    }

    /// A map of exactly `pairs` pairs.
    pub(crate) fn map(&mut self, pairs: u64) {
        self.expect(MAP, pairs);
    }

    /// Exactly this tag.
    pub(crate) fn tag(&mut self, number: u64) {
        self.expect(TAG, number);
    }

    /// A byte string of any length that is there.
    pub(crate) fn bytes(&mut self) -> &'b [u8] {
        self.string(BYTES)
    }

    /// A byte string of exactly `N` bytes.
    pub(crate) fn array_of<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        self.fill(&mut array);
        array
    }

    /// A byte string: where it stands, in an input of `total` bytes that this reader began with.
    pub(crate) fn bytes_range(&mut self, total: usize) -> Range<usize> {
        let length = self.bytes().len();
        let end = total.saturating_sub(self.rest.len());
        end.saturating_sub(length)..end
    }

    /// Exactly this byte string.
    pub(crate) fn exact_bytes(&mut self, expected: &[u8]) {
        let found = self.bytes() == expected;
        self.require(found);
    }

    /// A text string of valid UTF-8.
    pub(crate) fn text(&mut self) -> &'b str {
        let text = core::str::from_utf8(self.string(TEXT));
        self.require(text.is_ok());
        text.unwrap_or_default()
    }

    /// What is not read yet.
    pub(crate) const fn rest(&self) -> &'b [u8] {
        self.rest
    }

    /// What the caller found to be wrong with what was read makes all of it malformed.
    pub(crate) const fn require(&mut self, held: bool) {
        if !held {
            self.malformed = true;
            self.rest = &[];
        }
    }

    /// Whether all of it was what was asked for, so far.
    pub(crate) const fn check(&self) -> Result<()> {
        if self.malformed { Err(Error::Malformed) } else { Ok(()) }
    }

    /// The same, and nothing may follow.
    pub(crate) fn end(mut self) -> Result<()> {
        self.require(self.rest.is_empty());
        self.check()
    }

    fn expect(&mut self, major: u8, argument: u64) {
        let found = self.head(major) == argument;
        self.require(found);
    }

    fn head_to(&mut self, major: u8, max: u64) -> u64 {
        let argument = self.head(major);
        self.require(argument <= max);
        argument.min(max)
    }

    /// The content of a string. The declared length is compared before it is used, so a huge one costs nothing.
    fn string(&mut self, major: u8) -> &'b [u8] {
        let length = usize::try_from(self.head(major)).unwrap_or(usize::MAX);
        self.take(length)
    }

    fn fill(&mut self, place: &mut [u8]) {
        let bytes = self.bytes();
        self.require(bytes.len() == place.len());
        if bytes.len() == place.len() {
            place.copy_from_slice(bytes);
        }
    }

    /// A head of the given major type in its shortest form (RFC 8949 §4.2.1): its argument.
    // Once, for all that is read is read through it.
    #[inline(never)]
    fn head(&mut self, major: u8) -> u64 {
        let first = self.take(1).first().copied().unwrap_or_default();
        self.require(first >> 5 == major);
        let (length, least) = match first & 0x1f {
            direct @ 0..=23 => return u64::from(direct),
            24 => (1, 24),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            27 => (8, 1 << 32),
            // 28 to 30 are unassigned, 31 is an indefinite length: nothing is as large.
            _ => (0, u64::MAX),
        };
        let argument = self.take(length).iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        self.require(argument >= least);
        argument
    }

    fn take(&mut self, length: usize) -> &'b [u8] {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        self.rest = rest;
        self.require(taken.len() == length);
        taken
    }
}
