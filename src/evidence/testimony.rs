//! Testimony: a statement with its proof, from which evidence is written (SPEC §11.1).

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use crate::cbor::{Reader, Writer, count, write};
use crate::crypto::kdf::sha256;
use crate::crypto::sign::SIGNATURE;
use crate::envelope::audience::{Audience, Held};
use crate::envelope::topic::Topic;
use crate::error::{Error, Result};
use crate::key::card::Card;
use crate::key::id::Id;
use crate::limits::{MAX_BLOCK, MAX_NUMBER};
use crate::session::manifest::Manifest;
use crate::session::merkle::{self, MAX_PATH, Path};

/// What makes a statement provable: its own signature, or a place in a block that was signed.
#[expect(
    clippy::large_enum_variant,
    reason = "a path has its place without a heap, and proofs are not kept in number"
)]
#[derive(Clone, Copy)]
pub(crate) enum Proof {
    Signature([u8; SIGNATURE]),
    Block { first: u64, count: u64, path: Path, signature: [u8; SIGNATURE] },
}

impl Proof {
    /// The exact shape, or `Malformed`.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let mut alone = reader.clone();
        let signature = alone.array_of();
        if alone.check().is_ok() {
            *reader = alone;
            return Ok(Self::Signature(signature));
        }
        reader.array(4);
        let (first, count) = (reader.uint_to(MAX_NUMBER), reader.uint_to(MAX_BLOCK));
        let hashes = reader.array_to(MOST_HASHES);
        let mut path = Path::empty();
        for _ in 0..hashes {
            path.push(reader.array_of())?;
        }
        let signature = reader.array_of();
        reader.require(count > 0);
        Ok(Self::Block { first, count, path, signature })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Signature(signature) => writer.bytes(signature),
            Self::Block { first, count, path, signature } => {
                writer.array(4);
                writer.uint(*first);
                writer.uint(*count);
                writer.array(path.hashes().len());
                path.hashes().iter().for_each(|hash| writer.bytes(hash));
                writer.bytes(signature);
            }
        }
    }

    /// [`Error::Rejected`] unless the card's holder signed `signed`, alone or in its block.
    pub(crate) fn verify(
        &self,
        card: &Card,
        audience: Audience<'_>,
        sequence: u64,
        signed: &[&[u8]],
    ) -> Result<()> {
        match self {
            Self::Signature(signature) => card.key().verify(signed, signature),
            Self::Block { first, count, path, signature } => {
                let leaf = merkle::leaf(signed);
                let index = sequence.checked_sub(*first).ok_or(Error::Rejected)?;
                let root = path.root(leaf, index, *count).ok_or(Error::Rejected)?;
                let manifest = Manifest { first: *first, count: *count, root, signature: *signature };
                manifest.verify(card.id(), card.key(), audience)
            }
        }
    }

    pub(crate) fn numbers(&self, sequence: u64) -> (u64, u64) {
        match self {
            Self::Signature(_) => (sequence, sequence),
            Self::Block { first, count, .. } => (*first, first.saturating_add(*count).saturating_sub(1)),
        }
    }
}

/// A statement that its sender has signed: evidence is written from it, and from nothing else.
#[derive(Clone, Copy)]
pub struct Testimony<'b> {
    pub(crate) sender: Id,
    pub(crate) audience: Held<'b>,
    pub(crate) topic: &'b str,
    pub(crate) statement: &'b [u8],
    pub(crate) proof: Proof,
}

impl<'b> Testimony<'b> {
    /// Who signed it.
    pub const fn sender(&self) -> &Id {
        &self.sender
    }

    /// The encoded statement (SPEC §4.3).
    pub const fn statement(&self) -> &'b [u8] {
        self.statement
    }

    /// How many bytes [`Testimony::write`] would write.
    pub fn len(&self, card: &[u8]) -> Result<usize> {
        let topic = Topic::new(self.topic)?;
        Ok(count(|writer| self.write_to(card, topic, writer)))
    }

    /// Writes evidence to the front of `out`; `card` is the sender's card on the wire.
    ///
    /// # Errors
    /// Those of [`Card::from_bytes`], [`Error::UnknownSender`] for somebody else's card,
    /// [`Error::BufferTooSmall`].
    pub fn write<'o>(&self, card: &[u8], out: &'o mut [u8]) -> Result<&'o [u8]> {
        self.write_with(&Card::from_bytes(card)?, card, out)
    }

    /// [`Testimony::write`] with a card that was verified before, as for the messages of a block: `bytes` are the very
    /// ones that it was read from.
    ///
    /// # Errors
    /// [`Error::UnknownSender`] for somebody else's card, or other bytes; [`Error::BufferTooSmall`].
    pub fn write_with<'o>(&self, card: &Card, bytes: &[u8], out: &'o mut [u8]) -> Result<&'o [u8]> {
        if *card.id() != self.sender || *card.digest() != sha256(&[bytes]) {
            return Err(Error::UnknownSender);
        }
        let topic = Topic::new(self.topic)?;
        let length = write(out, |writer| self.write_to(bytes, topic, writer))?;
        out.get(..length).ok_or(Error::BufferTooSmall)
    }

    /// [`Testimony::write`] into a new vector.
    #[cfg(feature = "alloc")]
    pub fn to_vec(&self, card: &[u8]) -> Result<Vec<u8>> {
        let mut out = alloc::vec![0; self.len(card)?];
        self.write(card, &mut out)?;
        Ok(out)
    }

    /// [`Testimony::write_with`] into a new vector.
    #[cfg(feature = "alloc")]
    pub fn to_vec_with(&self, card: &Card, bytes: &[u8]) -> Result<Vec<u8>> {
        let mut out = alloc::vec![0; self.len(bytes)?];
        self.write_with(card, bytes, &mut out)?;
        Ok(out)
    }

    fn write_to(&self, card: &[u8], topic: Topic<'_>, writer: &mut Writer<'_>) {
        writer.array(5);
        writer.bytes(card);
        writer.raw(self.audience.audience().encoded());
        writer.text(topic.as_str());
        writer.bytes(self.statement);
        self.proof.write(writer);
    }
}

impl core::fmt::Debug for Testimony<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Testimony({}, {} bytes)", self.sender, self.statement.len())
    }
}

const MOST_HASHES: u64 = 6;
const _: () = assert!(MAX_PATH == 6, "SPEC §11.1 says how long a path may be");
