//! What COSE authenticates beside the content: the Enc_structure and the Sig_structure, around the bytes that an
//! application adds of its own (RFC 9052 §4.4, §5.3).

use crate::cbor::{Writer, count, encode};
use crate::cose::header::ED25519;
use crate::error::Result;

/// The external_aad of a structure. It is asked twice: how long it is, and what it is.
pub(crate) type ExternalAad<'a> = &'a dyn Fn(&mut Writer<'_>);

/// Room for an Enc_structure with a topic of 255 bytes and the kids of 16 recipients.
pub(crate) const ENC_STRUCTURE: usize = 480;

/// Room for a Sig_structure up to its payload, with two ids in it.
pub(crate) const SIG_CONTEXT: usize = 160;

/// `[context, protected, external_aad]`: the additional data of the AEAD.
pub(crate) fn enc_structure<'r>(
    context: &str,
    protected: &[u8],
    external_aad: ExternalAad<'_>,
    room: &'r mut [u8; ENC_STRUCTURE],
) -> Result<&'r [u8]> {
    encode(room, |writer| {
        writer.array(3);
        writer.text(context);
        writer.bytes(protected);
        writer.bytes_head(count(external_aad));
        external_aad(writer);
    })
}

/// `["Signature1", protected, external_aad, payload]` up to a payload of `length` bytes, which the caller hashes after it.
pub(crate) fn sig_context<'r>(
    external_aad: ExternalAad<'_>,
    length: usize,
    room: &'r mut [u8; SIG_CONTEXT],
) -> Result<&'r [u8]> {
    encode(room, |writer| {
        write_sig_head(writer, count(external_aad));
        external_aad(writer);
        writer.bytes_head(length);
    })
}

/// Writes the same up to an external_aad of `length` bytes, which the caller writes next.
pub(crate) fn write_sig_head(writer: &mut Writer<'_>, length: usize) {
    writer.array(4);
    writer.text("Signature1");
    writer.bytes(ED25519);
    writer.bytes_head(length);
}
