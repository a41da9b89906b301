//! The writer that also counts (SPEC §3.1).

use core::mem::replace;

use crate::cbor::head::{ARRAY, BYTES, MAP, NULL, TAG, TEXT, UINT, split_sign};
use crate::error::{Error, Result};

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
