//! Manifests: one signature over a block of messages (SPEC §10.4).

use core::fmt;

use crate::bytes::joined;
use crate::cbor::{Reader, Writer, count, encode};
use crate::cose::sign1::{self, Sign1};
use crate::cose::structure::{SIG_CONTEXT, sig_context};
use crate::crypto::sign::{PublicKey, SIGNATURE};
use crate::envelope::audience::Audience;
use crate::error::{Error, Result};
use crate::key::id::{Id, Kid};
use crate::limits::{MAX_BLOCK, MAX_NUMBER};
use crate::session::merkle::Hash;

/// What a manifest says, and the signature under it.
#[derive(Clone, Copy)]
pub struct Manifest {
    pub(crate) first: u64,
    pub(crate) count: u64,
    pub(crate) root: Hash,
    pub(crate) signature: [u8; SIGNATURE],
}

impl Manifest {
    /// The first number of the block, and the last.
    pub const fn numbers(&self) -> (u64, u64) {
        (self.first, self.first.saturating_add(self.count).saturating_sub(1))
    }

    /// How many messages the block has.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The root of the block's Merkle tree (RFC 9162 §2.1.1).
    pub const fn root(&self) -> &[u8; 32] {
        &self.root
    }

    /// How many bytes [`Manifest::to_bytes`] gives.
    pub const BYTES: usize = 8 + 8 + 32 + SIGNATURE;

    /// All of it, for a store.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        joined(&[&self.first.to_be_bytes(), &self.count.to_be_bytes(), &self.root, &self.signature])
    }

    /// What [`Manifest::to_bytes`] gave.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let (first, rest) = bytes.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        let (root, rest) = rest.split_first_chunk()?;
        Some(Self {
            first: u64::from_be_bytes(*first),
            count: u64::from_be_bytes(*count),
            root: *root,
            signature: *rest.first_chunk()?,
        })
    }

    pub(crate) const fn covers(&self, sequence: u64) -> bool {
        let (first, last) = self.numbers();
        first <= sequence && sequence <= last
    }

    /// Writes the COSE_Sign1 that is the body of a manifest's message.
    pub(crate) fn write(&self, writer: &mut Writer<'_>, sender: &Kid) {
        sign1::write_head(writer, false, &sender.0, count(|writer| self.write_payload(writer)));
        self.write_payload(writer);
        writer.bytes(&self.signature);
    }

    /// Reads the body of a manifest's message: the exact shape, or `Malformed`. Nothing is proven yet.
    pub(crate) fn read(body: &[u8]) -> Result<(Kid, Self)> {
        let signed = Sign1::read(body)?;
        let mut reader = Reader::new(body.get(signed.payload.clone()).ok_or(Error::Malformed)?);
        reader.array(3);
        let (first, count) = (reader.uint_to(MAX_NUMBER), reader.uint_to(MAX_BLOCK));
        let root = reader.array_of();
        reader.require(count > 0);
        reader.end()?;
        Ok((Kid(signed.kid), Self { first, count, root, signature: signed.signature }))
    }

    /// What is signed: the context, and then the payload.
    pub(crate) fn signed<'r>(
        &self,
        sender: &Id,
        audience: Audience<'_>,
        (context, payload): &'r mut Rooms,
    ) -> Result<[&'r [u8]; 2]> {
        let external_aad = |writer: &mut Writer<'_>| {
            writer.array(3);
            writer.text("zegel-manifest-1");
            writer.bytes(&sender.0);
            writer.raw(audience.encoded());
        };
        let payload = encode(payload, |writer| self.write_payload(writer))?;
        Ok([sig_context(&external_aad, payload.len(), context)?, payload])
    }

    /// [`Error::Rejected`] unless `key` signed this for `audience`.
    pub(crate) fn verify(&self, sender: &Id, key: &PublicKey, audience: Audience<'_>) -> Result<()> {
        key.verify(&self.signed(sender, audience, &mut { ROOMS })?, &self.signature)
    }

    fn write_payload(&self, writer: &mut Writer<'_>) {
        writer.array(3);
        writer.uint(self.first);
        writer.uint(self.count);
        writer.bytes(&self.root);
    }
}

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = self.numbers();
        write!(f, "Manifest({first} to {last})")
    }
}

/// Room for what is signed of a manifest.
pub(crate) type Rooms = ([u8; SIG_CONTEXT], [u8; 48]);
pub(crate) const ROOMS: Rooms = ([0; SIG_CONTEXT], [0; 48]);
/// Room for the body of a manifest's message.
pub(crate) const MANIFEST_BODY: usize = 144;
