//! Who signs: a seed in memory, or a key that the platform holds (SPEC §2.1, §5.3).

use std::sync::Arc;

use zegel::{Error, Id, Sign};

use crate::bytes;
use crate::failure::Failure;
use crate::outside::Signer;
use crate::rng::Rng;
use crate::secret::Secret;

/// A private identity. What it knows is wiped when it and all that was made from it have ended.
#[derive(uniffi::Object)]
pub struct Identity(Arc<Signing>);

#[uniffi::export]
impl Identity {
    /// A new identity that nobody stores.
    #[uniffi::constructor]
    pub fn generate() -> Result<Arc<Self>, Failure> {
        Ok(Self::of(zegel::Identity::generate(&mut Rng)?))
    }

    /// The identity of a stored seed; `WeakKey` for one that is known to others.
    #[uniffi::constructor]
    pub fn from_seed(seed: &Secret) -> Result<Arc<Self>, Failure> {
        Ok(Self::of(zegel::Identity::from_seed(seed.core())?))
    }

    /// The identity whose key `signer` holds. `hedge` was drawn once and is stored (SPEC §5.2). `WeakKey` for a key or
    /// a hedge that others know (SPEC §2.4).
    #[uniffi::constructor]
    pub fn from_signer(signer: Arc<dyn Signer>, hedge: &Secret) -> Result<Arc<Self>, Failure> {
        let public = bytes::array(&signer.public_key())?;
        let hedge = zegel::Secret::new(*hedge.core().expose());
        let held = Signing::Held { signer, public, hedge };
        held.check()?;
        Ok(Arc::new(Self(Arc::new(held))))
    }

    /// The name of this identity: 32 bytes.
    pub fn id(&self) -> Vec<u8> {
        self.0.id().0.to_vec()
    }

    /// The Ed25519 public key: 32 bytes.
    pub fn public_key(&self) -> Vec<u8> {
        self.0.public_key().to_vec()
    }
}

impl Identity {
    pub(crate) fn of(identity: zegel::Identity) -> Arc<Self> {
        Arc::new(Self(Arc::new(Signing::Own(identity))))
    }

    pub(crate) const fn signing(&self) -> &Arc<Signing> {
        &self.0
    }
}

/// Where the key is.
#[expect(
    clippy::large_enum_variant,
    reason = "behind an Arc, and a secret is not moved more often than need be"
)]
pub(crate) enum Signing {
    Own(zegel::Identity),
    Held { signer: Arc<dyn Signer>, public: [u8; 32], hedge: zegel::Secret<32> },
}

impl Sign for Signing {
    fn public_key(&self) -> &[u8; 32] {
        match self {
            Self::Own(identity) => Sign::public_key(identity),
            Self::Held { public, .. } => public,
        }
    }

    fn hedge(&self) -> &zegel::Secret<32> {
        match self {
            Self::Own(identity) => identity.hedge(),
            Self::Held { hedge, .. } => hedge,
        }
    }

    fn sign(&self, message: &[&[u8]], noise: &zegel::Secret<32>) -> Result<[u8; 64], Error> {
        match self {
            Self::Own(identity) => identity.sign(message, noise),
            Self::Held { signer, .. } => {
                let signed = signer.sign(message.concat(), noise.expose().to_vec());
                let reason = |failure: Failure| failure.among(&[Error::Entropy], Error::KeyUnavailable);
                let signature = signed.map_err(reason)?;
                signature.try_into().map_err(|_| Error::KeyUnavailable)
            }
        }
    }

    fn id(&self) -> Id {
        match self {
            Self::Own(identity) => identity.id(),
            Self::Held { public, .. } => Id::of(public),
        }
    }
}

/// Eight groups of five digits, for two people to compare aloud (SPEC §2.3).
#[uniffi::export]
fn fingerprint(id: Vec<u8>) -> Result<String, Failure> {
    Ok(bytes::id(&id)?.fingerprint().to_string())
}

/// The name of the holder of an Ed25519 public key: 32 bytes (SPEC §2.1).
#[uniffi::export]
fn id_of(public_key: Vec<u8>) -> Result<Vec<u8>, Failure> {
    Ok(Id::of(&bytes::array(&public_key)?).0.to_vec())
}
