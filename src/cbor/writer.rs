//! The writer that also counts (SPEC §3.1).

use crate::cbor::head::{ARRAY, BYTES, MAP, NULL, TAG, TEXT, UINT, split_sign};
use crate::error::{Error, Result};

/// Writes one value after another into a buffer, or only counts when there is none: the size of an
/// output is computed by the code that writes it. What finds no room is counted and not written, and
/// [`write`] says so at the end, so that the lines between read as the shape that they write.
#[derive(Debug)]
pub(crate) struct Writer<'b> {
    buffer: Option<&'b mut [u8]>,
    position: usize,
}

impl Writer<'_> {
    pub(crate) fn uint(&mut self, value: u64) {
        self.head(UINT, value);
    }

    pub(crate) fn int(&mut self, value: i64) {
        let (major, argument) = split_sign(value);
        self.head(major, argument);
    }

    pub(crate) fn uint_or_null(&mut self, value: Option<u64>) {
        match value {
            Some(value) => self.uint(value),
            None => self.raw(&[NULL]),
        }
    }

    pub(crate) fn array(&mut self, items: usize) {
        self.length(ARRAY, items);
    }

    pub(crate) fn map(&mut self, pairs: usize) {
        self.length(MAP, pairs);
    }

    pub(crate) fn tag(&mut self, number: u64) {
        self.head(TAG, number);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes_head(bytes.len());
        self.raw(bytes);
    }

    /// A byte string of `length` zeros.
    pub(crate) fn zeros(&mut self, length: usize) {
        self.bytes_head(length);
        if let Some(room) = self.advance(length) {
            room.fill(0);
        }
    }

    /// The head of a byte string whose content the caller writes next.
    pub(crate) fn bytes_head(&mut self, length: usize) {
        self.length(BYTES, length);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.length(TEXT, text.len());
        self.raw(text.as_bytes());
    }

    /// Bytes that are already encoded.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        // The lengths are equal, and now the compiler sees it, too: the copy has no panic.
        if let Some(room) = self.advance(bytes.len()).filter(|room| room.len() == bytes.len()) {
            room.copy_from_slice(bytes);
        }
    }

    /// Passes over `length` bytes that something else has written or will write.
    pub(crate) fn skip(&mut self, length: usize) {
        self.advance(length);
    }

    fn length(&mut self, major: u8, length: usize) {
        self.head(major, u64::try_from(length).unwrap_or(u64::MAX));
    }

    fn head(&mut self, major: u8, argument: u64) {
        let kind = major << 5;
        let [.., d, c, b, a] = argument.to_be_bytes();
        match argument {
            0..=23 => self.raw(&[kind | a]),
            24..=0xff => self.raw(&[kind | 24, a]),
            0x100..=0xffff => self.raw(&[kind | 25, b, a]),
            0x1_0000..=0xffff_ffff => self.raw(&[kind | 26, d, c, b, a]),
            _ => {
                self.raw(&[kind | 27]);
                self.raw(&argument.to_be_bytes());
            }
        }
    }

    /// The next `length` bytes, `None` where nothing is written.
    fn advance(&mut self, length: usize) -> Option<&mut [u8]> {
        let start = self.position;
        self.position = start.saturating_add(length);
        self.buffer.as_mut()?.get_mut(start..self.position)
    }
}

/// Lets `values` write into `buffer`, and says how many bytes that were; [`Error::BufferTooSmall`] when they did not
/// all find room.
pub(crate) fn write(buffer: &mut [u8], values: impl FnOnce(&mut Writer<'_>)) -> Result<usize> {
    let room = buffer.len();
    let mut writer = Writer { buffer: Some(buffer), position: 0 };
    values(&mut writer);
    if writer.position <= room { Ok(writer.position) } else { Err(Error::BufferTooSmall) }
}

/// How many bytes `values` would write.
pub(crate) fn count(values: impl FnOnce(&mut Writer<'_>)) -> usize {
    let mut writer = Writer { buffer: None, position: 0 };
    values(&mut writer);
    writer.position
}

/// What `values` writes, in `room`: the contexts that are hashed and authenticated. The room is the caller's, on his
/// stack; a struct that brought its own would be copied with each return.
pub(crate) fn encode(room: &mut [u8], values: impl FnOnce(&mut Writer<'_>)) -> Result<&[u8]> {
    let length = write(room, values)?;
    room.get(..length).ok_or(Error::BufferTooSmall)
}
