//! COSE_Encrypt with one HPKE-4-KE recipient for each who opens it (RFC 9052 §5.1, draft-ietf-cose-hpke, SPEC §4.6).

use core::ops::Range;

use crate::cbor::{Reader, Writer};
use crate::cose::header::{CHACHA20_POLY1305, EK, HPKE_4_KE, IV, KID};
use crate::crypto::aead;
use crate::error::{Error, Result};
use crate::limits::MAX_RECIPIENTS;

/// The CBOR tag of COSE_Encrypt.
const TAG: u64 = 96;
const FEWEST: u64 = 2;
const MOST: u64 = 16;

/// Bytes of an encrypted content key.
pub(crate) const WRAPPED: usize = 32 + aead::TAG;

/// `["HPKE Recipient", 24, protected, 'zegel-1']`: the Recipient_structure, which is the `info` of every recipient.
pub(crate) const INFO: &[u8] = b"\x84\x6eHPKE Recipient\x18\x18\x44\xa1\x01\x18\x32\x47zegel-1";

/// What the object holds, as it stands on the wire: nothing here is proven.
pub(crate) struct Encrypt<'b> {
    pub(crate) iv: [u8; 12],
    /// Where in the object ciphertext and tag stand.
    pub(crate) ciphertext: Range<usize>,
    /// The recipients, as they are encoded: each of one length.
    recipients: &'b [u8],
}

/// One recipient, as it stands on the wire.
#[derive(Clone, Copy)]
pub(crate) struct Recipient {
    pub(crate) kid: [u8; 8],
    pub(crate) ek: [u8; 32],
    pub(crate) wrapped: [u8; WRAPPED],
}

impl<'b> Encrypt<'b> {
    /// The exact shape, or `Malformed`.
    pub(crate) fn read(bytes: &'b [u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        reader.tag(TAG);
        reader.array(4);
        reader.exact_bytes(CHACHA20_POLY1305);
        reader.map(1);
        reader.exactly(IV);
        let iv = reader.array_of();
        let ciphertext = reader.bytes_range(bytes.len());
        let items = reader.array_to(MOST);
        let recipients = reader.rest();
        let mut kids = [None; MAX_RECIPIENTS];
        for (place, _) in (0..items).enumerate() {
            let kid = Some(Recipient::read(&mut reader).kid);
            // With one kid twice nobody could say whose place it is.
            if kids.contains(&kid) {
                return Err(Error::Malformed);
            }
            *kids.get_mut(place).ok_or(Error::Malformed)? = kid;
        }
        reader.require(items >= FEWEST);
        reader.end()?;
        Ok(Self { iv, ciphertext, recipients })
    }

    /// The recipients, in their order.
    pub(crate) fn recipients(&self) -> impl Iterator<Item = Recipient> + Clone + use<'b> {
        let mut reader = Reader::new(self.recipients);
        core::iter::from_fn(move || {
            let recipient = Recipient::read(&mut reader);
            reader.check().is_ok().then_some(recipient)
        })
    }
}

impl Recipient {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.array(3);
        reader.exact_bytes(HPKE_4_KE);
        reader.map(2);
        reader.exactly(KID);
        let kid = reader.array_of();
        reader.exactly(EK);
        let ek = reader.array_of();
        Self { kid, ek, wrapped: reader.array_of() }
    }

    /// Writes one recipient.
    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        writer.array(3);
        writer.bytes(HPKE_4_KE);
        writer.map(2);
        writer.int(KID);
        writer.bytes(&self.kid);
        writer.int(EK);
        writer.bytes(&self.ek);
        writer.bytes(&self.wrapped);
    }
}

/// Writes all that stands before a ciphertext of `length` bytes.
pub(crate) fn write_head(writer: &mut Writer<'_>, iv: &[u8; 12], length: usize) {
    writer.tag(TAG);
    writer.array(4);
    writer.bytes(CHACHA20_POLY1305);
    writer.map(1);
    writer.int(IV);
    writer.bytes(iv);
    writer.bytes_head(length);
}
