//! Sequence numbers in two slots of flash (SPEC §6.2): a number is durable before it is used, whenever the power goes.
//!
//! The slots are written in turn. Of two that hold, the newer counts. One that is torn may never have been whole, or it
//! held, was used and did not last: the other has what was promised before, and what the torn one may have promised is
//! passed over. When neither holds nothing is known, and nothing is sealed.

use core::ops::Range;

use zegel::{Error, MAX_NUMBER, Result, SequenceStore, Stream};

use crate::bytes::joined;
use crate::outside::answered;
use crate::types::zegel_storage;

/// How many numbers one write reserves: a reset skips those that are left.
pub(crate) const BLOCK: u64 = 64;
/// Bytes of a slot.
pub(crate) const SLOT: usize = 64;

/// Where the numbers of one stream stand.
pub(crate) struct Numbers(zegel_storage);

/// What a slot holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// Nothing was ever written.
    Blank,
    /// No record: torn, worn out, or not to be read.
    Torn,
    /// Another stream's record.
    Foreign,
    Record(Record),
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Record {
    generation: u64,
    /// The first number that nobody may have used.
    end: u64,
}

impl Numbers {
    pub(crate) const fn new(storage: &zegel_storage) -> Self {
        Self(*storage)
    }

    /// Prepares the slots of a new stream, once in its life; again is nothing.
    ///
    /// # Errors
    /// [`Error::Storage`] when they hold anything else: to begin at 0 again would use numbers twice.
    pub(crate) fn create(&self, stream: &Stream) -> Result<()> {
        match (self.read(0, stream)?, self.read(1, stream)?) {
            (Kept::Record(_), Kept::Record(_) | Kept::Torn | Kept::Blank)
            | (Kept::Torn | Kept::Blank, Kept::Record(_)) => Ok(()),
            // The second slot is written after the first holds: while it is blank, no number was given out.
            (Kept::Blank | Kept::Torn, Kept::Blank) => {
                self.write(0, stream, Record { generation: 1, end: 0 })
            }
            _ => Err(Error::Storage),
        }
    }

    /// The newer record, the slot that the next one goes to, and whether a record was lost there.
    fn newest(&self, stream: &Stream) -> Result<(Record, u32, bool)> {
        // Flash with checks of its own refuses to read what was torn, until that is erased.
        let [first, second] = [0, 1].map(|slot| self.read(slot, stream).unwrap_or(Kept::Torn));
        match (first, second) {
            (Kept::Record(a), Kept::Record(b)) if b.generation > a.generation => Ok((b, 0, false)),
            (Kept::Record(a), Kept::Record(_)) => Ok((a, 1, false)),
            // Blank is how an erase leaves a slot when the write after it never began.
            (Kept::Record(a), other @ (Kept::Torn | Kept::Blank)) => Ok((a, 1, other == Kept::Torn)),
            (other @ (Kept::Torn | Kept::Blank), Kept::Record(b)) => Ok((b, 0, other == Kept::Torn)),
            _ => Err(Error::Storage),
        }
    }

    fn read(&self, slot: u32, stream: &Stream) -> Result<Kept> {
        self.read_bytes(slot).map(|bytes| Kept::of(&bytes, stream))
    }

    fn read_bytes(&self, slot: u32) -> Result<[u8; SLOT]> {
        let mut bytes = [0; SLOT];
        let read = self.0.read.ok_or(Error::Storage)?;
        answered(read(self.0.user, slot, bytes.as_mut_ptr(), SLOT), Error::Storage)?;
        Ok(bytes)
    }

    /// Writes a record and reads it back: a write that says it succeeded is not believed.
    fn write(&self, slot: u32, stream: &Stream, record: Record) -> Result<()> {
        let bytes = record.to_bytes(stream);
        let write = self.0.write.ok_or(Error::Storage)?;
        answered(write(self.0.user, slot, bytes.as_ptr(), SLOT), Error::Storage)?;
        if self.read_bytes(slot)? == bytes { Ok(()) } else { Err(Error::Storage) }
    }
}

