//! COSE_Encrypt0 under a key that both ends have already: ChaCha20/Poly1305 with a Partial IV
//! (RFC 9052 §5.2, RFC 9053 §4.3, SPEC §10.3, §12.3).

use crate::cbor::{Reader, Writer};
use crate::cose::header::{CHACHA20_POLY1305, KID, PARTIAL_IV};
use crate::cose::structure::{self, ENC_STRUCTURE, ExternalAad};
use crate::error::{Error, Result};

/// The CBOR tag of COSE_Encrypt0.
const TAG: u64 = 16;

/// What a message holds, as it stands on the wire: nothing here is proven.
pub(crate) struct Message<'b> {
    /// Which keys it is under: the id of a session or of a pairing.
    pub(crate) kid: [u8; 8],
    /// The Partial IV as a number.
    pub(crate) number: u64,
    /// Ciphertext and tag: the last bytes of the object.
    pub(crate) ciphertext: &'b [u8],
}

impl<'b> Message<'b> {
    /// The exact shape, or `Malformed`.
    pub(crate) fn read(bytes: &'b [u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        reader.tag(TAG);
        reader.array(3);
        reader.exact_bytes(CHACHA20_POLY1305);
        reader.map(2);
        reader.exactly(KID);
        let kid = reader.array_of();
        reader.exactly(PARTIAL_IV);
        let number = read_partial_iv(reader.bytes())?;
        let ciphertext = reader.bytes();
        reader.end()?;
        Ok(Self { kid, number, ciphertext })
    }
}

/// Writes all that stands before a ciphertext of `length` bytes.
pub(crate) fn write_head(writer: &mut Writer<'_>, kid: &[u8; 8], number: u64, length: usize) {
    writer.tag(TAG);
    writer.array(3);
    writer.bytes(CHACHA20_POLY1305);
    writer.map(2);
    writer.int(KID);
    writer.bytes(kid);
    writer.int(PARTIAL_IV);
    write_partial_iv(writer, number);
    writer.bytes_head(length);
}

/// The Enc_structure (RFC 9052 §5.3) of this shape around its external_aad.
pub(crate) fn enc_structure<'r>(
    external_aad: ExternalAad<'_>,
    room: &'r mut [u8; ENC_STRUCTURE],
) -> Result<&'r [u8]> {
    structure::enc_structure("Encrypt0", CHACHA20_POLY1305, external_aad, room)
}

/// The number in its fewest bytes, at least one.
fn write_partial_iv(writer: &mut Writer<'_>, number: u64) {
    let bytes = number.to_be_bytes();
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(LAST);
    writer.bytes(bytes.get(first..).unwrap_or_default());
}

/// One number has one form: at most 7 bytes, and no zero before another byte.
fn read_partial_iv(bytes: &[u8]) -> Result<u64> {
    let fewest = bytes.len() == 1 || bytes.first().is_some_and(|first| *first != 0);
    if !fewest || bytes.len() > LAST {
        return Err(Error::Malformed);
    }
    Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// Where the last of 8 bytes stands.
const LAST: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cbor::write;

    #[test]
    fn a_number_has_one_partial_iv() {
        for number in [0, 1, 255, 256, 65_535, 65_536, (1 << 53) - 1, (1 << 56) - 1] {
            let mut buffer = [0; 64];
            let end = write(&mut buffer, |writer| {
                write_head(writer, &[7; 8], number, 3);
                writer.skip(3);
            })
            .unwrap();
            let message = Message::read(&buffer[..end]).unwrap();
            assert_eq!((message.kid, message.number, message.ciphertext.len()), ([7; 8], number, 3));
        }
        for other in [&[][..], &[0, 1], &[0, 0], &[1, 0, 0, 0, 0, 0, 0, 0]] {
            assert_eq!(read_partial_iv(other), Err(Error::Malformed), "{other:?}");
        }
    }
}
