//! What opens: a private KEM key in memory, or one that the platform holds (SPEC §2.2).

use std::sync::Arc;

use zegel::{Agree, Error, KemPublic};
use zeroize::Zeroizing;

use crate::bytes;
use crate::failure::Failure;
use crate::outside::KeyAgreement;
use crate::rng::Rng;
use crate::secret::Secret;

/// A private KEM key, wiped when it and all openers that hold it have ended.
#[derive(uniffi::Object)]
pub struct KemKey(Arc<Agreeing>);

#[uniffi::export]
impl KemKey {
    /// A new key that nobody stores.
    #[uniffi::constructor]
    pub fn generate() -> Result<Arc<Self>, Failure> {
        Ok(Self::of(zegel::KemKey::generate(&mut Rng)?))
    }

    /// The key of 32 stored bytes; `WeakKey` for one that is known to others.
    #[uniffi::constructor]
    pub fn from_secret(secret: &Secret) -> Result<Arc<Self>, Failure> {
        Ok(Self::of(zegel::KemKey::from_bytes(secret.core())?))
    }

    /// The key that `agreement` holds.
    #[uniffi::constructor]
    pub fn from_agreement(agreement: Arc<dyn KeyAgreement>) -> Result<Arc<Self>, Failure> {
        let public = KemPublic::from_bytes(bytes::array(&agreement.public_key())?)?;
        Ok(Arc::new(Self(Arc::new(Agreeing::Held { agreement, public }))))
    }

    /// The public half, for a card: 32 bytes.
    pub fn public_key(&self) -> Vec<u8> {
        self.0.public().as_bytes().to_vec()
    }

    /// What an envelope names this key by: 8 bytes.
    pub fn kid(&self) -> Vec<u8> {
        self.0.public().kid().0.to_vec()
    }
}

impl KemKey {
    pub(crate) fn of(key: zegel::KemKey) -> Arc<Self> {
        let public = key.public();
        Arc::new(Self(Arc::new(Agreeing::Own { key, public })))
    }

    pub(crate) fn agreeing(&self) -> Arc<Agreeing> {
        Arc::clone(&self.0)
    }
}

/// Where the key is.
pub(crate) enum Agreeing {
    Own { key: zegel::KemKey, public: KemPublic },
    Held { agreement: Arc<dyn KeyAgreement>, public: KemPublic },
}

/// A shared handle on a key, as an opener holds it.
pub(crate) struct Held(pub(crate) Arc<Agreeing>);

impl Agreeing {
    fn public(&self) -> &KemPublic {
        match self {
            Self::Own { public, .. } | Self::Held { public, .. } => public,
        }
    }
}

impl Agree for Held {
    fn public(&self) -> &KemPublic {
        self.0.public()
    }

    fn agree(&self, peer: &[u8; 32]) -> Result<zegel::Secret<32>, Error> {
        match &*self.0 {
            Agreeing::Own { key, .. } => key.agree(peer),
            Agreeing::Held { agreement, .. } => {
                let agreed = agreement.agree(peer.to_vec());
                let shared = Zeroizing::new(
                    agreed.map_err(|failure| failure.among(&[Error::Rejected], Error::KeyUnavailable))?,
                );
                let shared =
                    Zeroizing::new(<[u8; 32]>::try_from(&shared[..]).map_err(|_| Error::KeyUnavailable)?);
                Ok(zegel::Secret::new(*shared))
            }
        }
    }
}

/// What an envelope names the KEM key with this public half by: 8 bytes; `WeakKey` for one that nobody may use.
#[uniffi::export]
fn kid_of(public_key: Vec<u8>) -> Result<Vec<u8>, Failure> {
    Ok(KemPublic::from_bytes(bytes::array(&public_key)?)?.kid().0.to_vec())
}
