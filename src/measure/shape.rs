//! A first walk over hostile bytes, before any general decoder sees them: one array of maps of labels and
//! scalars, of definite lengths, within limits, and nothing behind (RFC 8428 §11, SPEC §9.1).
//!
//! The grammar has a fixed depth, so there is no recursion; nothing is allocated; and a declared length is
//! compared before it is used.

use crate::error::{Error, Result};

/// The largest pack in bytes: what the largest envelope could hold.
pub(super) const MAX_PACK: usize = 1 << 20;
/// The most records in a pack.
pub(super) const MAX_RECORDS: usize = 1024;
/// The most fields in a record: the fifteen of RFC 8428, and as many extensions.
const MAX_FIELDS: u64 = 32;
/// Up to here every whole number has a float of its own.
const MAX_WHOLE: u64 = 1 << 53;

/// Malformed, or TooLarge, unless `bytes` are one pack by shape.
pub(super) fn check(bytes: &[u8]) -> Result<()> {
    if bytes.len() > MAX_PACK {
        return Err(Error::TooLarge);
    }
    let mut walk = Walk { rest: bytes };
    let records = walk.count(ARRAY)?;
    match usize::try_from(records) {
        Ok(0) => return Err(Error::Malformed),
        Ok(1..=MAX_RECORDS) => {}
        _ => return Err(Error::TooLarge),
    }
    for _ in 0..records {
        let fields = walk.count(MAP)?;
        if fields > MAX_FIELDS {
            return Err(Error::TooLarge);
        }
        for _ in 0..fields {
            walk.label()?;
            walk.value()?;
        }
    }
    if walk.rest.is_empty() { Ok(()) } else { Err(Error::Malformed) }
}

struct Walk<'b> {
    rest: &'b [u8],
}

impl Walk<'_> {
    fn label(&mut self) -> Result<()> {
        match self.head()? {
            Head { major: UINT | NEGATIVE, .. } => Ok(()),
            Head { major: TEXT, argument, .. } => self.skip(argument),
            _ => Err(Error::Malformed),
        }
    }

    /// A text, bytes, a truth value or a number; the only tag is that of a decimal fraction.
    fn value(&mut self) -> Result<()> {
        match self.head()? {
            Head { major: UINT | NEGATIVE, argument, .. } => whole(argument),
            Head { major: BYTES | TEXT, argument, .. } => self.skip(argument),
            Head { major: TAG, argument: DECIMAL_FRACTION, .. } => {
                if self.count(ARRAY)? != 2 {
                    return Err(Error::Malformed);
                }
                self.integer()?;
                self.integer()
            }
            Head { major: OTHER, info: FALSE | TRUE | HALF..=DOUBLE, .. } => Ok(()),
            _ => Err(Error::Malformed),
        }
    }

    fn integer(&mut self) -> Result<()> {
        match self.head()? {
            Head { major: UINT | NEGATIVE, argument, .. } => whole(argument),
            _ => Err(Error::Malformed),
        }
    }

    fn count(&mut self, expected: u8) -> Result<u64> {
        match self.head()? {
            Head { major, argument, .. } if major == expected => Ok(argument),
            _ => Err(Error::Malformed),
        }
    }

    fn head(&mut self) -> Result<Head> {
        let (&first, rest) = self.rest.split_first().ok_or(Error::Malformed)?;
        self.rest = rest;
        let info = first & 0x1f;
        let argument = match info {
            0..=23 => u64::from(info),
            24 => u64::from(u8::from_be_bytes(self.fixed()?)),
            25 => u64::from(u16::from_be_bytes(self.fixed()?)),
            26 => u64::from(u32::from_be_bytes(self.fixed()?)),
            27 => u64::from_be_bytes(self.fixed()?),
            // 28 to 30 are unassigned, 31 is an indefinite length.
            _ => return Err(Error::Malformed),
        };
        Ok(Head { major: first >> 5, info, argument })
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (fixed, rest) = self.rest.split_first_chunk().ok_or(Error::Malformed)?;
        self.rest = rest;
        Ok(*fixed)
    }

    fn skip(&mut self, length: u64) -> Result<()> {
        let length = usize::try_from(length).map_err(|_| Error::Malformed)?;
        self.rest = self.rest.get(length..).ok_or(Error::Malformed)?;
        Ok(())
    }
}

