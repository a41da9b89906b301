//! 32 secret bytes on their way to a keystore or from it.

use std::sync::Arc;

use crate::bytes;
use crate::failure::Failure;
use crate::rng::Rng;

/// A seed or a private key, wiped when the last one lets go of it.
#[derive(uniffi::Object)]
pub struct Secret(zegel::Secret<32>);

#[uniffi::export]
impl Secret {
    /// Draws a secret; `Entropy` when the generator fails.
    #[uniffi::constructor]
    pub fn random() -> Result<Arc<Self>, Failure> {
        Ok(Arc::new(Self(zegel::Secret::random(&mut Rng)?)))
    }

    /// Takes over 32 stored bytes. The caller wipes its own copy.
    #[uniffi::constructor]
    pub fn of(bytes: Vec<u8>) -> Result<Arc<Self>, Failure> {
        Ok(Arc::new(Self(bytes::secret(bytes)?)))
    }

    /// A copy of the bytes, for storing them where the platform keeps keys. The caller wipes it.
    pub fn expose(&self) -> Vec<u8> {
        self.0.expose().to_vec()
    }
}

impl Secret {
    pub(crate) const fn core(&self) -> &zegel::Secret<32> {
        &self.0
    }
}
