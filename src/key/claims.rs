//! What a card says, and its one encoding: a CWT claims set (SPEC §8.1).

use crate::cbor::{Reader, Writer};
use crate::error::{Error, Result};
use crate::key::id::{Curve, Kid};
use crate::key::kem::KemPublic;
use crate::limits::{MAX_KEM_KEYS, MAX_LABEL, MAX_NUMBER};

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

impl CardClaims<'_> {
    /// `Malformed` where no reader would take the card.
    pub(crate) fn check(&self) -> Result<()> {
        let numbers =
            self.serial <= MAX_NUMBER && self.not_before <= self.expires && self.expires <= MAX_NUMBER;
        let keys =
            self.kem_keys.len() <= MAX_KEM_KEYS && all_different(self.kem_keys.iter().map(KemPublic::kid));
        if numbers && keys && is_label(self.label) { Ok(()) } else { Err(Error::Malformed) }
    }

    /// Writes the CWT claims set of SPEC §8.1; keys are in bytewise order.
    pub(crate) fn write(&self, public: &[u8; 32], writer: &mut Writer<'_>) {
        writer.map(7);
        writer.int(EXP);
        writer.uint(self.expires);
        writer.int(NBF);
        writer.uint(self.not_before);
        writer.int(CNF);
        writer.map(1);
        writer.int(COSE_KEY);
        writer.map(3);
        write_okp(writer, Curve::Ed25519, None, public);
        writer.int(SERIAL);
        writer.uint(self.serial);
        writer.int(KEM_KEYS);
        writer.array(self.kem_keys.len());
        for key in self.kem_keys {
            writer.map(4);
            write_okp(writer, Curve::X25519, Some(key.kid()), key.as_bytes());
        }
        writer.int(LABEL);
        writer.text(self.label);
        writer.int(STATUS);
        writer.uint(match self.status {
            Status::Active => 0,
            Status::Withdrawn => 1,
        });
    }
}

/// The public KEM keys of a card.
pub(crate) type KemKeys = [Option<KemPublic>; MAX_KEM_KEYS];

/// The claims as they stand in a card. Nothing here is proven.
pub(crate) struct Claims<'b> {
    pub(crate) public: [u8; 32],
    pub(crate) serial: u64,
    pub(crate) not_before: u64,
    pub(crate) expires: u64,
    pub(crate) label: &'b str,
    pub(crate) kem_keys: [Option<(Kid, [u8; 32])>; MAX_KEM_KEYS],
    pub(crate) status: Status,
}

impl<'b> Claims<'b> {
    /// The exact shape, or `Malformed`.
    pub(crate) fn read(bytes: &'b [u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        reader.map(7);
        reader.exactly(EXP);
        let expires = reader.uint_to(MAX_NUMBER);
        reader.exactly(NBF);
        let not_before = reader.uint_to(expires);
        reader.exactly(CNF);
        reader.map(1);
        reader.exactly(COSE_KEY);
        reader.map(3);
        let (_, public) = read_okp(&mut reader, Curve::Ed25519);
        reader.exactly(SERIAL);
        let serial = reader.uint_to(MAX_NUMBER);
        reader.exactly(KEM_KEYS);
        let mut kem_keys = [None; MAX_KEM_KEYS];
        let keys = reader.array_to(MAX_KEM_KEYS_WIRE);
        for (place, _) in kem_keys.iter_mut().zip(0..keys) {
            reader.map(4);
            let (kid, x) = read_okp(&mut reader, Curve::X25519);
            *place = kid.map(|kid| (kid, x));
        }
        reader.exactly(LABEL);
        let label = reader.text();
        reader.exactly(STATUS);
        let status = if reader.uint_to(1) == 0 { Status::Active } else { Status::Withdrawn };
        reader.require(is_label(label) && all_different(kem_keys.iter().flatten().map(|(kid, _)| *kid)));
        reader.end()?;
        Ok(Self { public, serial, not_before, expires, label, kem_keys, status })
    }

    /// The KEM keys, each sound and under its own name.
    pub(crate) fn checked_kem_keys(&self) -> Result<KemKeys> {
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
fn write_okp(writer: &mut Writer<'_>, curve: Curve, kid: Option<Kid>, x: &[u8; 32]) {
    writer.int(KTY);
    writer.int(OKP);
    if let Some(kid) = kid {
        writer.int(KEY_ID);
        writer.bytes(&kid.0);
    }
    writer.int(CRV);
    writer.int(curve as i64);
    writer.int(X);
    writer.bytes(x);
}

/// An X25519 key of a card has a kid, the identity key has none.
#[expect(clippy::as_conversions, reason = "the discriminant of a fieldless enum has no other spelling")]
fn read_okp(reader: &mut Reader<'_>, curve: Curve) -> (Option<Kid>, [u8; 32]) {
    reader.exactly(KTY);
    reader.exactly(OKP);
    let kid = match curve {
        Curve::Ed25519 => None,
        Curve::X25519 => {
            reader.exactly(KEY_ID);
            Some(Kid(reader.array_of()))
        }
    };
    reader.exactly(CRV);
    reader.exactly(curve as i64);
    reader.exactly(X);
    (kid, reader.array_of())
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
