//! Cards: the public keys of somebody, signed by the identity they name (SPEC §8).
//!
//! [`Card::parse`] gives claims, [`UnverifiedCard::verify`] a [`Card`]. A card proves that its keys belong
//! together; that they belong to the right person is for the user to say, by pinning it.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;

use rand_core::TryCryptoRng;

use crate::bytes::joined;
use crate::cbor::{Writer, count, write};
use crate::cose::sign1::{self, Sign1};
use crate::cose::structure::{SIG_CONTEXT, sig_context};
use crate::crypto::kdf::sha256;
use crate::crypto::sign::PublicKey;
use crate::error::{Error, Result};
use crate::key::claims::{CardClaims, Claims, KemKeys, Status};
use crate::key::id::Id;
use crate::key::identity::Sign;
use crate::key::kem::KemPublic;
use crate::key::published;
use crate::limits::{MAX_CARD, MAX_LABEL};
use crate::secret::{Secret, Wipe};

/// A verified card: its own identity signed it.
#[derive(Clone)]
pub struct Card {
    id: Id,
    key: PublicKey,
    serial: u64,
    not_before: u64,
    expires: u64,
    label: Label,
    kem_keys: KemKeys,
    status: Status,
    digest: [u8; 32],
}

impl Card {
    /// Signs `claims` and writes the card into `out`; [`MAX_CARD`] bytes are always enough.
    ///
    /// # Errors
    /// [`Error::Malformed`] for claims that SPEC §8.1 forbids, [`Error::BufferTooSmall`],
    /// [`Error::Entropy`], and what the signer says. On any of them `out` is wiped.
    pub fn issue<'o, R: TryCryptoRng + ?Sized>(
        claims: &CardClaims<'_>,
        signer: &impl Sign,
        rng: &mut R,
        out: &'o mut [u8],
    ) -> Result<&'o [u8]> {
        let mut out = Wipe::new(out);
        claims.check()?;
        let public = signer.public_key();
        let length = count(|writer| claims.write(public, writer));
        let noise = Secret::random(rng)?;
        let end = write(out.bytes_mut(), |writer| {
            sign1::write_head(writer, true, &Id::of(public).kid().0, length);
            claims.write(public, writer);
        })?;
        let start = end.checked_sub(length).ok_or(Error::BufferTooSmall)?;
        let payload = out.bytes().get(start..end).ok_or(Error::BufferTooSmall)?;
        let mut room = [0; SIG_CONTEXT];
        let context = sig_context(&external_aad, length, &mut room)?;
        let signature = signer.sign(&[context, payload], &noise)?;
        let end = write(out.bytes_mut(), |writer| {
            writer.skip(end);
            writer.bytes(&signature);
        })?;
        out.keep().get(..end).ok_or(Error::BufferTooSmall)
    }

    /// [`Card::issue`] into a new vector.
    #[cfg(feature = "alloc")]
    pub fn issue_to_vec<R: TryCryptoRng + ?Sized>(
        claims: &CardClaims<'_>,
        signer: &impl Sign,
        rng: &mut R,
    ) -> Result<Vec<u8>> {
        Self::issue(claims, signer, rng, &mut [0; MAX_CARD]).map(<[u8]>::to_vec)
    }

    /// Reads the exact shape of a card; [`Error::Malformed`] for anything else.
    pub fn parse(bytes: &[u8]) -> Result<UnverifiedCard<'_>> {
        UnverifiedCard::parse(bytes)
    }

    /// Reads and verifies a card.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::parse(bytes)?.verify()
    }

    /// Who holds these keys.
    pub const fn id(&self) -> &Id {
        &self.id
    }

    /// Counts up with each card of an identity.
    pub const fn serial(&self) -> u64 {
        self.serial
    }

    /// First second of validity, since 1970.
    pub const fn not_before(&self) -> u64 {
        self.not_before
    }

    /// Last second of validity, since 1970.
    pub const fn expires(&self) -> u64 {
        self.expires
    }

    /// What people call the holder. Anybody can choose any label: show it beside the fingerprint.
    pub fn label(&self) -> &str {
        self.label.as_str()
    }

    /// The keys to seal to, the current one first.
    pub fn kem_keys(&self) -> impl Iterator<Item = &KemPublic> {
        self.kem_keys.iter().flatten()
    }

    /// Whether the holder still uses these keys.
    pub const fn status(&self) -> Status {
        self.status
    }

    /// SHA-256 of the card's bytes: tells two cards of one serial apart.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Checks status and validity at `now`, seconds since 1970; without a clock the status alone.
    ///
    /// # Errors
    /// [`Error::Revoked`], [`Error::NotYetValid`], [`Error::Expired`].
    pub fn check_valid(&self, now: Option<u64>) -> Result<()> {
        match (self.status, now) {
            (Status::Withdrawn, _) => Err(Error::Revoked),
            (_, Some(now)) if now < self.not_before => Err(Error::NotYetValid),
            (_, Some(now)) if now > self.expires => Err(Error::Expired),
            _ => Ok(()),
        }
    }

    pub(crate) const fn key(&self) -> &PublicKey {
        &self.key
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Card({}, serial {})", self.id, self.serial)
    }
}