struct Head {
    major: u8,
    info: u8,
    argument: u64,
}

const fn whole(argument: u64) -> Result<()> {
    if argument <= MAX_WHOLE { Ok(()) } else { Err(Error::TooLarge) }
}

const UINT: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const OTHER: u8 = 7;

const FALSE: u8 = 20;
const TRUE: u8 = 21;
const HALF: u8 = 25;
const DOUBLE: u8 = 27;

const DECIMAL_FRACTION: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    /// `[{2: value}]`
    fn pack_of(value: &[u8]) -> Vec<u8> {
        [&[0x81, 0xa1, 0x02][..], value].concat()
    }

    #[test]
    fn every_scalar_of_the_grammar_passes() {
        for value in [
            &[0x05][..],
            &[0x20],
            &[0x41, 0xff],
            &[0x61, 0x61],
            &[0xf4],
            &[0xf5],
            &[0xf9, 0x3c, 0x00],
            &[0xfa, 0x47, 0xc3, 0x50, 0x00],
            &[0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a],
            // 273.15 as a decimal fraction, RFC 8949 §3.4.4.
            &[0xc4, 0x82, 0x21, 0x19, 0x6a, 0xb3],
        ] {
            assert_eq!(check(&pack_of(value)), Ok(()), "{value:02x?}");
        }
    }

    #[test]
    fn everything_else_is_malformed() {
        for value in [
            &[0xf6][..],                                                   // null
            &[0xf7],                                                       // undefined
            &[0xf0],                                                       // an unassigned simple value
            &[0xf8, 0x14],                                                 // false in two bytes
            &[0x80],                                                       // an array
            &[0xa0],                                                       // a map
            &[0xc1, 0x00],                                                 // another tag
            &[0xc4, 0xc4, 0x82, 0x21, 0x05],                               // a tag of a tag
            &[0xc4, 0x83, 0x21, 0x05, 0x05],                               // a decimal fraction of three
            &[0xc4, 0x82, 0x21, 0xc2, 0x41, 0x05],                         // a decimal fraction of a bignum
            &[0xc2, 0x41, 0x05],                                           // a bignum
            &[0x7f, 0x61, 0x61, 0xff],                                     // an indefinite text
            &[0x5f, 0x41, 0x61, 0xff],                                     // indefinite bytes
            &[0x1c],                                                       // an unassigned head
            &[0x41],                                                       // cut short
            &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],             // a head cut short
            &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00], // 2^64 - 1 bytes
            &[0x00, 0x00],                                                 // something behind
        ] {
            assert_eq!(check(&pack_of(value)), Err(Error::Malformed), "{value:02x?}");
        }
    }

    #[test]
    fn the_outside_is_an_array_of_maps() {
        for bytes in
            [&[][..], &[0x80], &[0xa0], &[0x81], &[0x81, 0x01], &[0x9f, 0xa0, 0xff], &[0x81, 0xbf, 0xff]]
        {
            assert_eq!(check(bytes), Err(Error::Malformed), "{bytes:02x?}");
        }
    }

    #[test]
    fn limits_are_told_apart() {
        assert_eq!(check(&[0x99, 0x04, 0x01]), Err(Error::TooLarge), "1025 records");
        assert_eq!(check(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), Err(Error::TooLarge));
        assert_eq!(check(&[0x81, 0xb8, 0x21]), Err(Error::TooLarge), "33 fields");
        let beyond = [0x1b, 0x00, 0x20, 0, 0, 0, 0, 0, 0x01];
        assert_eq!(check(&pack_of(&beyond)), Err(Error::TooLarge), "2^53 + 1 has no float of its own");
        assert_eq!(check(&vec![0; MAX_PACK + 1]), Err(Error::TooLarge));
    }
}
