//! Cards: the public keys of somebody, signed by the identity they name (SPEC §8).
//!
//! [`Card::parse`] gives claims, [`UnverifiedCard::verify`] a [`Card`]. A card proves that its keys belong
//! together; that they belong to the right person is for the user to say, by pinning it.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;

use rand_core::TryCryptoRng;

use crate::cbor::{Reader, Writer, count};
use crate::cose::sign1::{self, Sign1};
use crate::crypto::kdf::sha256;
use crate::crypto::sign::PublicKey;
use crate::error::{Error, Result};
use crate::key::id::{Curve, Id, Kid};
use crate::key::identity::Sign;
use crate::key::kem::KemPublic;
use crate::key::published;
use crate::limits::{MAX_CARD, MAX_KEM_KEYS, MAX_LABEL, MAX_NUMBER};
use crate::secret::{Secret, Wipe};

/// Whether the holder still uses these keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// In use.
    Active,
    /// Given up for good: no later card of this identity is accepted.
    Withdrawn,
}

/// What a card says. Times are seconds since 1970; the card is valid from `not_before` to `expires`,
/// both included.
#[derive(Clone, Copy, Debug)]
pub struct CardClaims<'a> {
    /// Counts up with each card of an identity; the highest wins.
    pub serial: u64,
    /// First second of validity.
    pub not_before: u64,
    /// Last second of validity.
    pub expires: u64,
    /// What people call the holder: 0 to 64 bytes, no control characters.
    pub label: &'a str,
    /// 0 to 4 keys to seal to, the current one first. A device that only seals has none.
    pub kem_keys: &'a [KemPublic],
    /// Whether the holder still uses these keys.
    pub status: Status,
}

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
        let length = count(|writer| claims.write(public, writer))?;
        let noise = Secret::random(rng)?;
        let mut writer = Writer::new(out.bytes_mut());
        sign1::write_head(&mut writer, true, &Id::of(public).kid().0, length)?;
        let start = writer.written();
        claims.write(public, &mut writer)?;
        let end = writer.written();
        let payload = out.bytes().get(start..end).ok_or(Error::BufferTooSmall)?;
        let context = sign1::sig_context(external_aad, length)?;
        let signature = signer.sign(&[context.bytes(), payload], &noise)?;
        let mut writer = Writer::new(out.bytes_mut());
        writer.skip(end)?;
        writer.bytes(&signature)?;
        let end = writer.written();
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
        let context = sign1::sig_context(external_aad, payload.len())?;
        key.verify(&[context.bytes(), payload], &self.signed.signature)?;
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

type KemKeys = [Option<KemPublic>; MAX_KEM_KEYS];

/// A label kept without a heap.
#[derive(Clone)]
struct Label {
    bytes: [u8; MAX_LABEL],
    length: usize,
}

impl Label {
    fn new(text: &str) -> Self {
        let mut bytes = [0; MAX_LABEL];
        for (place, byte) in bytes.iter_mut().zip(text.bytes()) {
            *place = byte;
        }
        Self { bytes, length: text.len() }
    }

    fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl CardClaims<'_> {
    fn check(&self) -> Result<()> {
        let numbers =
            self.serial <= MAX_NUMBER && self.not_before <= self.expires && self.expires <= MAX_NUMBER;
        let keys =
            self.kem_keys.len() <= MAX_KEM_KEYS && all_different(self.kem_keys.iter().map(KemPublic::kid));
        if numbers && keys && is_label(self.label) { Ok(()) } else { Err(Error::Malformed) }
    }

    /// Writes the CWT claims set of SPEC §8.1; keys are in bytewise order.
    fn write(&self, public: &[u8; 32], writer: &mut Writer<'_>) -> Result<()> {
        writer.map(7)?;
        writer.int(EXP)?;
        writer.uint(self.expires)?;
        writer.int(NBF)?;
        writer.uint(self.not_before)?;
        writer.int(CNF)?;
        writer.map(1)?;
        writer.int(COSE_KEY)?;
        writer.map(3)?;
        write_okp(writer, Curve::Ed25519, None, public)?;
        writer.int(SERIAL)?;
        writer.uint(self.serial)?;
        writer.int(KEM_KEYS)?;
        writer.array(u64::try_from(self.kem_keys.len()).map_err(|_| Error::Malformed)?)?;
        for key in self.kem_keys {
            writer.map(4)?;
            write_okp(writer, Curve::X25519, Some(key.kid()), key.as_bytes())?;
        }
        writer.int(LABEL)?;
        writer.text(self.label)?;
        writer.int(STATUS)?;
        writer.uint(match self.status {
            Status::Active => 0,
            Status::Withdrawn => 1,
        })
    }
}

/// The claims as they stand in a card.
struct Claims<'b> {
    public: [u8; 32],
    serial: u64,
    not_before: u64,
    expires: u64,
    label: &'b str,
    kem_keys: [Option<(Kid, [u8; 32])>; MAX_KEM_KEYS],
    status: Status,
}

