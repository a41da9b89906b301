//! KEM keys: X25519 pairs that are drawn independently of the identity and of each other, so that
//! erasing an old one ends what it could open (SPEC §2.2).

use rand_core::TryCryptoRng;

use crate::crypto::kem;
use crate::error::{Error, Result};
use crate::key::id::{Curve, Kid, thumbprint};
use crate::key::published;
use crate::secret::Secret;

/// Agrees on secrets with a private KEM key. [`KemKey`] holds it in memory; implement this where a
/// secure element or a keystore holds it.
pub trait Agree {
    /// The public half.
    fn public(&self) -> &KemPublic;

    /// `X25519(private, peer)`: 32 bytes. [`Error::Rejected`] when they are all zero,
    /// [`Error::KeyUnavailable`] when the key's holder does not answer.
    fn agree(&self, peer: &[u8; 32]) -> Result<Secret<32>>;
}

/// A private KEM key in memory, wiped when dropped.
pub struct KemKey {
    private: Secret<32>,
    public: KemPublic,
}

impl KemKey {
    /// The key pair of 32 stored bytes. [`Error::WeakKey`] when all are equal or the key is published.
    pub fn from_bytes(private: &Secret<32>) -> Result<Self> {
        published::refuse_uniform(private)?;
        let public = KemPublic::from_bytes(kem::public_key(private))?;
        Ok(Self { private: Secret::new(*private.expose()), public })
    }

    /// A new key pair that nobody stores. To keep one, draw a [`Secret`] and store it first.
    pub fn generate<R: TryCryptoRng + ?Sized>(rng: &mut R) -> Result<Self> {
        Self::from_bytes(&Secret::random(rng)?)
    }

    /// The public half, for a card.
    pub const fn public(&self) -> KemPublic {
        self.public
    }
}

impl Agree for KemKey {
    fn public(&self) -> &KemPublic {
        &self.public
    }

    fn agree(&self, peer: &[u8; 32]) -> Result<Secret<32>, Error> {
        kem::agree(&self.private, peer)
    }
}

impl<A: Agree + ?Sized> Agree for &A {
    fn public(&self) -> &KemPublic {
        (**self).public()
    }

    fn agree(&self, peer: &[u8; 32]) -> Result<Secret<32>> {
        (**self).agree(peer)
    }
}

impl core::fmt::Debug for KemKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "KemKey({}, ..)", self.public.kid)
    }
}

/// A public KEM key that passed the checks of SPEC §2.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KemPublic {
    bytes: [u8; 32],
    kid: Kid,
}

impl KemPublic {
    /// [`Error::WeakKey`] when the key is not canonical, of low order, or published.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self> {
        if !kem::is_sound(&bytes) {
            return Err(Error::WeakKey);
        }
        let thumbprint = thumbprint(Curve::X25519, &bytes);
        published::refuse(&thumbprint)?;
        Ok(Self { bytes, kid: Kid::of(&thumbprint) })
    }

    /// The X25519 coordinate, 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// The first 8 bytes of the key's thumbprint: what an envelope names its recipient by.
    pub const fn kid(&self) -> Kid {
        self.kid
    }
}
