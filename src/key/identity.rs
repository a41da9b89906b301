//! An identity: one Ed25519 seed, and what derives from it (SPEC §2.1).

use rand_core::TryCryptoRng;

use crate::crypto::kdf::derive;
use crate::crypto::sign::{SIGNATURE, SigningKey};
use crate::error::{Error, Result};
use crate::key::id::Id;
use crate::key::published;
use crate::secret::Secret;

/// Signs for an identity. [`Identity`] holds the key in memory; implement this where a secure element
/// or a keystore holds it.
pub trait Sign {
    /// The Ed25519 public key, 32 bytes.
    fn public_key(&self) -> &[u8; 32];

    /// 32 secret bytes that never leave this device. They hedge ephemeral keys against a weak random
    /// generator (SPEC §5.2); a secure element draws them once, at first boot.
    fn hedge(&self) -> &Secret<32>;

    /// An Ed25519 signature over the concatenation of `message`. `noise` is 32 fresh random bytes for the
    /// nonce (SPEC §5.3), for holders that can use them. [`Error::KeyUnavailable`] when there is none.
    fn sign(&self, message: &[&[u8]], noise: &Secret<32>) -> Result<[u8; SIGNATURE]>;

    /// Who signs.
    fn id(&self) -> Id {
        Id::of(self.public_key())
    }
}

/// A private identity in memory: it signs, and is wiped when dropped.
pub struct Identity {
    key: SigningKey,
    hedge: Secret<32>,
    id: Id,
}

impl Identity {
    /// The identity of a stored seed. [`Error::WeakKey`] when all its bytes are equal or the key is
    /// published (SPEC §2.4).
    pub fn from_seed(seed: &Secret<32>) -> Result<Self> {
        published::refuse_uniform(seed)?;
        let key = SigningKey::from_seed(seed);
        let id = Id::of(key.public());
        published::refuse(&id.0)?;
        Ok(Self { key, hedge: derive(b"", &[seed.expose()], b"zegel-hedge-1")?, id })
    }

    /// A new identity that nobody stores. To keep one, draw a [`Secret`] and store it first.
    pub fn generate<R: TryCryptoRng + ?Sized>(rng: &mut R) -> Result<Self> {
        Self::from_seed(&Secret::random(rng)?)
    }

    /// The name of this identity.
    pub const fn id(&self) -> Id {
        self.id
    }

    /// The Ed25519 public key.
    pub fn public_key(&self) -> [u8; 32] {
        *self.key.public()
    }
}

impl Sign for Identity {
    fn public_key(&self) -> &[u8; 32] {
        self.key.public()
    }

    fn hedge(&self) -> &Secret<32> {
        &self.hedge
    }

    fn sign(&self, message: &[&[u8]], noise: &Secret<32>) -> Result<[u8; SIGNATURE], Error> {
        self.key.sign(message, noise)
    }

    fn id(&self) -> Id {
        self.id
    }
}

impl core::fmt::Debug for Identity {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Identity({}, ..)", self.id)
    }
}
