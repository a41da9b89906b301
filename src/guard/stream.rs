//! A stream: one sender to one audience, in which sequence numbers count (SPEC §6.2).

use crate::crypto::kdf::sha256;
use crate::key::id::Id;

/// Names one sender's numbers for one audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stream {
    /// Who sends.
    pub sender: Id,
    /// SHA-256 of the CBOR array that holds the audience's one id, 32 bytes.
    pub audience: [u8; 32],
}

impl Stream {
    /// The stream from `sender` to `audience`.
    pub fn new(sender: Id, audience: &Id) -> Self {
        // An array of one byte string of 32 bytes.
        Self { sender, audience: sha256(&[b"\x81\x58\x20", &audience.0]) }
    }
}
