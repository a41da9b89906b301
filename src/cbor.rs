//! Deterministic CBOR, both ways, and nothing else: a reader that accepts one encoding of each value,
//! and a writer into the caller's buffer that also counts (SPEC §3.1).
//!
//! There is no recursion and no allocation: a caller spells out the shape it expects, head by head, so
//! depth, duplicate keys and lengths have no room to be wrong in.

mod head;
mod reader;
mod writer;

pub(crate) use reader::Reader;
pub(crate) use writer::{Writer, count, encode, write};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Result};

    fn written(values: impl Fn(&mut Writer<'_>)) -> std::vec::Vec<u8> {
        let mut buffer = [0xaa; 64];
        let length = write(&mut buffer, &values).unwrap();
        assert_eq!(length, count(&values), "the count is the size");
        buffer[..length].to_vec()
    }

    fn read<'b, T>(bytes: &'b [u8], value: impl FnOnce(&mut Reader<'b>) -> T) -> Result<T> {
        let mut reader = Reader::new(bytes);
        let read = value(&mut reader);
        reader.end().map(|()| read)
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
            assert_eq!(read(hex, Reader::uint), Ok(value));
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
            assert_eq!(read(longer, Reader::uint), Err(Error::Malformed), "{longer:02x?}");
        }
        assert_eq!(read(&[0x5f, 0x41, 0x00, 0xff], Reader::bytes), Err(Error::Malformed));
        assert_eq!(read(&[0x9f, 0xff], |reader| reader.array_to(9)), Err(Error::Malformed));
    }

    #[test]
    fn a_huge_declared_length_is_compared_first() {
        for length in [1u64 << 32, 1 << 63, u64::MAX] {
            let mut input = [0u8; 12];
            input[0] = 0x5b;
            input[1..9].copy_from_slice(&length.to_be_bytes());
            assert_eq!(read(&input, Reader::bytes), Err(Error::Malformed));
        }
    }

    #[test]
    fn nothing_is_read_after_what_is_malformed() {
        let mut reader = Reader::new(&[0x18, 0x00, 0x01, 0x41, 0x02]);
        assert_eq!(reader.uint_to(9), 0);
        assert_eq!((reader.uint(), reader.bytes(), reader.array_of::<1>()), (0, &[][..], [0]));
        assert_eq!((reader.check(), reader.end()), (Err(Error::Malformed), Err(Error::Malformed)));
    }

    #[test]
    fn a_full_buffer_is_an_error() {
        let values = |writer: &mut Writer<'_>| {
            writer.uint(1);
            writer.bytes(&[2, 3]);
            writer.skip(1);
        };
        assert_eq!(write(&mut [0; 5], values), Ok(5));
        for room in 0..5 {
            assert_eq!(write(&mut [0; 5][..room], values), Err(Error::BufferTooSmall));
        }
        assert_eq!(encode(&mut [0; 9], values), Ok(&[1, 0x42, 2, 3, 0][..]));
        assert_eq!(
            count(|writer| [usize::MAX; 2].iter().for_each(|length| writer.skip(*length))),
            usize::MAX
        );
    }
}