/// What a card claims before its signature is checked.
pub struct UnverifiedCard<'b> {
    bytes: &'b [u8],
    signed: Sign1,
    claims: Claims<'b>,
}

impl<'b> UnverifiedCard<'b> {
    fn parse(bytes: &'b [u8]) -> Result<Self> {
        if bytes.len() > MAX_CARD {
            return Err(Error::Malformed);
        }
        let signed = Sign1::read_tagged(bytes)?;
        let claims = Claims::read(bytes.get(signed.payload.clone()).ok_or(Error::Malformed)?)?;
        Ok(Self { bytes, signed, claims })
    }

    /// The identity whose key the card holds.
    pub fn claimed_id(&self) -> Id {
        Id::of(&self.claims.public)
    }

    /// The label the card holds.
    pub const fn claimed_label(&self) -> &'b str {
        self.claims.label
    }

    /// The serial the card holds.
    pub const fn claimed_serial(&self) -> u64 {
        self.claims.serial
    }

    /// Checks the keys and the signature (SPEC §8.2).
    ///
    /// # Errors
    /// [`Error::Malformed`] when a key identifier is not its key's, [`Error::WeakKey`],
    /// [`Error::Rejected`] when the signature does not hold.
    pub fn verify(self) -> Result<Card> {
        let claims = &self.claims;
        let id = self.claimed_id();
        if self.signed.kid != id.kid().0 {
            return Err(Error::Malformed);
        }
        let key = PublicKey::from_bytes(&claims.public)?;
        published::refuse(&id.0)?;
        let kem_keys = claims.checked_kem_keys()?;
        let payload = self.bytes.get(self.signed.payload.clone()).ok_or(Error::Malformed)?;
        let mut room = [0; SIG_CONTEXT];
        let context = sig_context(&external_aad, payload.len(), &mut room)?;
        key.verify(&[context, payload], &self.signed.signature)?;
        Ok(Card {
            id,
            key,
            serial: claims.serial,
            not_before: claims.not_before,
            expires: claims.expires,
            label: Label::new(claims.label),
            kem_keys,
            status: claims.status,
            digest: sha256(&[self.bytes]),
        })
    }
}

/// A label kept without a heap.
#[derive(Clone)]
struct Label {
    bytes: [u8; MAX_LABEL],
    length: usize,
}

impl Label {
    fn new(text: &str) -> Self {
        Self { bytes: joined(&[text.as_bytes()]), length: text.len() }
    }

    fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

fn external_aad(writer: &mut Writer<'_>) {
    writer.array(1);
    writer.text("zegel-card-1");
}
