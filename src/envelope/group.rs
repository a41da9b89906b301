//! The wire form of an envelope for several recipients, without keys and without policy (SPEC §4.6).

use core::ops::Range;

use crate::cbor::{Reader, Writer};
use crate::cose::encrypt::{Encrypt, Recipient};
use crate::cose::header::CHACHA20_POLY1305;
use crate::cose::structure::{self, ENC_STRUCTURE};
use crate::envelope::audience::Audience;
use crate::envelope::topic::Topic;
use crate::error::{Error, Result};
use crate::key::id::Kid;
use crate::limits::MAX_ENVELOPE;

/// A group envelope as the broker sees it. Nothing here is proven.
pub struct GroupEnvelope<'b> {
    outer: Encrypt<'b>,
    bytes: &'b [u8],
}

impl<'b> GroupEnvelope<'b> {
    /// Reads the exact shape of the outer object; [`Error::Malformed`] for anything else.
    pub fn parse(bytes: &'b [u8]) -> Result<Self> {
        if bytes.len() > MAX_ENVELOPE {
            return Err(Error::Malformed);
        }
        Ok(Self { outer: Encrypt::read(bytes)?, bytes })
    }

    /// The KEM keys that the envelope names as its recipients', in the order of the recipients' ids.
    pub fn claimed_recipients(&self) -> impl Iterator<Item = Kid> + Clone + use<'b> {
        self.outer.recipients().map(|recipient| Kid(recipient.kid))
    }

    /// Ciphertext and tag.
    pub fn ciphertext(&self) -> &'b [u8] {
        self.bytes.get(self.outer.ciphertext.clone()).unwrap_or_default()
    }

    pub(crate) const fn iv(&self) -> &[u8; 12] {
        &self.outer.iv
    }

    pub(crate) fn recipients(&self) -> impl Iterator<Item = Recipient> + Clone + use<'b> {
        self.outer.recipients()
    }

    /// Where in the envelope the ciphertext stands.
    pub(crate) fn ciphertext_range(&self) -> Range<usize> {
        self.outer.ciphertext.clone()
    }
}

/// The plaintext of a group envelope: the audience, and where the COSE_Sign1 stands behind it.
pub(crate) fn read_plaintext(plaintext: &[u8]) -> Result<(Audience<'_>, usize)> {
    let mut reader = Reader::new(plaintext);
    reader.array(2);
    let audience = Audience::read(&mut reader, 2)?;
    let start = plaintext.len().checked_sub(reader.rest().len()).ok_or(Error::Malformed)?;
    Ok((audience, start))
}

/// What the AEAD of a group envelope authenticates beside the text: all recipients' kids are in it, so that none is
/// removed, added, moved or doubled on the way.
pub(crate) fn enc_structure<'r>(
    topic: Topic<'_>,
    kids: impl Iterator<Item = Kid> + Clone,
    room: &'r mut [u8; ENC_STRUCTURE],
) -> Result<&'r [u8]> {
    let external_aad = |writer: &mut Writer<'_>| {
        writer.array(3);
        writer.text("zegel-envelope-1");
        writer.text(topic.as_str());
        writer.array(kids.clone().count());
        kids.clone().for_each(|kid| writer.bytes(&kid.0));
    };
    structure::enc_structure("Encrypt", CHACHA20_POLY1305, &external_aad, room)
}
