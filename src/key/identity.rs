//! An identity: one Ed25519 seed, and what derives from it (SPEC §2.1).

use rand_core::TryCryptoRng;

use crate::crypto::kdf::derive;
use crate::crypto::sign::{PublicKey, SIGNATURE, SigningKey};
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

    /// What [`Identity::from_seed`] asks of a key in memory, asked of one that is held elsewhere (SPEC §2.4): to be asked
    /// once, when it is loaded. [`Error::WeakKey`] when the public key is not canonical, of low order, or published, or
    /// when all bytes of the hedge are equal.
    fn check(&self) -> Result<()> {
        published::refuse_uniform(self.hedge())?;
        PublicKey::from_bytes(self.public_key())?;
        published::refuse(&self.id().0)
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
        Ok(Self { key, hedge: derive(b"", &[seed.expose()], b"zegel-hedge-1"), id })
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A key that something else holds: its public half and its hedge.
    struct Held([u8; 32], Secret<32>);

    impl Sign for Held {
        fn public_key(&self) -> &[u8; 32] {
            &self.0
        }

        fn hedge(&self) -> &Secret<32> {
            &self.1
        }

        fn sign(&self, _: &[&[u8]], _: &Secret<32>) -> Result<[u8; SIGNATURE]> {
            Err(Error::KeyUnavailable)
        }
    }

    #[test]
    fn weak_and_published_keys_of_a_holder_are_refused() {
        let seed = Secret::new(core::array::from_fn(|i| u8::try_from(i).unwrap()));
        let hedge = || Secret::new(*seed.expose());
        let sound = Identity::from_seed(&seed).unwrap().public_key();
        assert_eq!(Held(sound, hedge()).check(), Ok(()));
        for byte in [0x00, 0x5a, 0xff] {
            assert_eq!(Held(sound, Secret::new([byte; 32])).check(), Err(Error::WeakKey), "{byte:02x}");
        }
        for point in curve25519_dalek::constants::EIGHT_TORSION {
            assert_eq!(Held(point.compress().to_bytes(), hedge()).check(), Err(Error::WeakKey));
        }
        // Not canonical, and the key of a seed that erased memory holds.
        assert_eq!(Held([0xff; 32], hedge()).check(), Err(Error::WeakKey));
        let erased = *SigningKey::from_seed(&Secret::new([0xff; 32])).public();
        assert_eq!(Held(erased, hedge()).check(), Err(Error::WeakKey));
    }
}
