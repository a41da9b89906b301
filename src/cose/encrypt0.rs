//! COSE_Encrypt0 in HPKE-4 integrated encryption (RFC 9052 §5.2, draft-ietf-cose-hpke, SPEC §4.1).

use crate::cbor::{Reader, Writer};
use crate::cose::header::{EK, HPKE_4, KID};
use crate::cose::structure::{self, ENC_STRUCTURE, ExternalAad};
use crate::error::Result;

/// The CBOR tag of COSE_Encrypt0.
const TAG: u64 = 16;

/// What the outer object holds, as it stands on the wire: nothing here is proven.
pub(crate) struct Encrypt0<'b> {
    pub(crate) kid: [u8; 8],
    pub(crate) ek: [u8; 32],
    /// Ciphertext and tag: the last bytes of the object.
    pub(crate) ciphertext: &'b [u8],
}

impl<'b> Encrypt0<'b> {
    /// The exact shape, or `Malformed`.
    pub(crate) fn read(bytes: &'b [u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        reader.tag(TAG);
        reader.array(3);
        reader.exact_bytes(HPKE_4);
        reader.map(2);
        reader.exactly(KID);
        let kid = reader.array_of();
        reader.exactly(EK);
        let ek = reader.array_of();
        let ciphertext = reader.bytes();
        reader.end()?;
        Ok(Self { kid, ek, ciphertext })
    }
}

/// Writes all that stands before a ciphertext of `length` bytes.
pub(crate) fn write_head(writer: &mut Writer<'_>, kid: &[u8; 8], ek: &[u8; 32], length: usize) {
    writer.tag(TAG);
    writer.array(3);
    writer.bytes(HPKE_4);
    writer.map(2);
    writer.int(KID);
    writer.bytes(kid);
    writer.int(EK);
    writer.bytes(ek);
    writer.bytes_head(length);
}

/// The Enc_structure (RFC 9052 §5.3) of this shape around its external_aad.
pub(crate) fn enc_structure<'r>(
    external_aad: ExternalAad<'_>,
    room: &'r mut [u8; ENC_STRUCTURE],
) -> Result<&'r [u8]> {
    structure::enc_structure("Encrypt0", HPKE_4, external_aad, room)
}
