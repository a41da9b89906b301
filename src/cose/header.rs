//! Header parameters: the protected ones as whole constant maps, and the key identifier.

use crate::cbor::{Reader, Writer};

/// `{1: 42}`: HPKE-4 (draft-ietf-cose-hpke).
pub(crate) const HPKE_4: &[u8] = b"\xa1\x01\x18\x2a";
/// `{1: -19}`: Ed25519 (RFC 9864).
pub(crate) const ED25519: &[u8] = b"\xa1\x01\x32";
/// `{1: 24}`: ChaCha20/Poly1305 (RFC 9053 §4.3).
pub(crate) const CHACHA20_POLY1305: &[u8] = b"\xa1\x01\x18\x18";
/// `{1: 50}`: HPKE-4-KE (draft-ietf-cose-hpke).
pub(crate) const HPKE_4_KE: &[u8] = b"\xa1\x01\x18\x32";
/// Label of the initialisation vector (RFC 9052 §3.1).
pub(crate) const IV: i64 = 5;
/// Label of the partial initialisation vector (RFC 9052 §3.1).
pub(crate) const PARTIAL_IV: i64 = 6;
/// Label of the key identifier (RFC 9052 §3.1).
pub(crate) const KID: i64 = 4;
/// Label of the encapsulated key (draft-ietf-cose-hpke).
pub(crate) const EK: i64 = -4;

/// Writes the unprotected map `{4: kid}`.
pub(crate) fn write_kid(writer: &mut Writer<'_>, kid: &[u8; 8]) {
    writer.map(1);
    writer.int(KID);
    writer.bytes(kid);
}

/// Reads the unprotected map `{4: kid}`, and no other.
pub(crate) fn read_kid(reader: &mut Reader<'_>) -> [u8; 8] {
    reader.map(1);
    reader.exactly(KID);
    reader.array_of()
}