impl<'b> Claims<'b> {
    fn read(bytes: &'b [u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        reader.map(7)?;
        reader.exactly(EXP)?;
        let expires = reader.uint_to(MAX_NUMBER)?;
        reader.exactly(NBF)?;
        let not_before = reader.uint_to(expires)?;
        reader.exactly(CNF)?;
        reader.map(1)?;
        reader.exactly(COSE_KEY)?;
        reader.map(3)?;
        let (_, public) = read_okp(&mut reader, Curve::Ed25519)?;
        reader.exactly(SERIAL)?;
        let serial = reader.uint_to(MAX_NUMBER)?;
        reader.exactly(KEM_KEYS)?;
        let mut kem_keys = [None; MAX_KEM_KEYS];
        let keys = reader.array_to(MAX_KEM_KEYS_WIRE)?;
        for (place, _) in kem_keys.iter_mut().zip(0..keys) {
            reader.map(4)?;
            let (kid, x) = read_okp(&mut reader, Curve::X25519)?;
            *place = Some((kid.ok_or(Error::Malformed)?, x));
        }
        reader.exactly(LABEL)?;
        let label = reader.text()?;
        reader.exactly(STATUS)?;
        let status = match reader.uint()? {
            0 => Status::Active,
            1 => Status::Withdrawn,
            _ => return Err(Error::Malformed),
        };
        reader.end()?;
        let different = all_different(kem_keys.iter().flatten().map(|(kid, _)| *kid));
        if !(is_label(label) && different) {
            return Err(Error::Malformed);
        }
        Ok(Self { public, serial, not_before, expires, label, kem_keys, status })
    }

    fn checked_kem_keys(&self) -> Result<KemKeys> {
        let mut checked = [None; MAX_KEM_KEYS];
        for (place, (kid, x)) in checked.iter_mut().zip(self.kem_keys.iter().flatten()) {
            let key = KemPublic::from_bytes(*x)?;
            if key.kid() != *kid {
                return Err(Error::Malformed);
            }
            *place = Some(key);
        }
        Ok(checked)
    }
}

/// The pairs of an OKP COSE_Key (RFC 9053 §7.2): kty, kid where there is one, crv, x.
#[expect(clippy::as_conversions, reason = "the discriminant of a fieldless enum has no other spelling")]
fn write_okp(writer: &mut Writer<'_>, curve: Curve, kid: Option<Kid>, x: &[u8; 32]) -> Result<()> {
    writer.int(KTY)?;
    writer.int(OKP)?;
    if let Some(kid) = kid {
        writer.int(KEY_ID)?;
        writer.bytes(&kid.0)?;
    }
    writer.int(CRV)?;
    writer.int(curve as i64)?;
    writer.int(X)?;
    writer.bytes(x)
}

/// An X25519 key of a card has a kid, the identity key has none.
#[expect(clippy::as_conversions, reason = "the discriminant of a fieldless enum has no other spelling")]
fn read_okp(reader: &mut Reader<'_>, curve: Curve) -> Result<(Option<Kid>, [u8; 32])> {
    reader.exactly(KTY)?;
    reader.exactly(OKP)?;
    let kid = match curve {
        Curve::Ed25519 => None,
        Curve::X25519 => {
            reader.exactly(KEY_ID)?;
            Some(Kid(reader.array_of()?))
        }
    };
    reader.exactly(CRV)?;
    reader.exactly(curve as i64)?;
    reader.exactly(X)?;
    Ok((kid, reader.array_of()?))
}

fn external_aad(writer: &mut Writer<'_>) -> Result<()> {
    writer.array(1)?;
    writer.text("zegel-card-1")
}

fn is_label(label: &str) -> bool {
    label.len() <= MAX_LABEL && !label.chars().any(char::is_control)
}

/// At most four items, so each pair is compared.
fn all_different(kids: impl Iterator<Item = Kid> + Clone) -> bool {
    let mut rest = kids;
    while let Some(kid) = rest.next() {
        if rest.clone().any(|other| other == kid) {
            return false;
        }
    }
    true
}

const MAX_KEM_KEYS_WIRE: u64 = 4;

// Labels of CWT claims (RFC 8392 §4, RFC 8747 §3.1), the last four for private use, and of COSE_Key.
const EXP: i64 = 4;
const NBF: i64 = 5;
const CNF: i64 = 8;
const COSE_KEY: i64 = 1;
const SERIAL: i64 = -65537;
const KEM_KEYS: i64 = -65538;
const LABEL: i64 = -65539;
const STATUS: i64 = -65540;
const KTY: i64 = 1;
const OKP: i64 = 1;
const KEY_ID: i64 = 2;
const CRV: i64 = -1;
const X: i64 = -2;
