//! Lengths: how long each part of an envelope is, and how many zeros fill it to a bucket (SPEC §4.5).

use crate::cbor::count;
use crate::cose::{encrypt0, sign1};
use crate::crypto::{aead, sign};
use crate::envelope::statement::Measurement;
use crate::error::{Error, Result};
use crate::limits::MAX_ENVELOPE;

/// How much of a measurement's length the broker may learn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Padding {
    /// All of it: the shortest envelope.
    None,
    /// The bucket: envelopes of 256, 512, 1024 or 2048 bytes, and Padmé lengths above.
    #[default]
    Buckets,
}

/// The lengths of one envelope, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) pad: usize,
    pub(crate) statement: usize,
    pub(crate) ciphertext: usize,
    pub(crate) envelope: usize,
}

impl Layout {
    /// The layout of `measurement` under `sequence`; [`Error::TooLarge`] when no envelope can hold it.
    pub(crate) fn new(measurement: &Measurement<'_>, sequence: u64, padding: Padding) -> Result<Self> {
        let with_pad = |pad| Self::with_pad(measurement, sequence, pad);
        padding.of(SHORTEST, &|pad| with_pad(pad).envelope).map(with_pad)
    }

    fn with_pad(measurement: &Measurement<'_>, sequence: u64, pad: usize) -> Self {
        let statement = count(|writer| measurement.write(writer, sequence, pad));
        let plaintext = count(|writer| {
            sign1::write_head(writer, false, &[0; 8], statement);
            writer.skip(statement);
            writer.bytes(&[0; sign::SIGNATURE]);
        });
        let ciphertext = plaintext.saturating_add(aead::TAG);
        let envelope = count(|writer| {
            encrypt0::write_head(writer, &[0; 8], &[0; 32], ciphertext);
            writer.skip(ciphertext);
        });
        Self { pad, statement, ciphertext, envelope }
    }
}

impl Padding {
    /// How long the pad is. `length` is that of the whole with a pad of so many bytes, `shortest` the first bucket;
    /// [`Error::TooLarge`] above [`MAX_ENVELOPE`].
    pub(crate) fn of(self, shortest: usize, length: &dyn Fn(usize) -> usize) -> Result<usize> {
        let bare = length(0);
        match self {
            _ if bare > MAX_ENVELOPE => Err(Error::TooLarge),
            Self::None => Ok(0),
            Self::Buckets => to_bucket(bare, shortest, length),
        }
    }
}

/// The pad to the smallest bucket that can be hit exactly: longer heads skip a length here and there.
fn to_bucket(bare: usize, shortest: usize, length: &dyn Fn(usize) -> usize) -> Result<usize> {
    let mut at_least = bare.max(shortest);
    while at_least <= MAX_ENVELOPE {
        let target = if at_least == shortest { shortest } else { bucket(at_least)? };
        let most = target.checked_sub(bare).ok_or(Error::TooLarge)?;
        // The pad's own head, and those around it, grow by a few bytes at the most.
        for growth in 0..=MOST_HEAD_GROWTH.min(most) {
            let pad = most.checked_sub(growth).ok_or(Error::TooLarge)?;
            if length(pad) == target {
                return Ok(pad);
            }
        }
        at_least = target.checked_add(1).ok_or(Error::TooLarge)?;
    }
    Err(Error::TooLarge)
}

/// The smallest bucket that is not below `length`.
fn bucket(length: usize) -> Result<usize> {
    match length {
        0..=256 => Ok(256),
        257..=512 => Ok(512),
        513..=1024 => Ok(1024),
        1025..=2048 => Ok(2048),
        _ => padme(length),
    }
}

/// Padmé (Nikitin et al., PETS 2019): keeps the upper bits of a length and rounds the rest up, so that at
/// most 12 % is added and only `O(log log n)` bits of the length are told.
fn padme(length: usize) -> Result<usize> {
    let exponent = length.ilog2();
    let kept = exponent.ilog2().checked_add(1).ok_or(Error::TooLarge)?;
    let dropped = exponent.checked_sub(kept).ok_or(Error::TooLarge)?;
    let mask = 1usize.checked_shl(dropped).and_then(|unit| unit.checked_sub(1)).ok_or(Error::TooLarge)?;
    Ok(length.checked_add(mask).ok_or(Error::TooLarge)? & !mask)
}

/// The first bucket of an envelope.
const SHORTEST: usize = 256;
/// Heads of pad, payload and ciphertext each grow from 1 to at most 5 bytes.
const MOST_HEAD_GROWTH: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::statement::Format;
    use std::vec;

    /// Threat E-08: the length of the envelope tells the bucket, whatever the body's length.
    #[test]
    fn every_body_fills_a_bucket() {
        for length in (0..3000).chain([10_000, 65_000, 100_000, 500_000]) {
            let body = vec![1; length];
            let measurement =
                Measurement { time: Some(1_700_000_000), format: Format::SENML_CBOR, body: &body };
            let bare = Layout::new(&measurement, 70_000, Padding::None).unwrap();
            let padded = Layout::new(&measurement, 70_000, Padding::Buckets).unwrap();
            assert_eq!(bucket(padded.envelope).unwrap(), padded.envelope, "{length}");
            assert!(padded.envelope >= bare.envelope);
            assert!(padded.envelope <= bucket(bucket(bare.envelope).unwrap() + 1).unwrap(), "{length}");
        }
    }

    /// The example of the Padmé paper: 1 to 2 % at this size.
    #[test]
    fn padme_rounds_up_the_lower_bits() {
        for (length, rounded) in [(2049, 2176), (4096, 4096), (4097, 4352), (9999, 10240), (1 << 20, 1 << 20)]
        {
            assert_eq!(padme(length), Ok(rounded), "{length}");
        }
    }
}
