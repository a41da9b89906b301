//! COSE_Sign1 with Ed25519 (RFC 9052 §4.2, SPEC §4.2).

use core::ops::Range;

use crate::cbor::{Reader, Writer};
use crate::cose::header::{self, ED25519};
use crate::crypto::sign::SIGNATURE;
use crate::error::Result;

/// The CBOR tag of COSE_Sign1, where the object stands alone.
const TAG: u64 = 18;

/// What a signed object claims. Nothing here is proven before the signature is verified.
pub(crate) struct Sign1 {
    pub(crate) kid: [u8; 8],
    /// Where in the object the payload stands.
    pub(crate) payload: Range<usize>,
    pub(crate) signature: [u8; SIGNATURE],
}

impl Sign1 {
    /// Reads the untagged form that stands inside an envelope.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self> {
        Self::read_from(Reader::new(bytes), bytes.len())
    }

    /// Reads the tagged form that stands alone.
    pub(crate) fn read_tagged(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        reader.tag(TAG);
        Self::read_from(reader, bytes.len())
    }

    fn read_from(mut reader: Reader<'_>, total: usize) -> Result<Self> {
        reader.array(4);
        reader.exact_bytes(ED25519);
        let kid = header::read_kid(&mut reader);
        let payload = reader.bytes_range(total);
        let signature = reader.array_of();
        reader.end()?;
        Ok(Self { kid, payload, signature })
    }
}

/// Writes all that stands before a payload of `length` bytes; `tagged` where the object stands alone.
pub(crate) fn write_head(writer: &mut Writer<'_>, tagged: bool, kid: &[u8; 8], length: usize) {
    if tagged {
        writer.tag(TAG);
    }
    writer.array(4);
    writer.bytes(ED25519);
    header::write_kid(writer, kid);
    writer.bytes_head(length);
}