impl SequenceStore for Numbers {
    fn reserve(&mut self, stream: &Stream) -> Result<Range<u64>> {
        let (newest, slot, lost) = self.newest(stream)?;
        // What was lost was one write ahead of what is left, and may have been used.
        let (passed, writes) = if lost { (BLOCK, 2) } else { (0, 1) };
        let first = newest.end.saturating_add(passed);
        if first > MAX_NUMBER {
            return Err(Error::Exhausted);
        }
        let end = first.saturating_add(BLOCK);
        let mut generation = newest.generation;
        // A slot that did not last once may do so again: after it the other gets to know as much.
        for other in 0..writes {
            generation = generation.checked_add(1).ok_or(Error::Exhausted)?;
            self.write(slot ^ other, stream, Record { generation, end })?;
        }
        Ok(first..end)
    }
}

impl Kept {
    fn of(bytes: &[u8; SLOT], stream: &Stream) -> Self {
        if [0x00, 0xff].iter().any(|blank| bytes.iter().all(|byte| byte == blank)) {
            return Self::Blank;
        }
        let generation = number(bytes, GENERATION);
        let record = Record { generation, end: number(bytes, END) };
        if record.to_bytes(stream) == *bytes {
            Self::Record(record)
        } else if sealed(bytes) {
            Self::Foreign
        } else {
            Self::Torn
        }
    }
}

impl Record {
    /// `magic, generation, end, sender, audience, checks`: 64 bytes.
    fn to_bytes(self, stream: &Stream) -> [u8; SLOT] {
        let [sender, audience] =
            [&stream.sender.0, &stream.audience].map(|name| name.get(..HALF).unwrap_or_default());
        let (generation, end) = (self.generation.to_be_bytes(), self.end.to_be_bytes());
        let mut bytes = joined(&[MAGIC, &generation, &end, sender, audience]);
        let checks = checks(&bytes);
        if let Some(place) = bytes.last_chunk_mut() {
            *place = checks;
        }
        bytes
    }
}

fn number(bytes: &[u8; SLOT], at: usize) -> u64 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

fn sealed(bytes: &[u8; SLOT]) -> bool {
    bytes.starts_with(MAGIC) && bytes.ends_with(&checks(bytes))
}

/// CRC-32 and CRC-32C of what stands before them: together they miss one torn write in 2^64.
fn checks(bytes: &[u8; SLOT]) -> [u8; 8] {
    let said = || bytes.iter().take(CHECKS);
    let [first, second] = [0xedb8_8320, 0x82f6_3b78].map(|polynomial| u64::from(crc(said(), polynomial)));
    (first << 32 | second).to_be_bytes()
}

fn crc<'b>(bytes: impl Iterator<Item = &'b u8>, polynomial: u32) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ if crc & 1 == 1 { polynomial } else { 0 };
        }
    }
    !crc
}

const MAGIC: &[u8; 8] = b"zegel\0\0\x01";
const GENERATION: usize = 8;
const END: usize = 16;
const CHECKS: usize = 56;
const HALF: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use zegel::Id;

    #[test]
    fn checks_are_the_known_ones() {
        assert_eq!(crc(b"123456789".iter(), 0xedb8_8320), 0xcbf4_3926);
        assert_eq!(crc(b"123456789".iter(), 0x82f6_3b78), 0xe306_9283);
    }

    #[test]
    fn every_single_wrong_bit_is_torn() {
        let stream = Stream::new(Id([1; 32]), &Id([2; 32]));
        let good = Record { generation: 3, end: 192 }.to_bytes(&stream);
        assert!(Kept::of(&good, &stream) == Kept::Record(Record { generation: 3, end: 192 }));
        assert!(Kept::of(&good, &Stream::new(Id([1; 32]), &Id([3; 32]))) == Kept::Foreign);
        for bit in 0..SLOT * 8 {
            let mut bad = good;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Kept::of(&bad, &stream) == Kept::Torn, "{bit}");
        }
        assert!(Kept::of(&[0xff; SLOT], &stream) == Kept::Blank);
    }
}
