//! The wire form of an envelope, without keys and without policy: what the broker sees, the statement
//! inside, the contexts that bind both, and the lengths (SPEC §4).

pub(crate) mod audience;
pub(crate) mod group;
pub(crate) mod padding;
pub(crate) mod statement;
pub(crate) mod topic;

use crate::cbor::{Writer, count, encode};
use crate::cose::encrypt0::{self, Encrypt0};
use crate::cose::structure::{ENC_STRUCTURE, write_sig_head};
use crate::crypto::schedule::Context;
use crate::envelope::audience::Audience;
use crate::envelope::topic::Topic;
use crate::error::{Error, Result};
use crate::key::id::{Id, Kid};
use crate::limits::MAX_ENVELOPE;

pub use crate::envelope::group::GroupEnvelope;
pub use crate::envelope::padding::Padding;
pub use crate::envelope::statement::{Format, Measurement};

/// HPKE's context of mode base and the `info` "zegel-1", by which no other protocol derives the same keys
/// (SPEC §5.1). A constant because its two hashes are a third of the key schedule; a test computes it again.
pub(crate) const CONTEXT: Context = *b"\x00\
    \x43\x1d\xf6\xcd\x95\xe1\x1f\xf4\x9d\x70\x13\x56\x3b\xaf\x7f\x11\
    \x58\x8c\x75\xa6\x61\x1e\xe2\xa4\x40\x4a\x49\x30\x6a\xe4\xcf\xc5\
    \x81\xc7\x5f\x81\x23\x0a\xc5\x7a\x50\x9e\x52\x58\x03\x61\x04\x77\
    \x00\xd0\x25\x05\xfb\x95\xc6\xde\xa7\xde\xc6\x42\x6e\xa2\x2f\xa9";

/// A one-shot envelope as the broker sees it. Nothing here is proven.
pub struct Envelope<'b> {
    outer: Encrypt0<'b>,
    length: usize,
}

impl<'b> Envelope<'b> {
    /// Reads the exact shape of the outer object; [`Error::Malformed`] for anything else.
    pub fn parse(bytes: &'b [u8]) -> Result<Self> {
        if bytes.len() > MAX_ENVELOPE {
            return Err(Error::Malformed);
        }
        Ok(Self { outer: Encrypt0::read(bytes)?, length: bytes.len() })
    }

    /// The KEM key that the envelope names as its recipient's.
    pub const fn claimed_recipient(&self) -> Kid {
        Kid(self.outer.kid)
    }

    /// The encapsulated key: a fresh X25519 public key, 32 bytes.
    pub const fn ek(&self) -> &[u8; 32] {
        &self.outer.ek
    }

    /// Ciphertext and tag: the last bytes of the envelope.
    pub const fn ciphertext(&self) -> &'b [u8] {
        self.outer.ciphertext
    }

    /// Bytes before the ciphertext.
    pub(crate) fn head_length(&self) -> Result<usize> {
        self.length.checked_sub(self.outer.ciphertext.len()).ok_or(Error::Malformed)
    }
}

/// What the AEAD of an envelope authenticates beside the text (SPEC §4.4).
pub(crate) fn enc_structure<'r>(topic: Topic<'_>, room: &'r mut [u8; ENC_STRUCTURE]) -> Result<&'r [u8]> {
    let external_aad = |writer: &mut Writer<'_>| {
        writer.array(2);
        writer.text("zegel-envelope-1");
        writer.text(topic.as_str());
    };
    encrypt0::enc_structure(&external_aad, room)
}

/// What stands before a statement in the bytes that a sender signs (SPEC §4.4), in three parts so that an
/// audience of sixteen needs no copy: audience and topic are under the signature without standing in the envelope.
pub(crate) struct StatementContext<'a> {
    before: &'a [u8],
    audience: Audience<'a>,
    after: &'a [u8],
}

/// Room for the two parts that are written: up to the sender, and from a topic of 255 bytes on.
pub(crate) const STATEMENT_CONTEXT: usize = BEFORE + 272;
const BEFORE: usize = 80;

impl<'a> StatementContext<'a> {
    pub(crate) fn new(
        sender: &Id,
        audience: Audience<'a>,
        topic: Topic<'_>,
        statement_length: usize,
        room: &'a mut [u8; STATEMENT_CONTEXT],
    ) -> Result<Self> {
        let external_aad = |writer: &mut Writer<'_>| {
            writer.array(4);
            writer.text("zegel-statement-1");
            writer.bytes(&sender.0);
        };
        let topic_length = count(|writer| writer.text(topic.as_str()));
        let length =
            count(external_aad).saturating_add(audience.encoded().len()).saturating_add(topic_length);
        let (before, after) = room.split_at_mut_checked(BEFORE).ok_or(Error::BufferTooSmall)?;
        Ok(Self {
            before: encode(before, |writer| {
                write_sig_head(writer, length);
                external_aad(writer);
            })?,
            audience,
            after: encode(after, |writer| {
                writer.text(topic.as_str());
                writer.bytes_head(statement_length);
            })?,
        })
    }

    /// All that is signed of a statement in one piece.
    pub(crate) const fn with<'s>(&'s self, statement: &'s [u8]) -> [&'s [u8]; 4] {
        [self.before, self.audience.encoded(), self.after, statement]
    }

    /// All that is signed of a statement whose sequence number stands apart from the rest of it.
    pub(crate) const fn with_halves<'s>(&'s self, number: &'s [u8], rest: &'s [u8]) -> [&'s [u8]; 5] {
        [self.before, self.audience.encoded(), self.after, number, rest]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::schedule::context;

    #[test]
    fn the_constant_context_is_that_of_the_info() {
        assert_eq!(CONTEXT, context(0, b"", b"zegel-1"));
    }
}
