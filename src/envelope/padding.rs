//! Lengths: how long each part of an envelope is, and how many zeros fill it to a bucket (SPEC §4.5).

use core::cmp::Ordering;

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
        let mut layout = Self::with_pad(measurement, sequence, 0);
        padding.fill(SHORTEST, layout.envelope, &mut |pad| {
            layout = Self::with_pad(measurement, sequence, pad);
            layout.envelope
        })?;
        Ok(layout)
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
    /// Finds the pad: `set` sets one and answers the whole length, which is `bare` without. What it was asked last
    /// is what holds. `shortest` is the first bucket; [`Error::TooLarge`] above [`MAX_ENVELOPE`].
    pub(crate) fn fill(
        self,
        shortest: usize,
        bare: usize,
        set: &mut dyn FnMut(usize) -> usize,
    ) -> Result<()> {
        match self {
            _ if bare > MAX_ENVELOPE => Err(Error::TooLarge),
            Self::None => Ok(()),
            Self::Buckets => fill_bucket(bare, shortest, set),
        }
    }
}

/// Finds the smallest bucket that can be hit exactly: longer heads skip a length here and there.
fn fill_bucket(bare: usize, shortest: usize, set: &mut dyn FnMut(usize) -> usize) -> Result<()> {
    let mut at_least = bare.max(shortest);
    while at_least <= MAX_ENVELOPE {
        let target = if at_least == shortest { shortest } else { bucket(at_least)? };
        let most = target.checked_sub(bare).ok_or(Error::TooLarge)?;
        // Near this one, for the pad's own head grows with it, and those around it by a few bytes at the most.
        let mut pad = most.saturating_sub(count(|writer| writer.bytes_head(most)).saturating_sub(1));
        let mut before = None;
        loop {
            let found = set(pad).cmp(&target);
            pad = match found {
                Ordering::Equal => return Ok(()),
                // The length grows with the pad: whoever has to turn round has passed over the bucket.
                Ordering::Less if before != Some(Ordering::Greater) => pad.saturating_add(1),
                Ordering::Greater if before != Some(Ordering::Less) && pad > 0 => pad.saturating_sub(1),
                _ => break,
            };
            before = Some(found);
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
    /// The pad is found step by step; here all of them are tried.
    #[test]
    fn the_smallest_bucket_that_can_be_hit_is_hit() {
        for length in (0..2100).chain(65_400..65_600) {
            let body = vec![1; length];
            let measurement = Measurement { time: None, format: Format::SENML_CBOR, body: &body };
            let bare = Layout::with_pad(&measurement, 70_000, 0).envelope;
            let mut target = bucket(bare).unwrap();
            let hits = |target: usize| {
                let near = (target - bare).saturating_sub(20)..=target - bare;
                near.into_iter().any(|pad| Layout::with_pad(&measurement, 70_000, pad).envelope == target)
            };
            while !hits(target) {
                target = bucket(target + 1).unwrap();
            }
            let found = Layout::new(&measurement, 70_000, Padding::Buckets).unwrap();
            assert_eq!(found.envelope, target, "{length}");
        }
    }

    #[test]
    fn padme_rounds_up_the_lower_bits() {
        for (length, rounded) in [(2049, 2176), (4096, 4096), (4097, 4352), (9999, 10240), (1 << 20, 1 << 20)]
        {
            assert_eq!(padme(length), Ok(rounded), "{length}");
        }
    }
}
