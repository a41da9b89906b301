//! One's own keys in a store that is a file: they come and go with the state that belongs to them (SPEC §8.4).

use std::sync::Arc;

use crate::bytes;
use crate::failure::Failure;
use crate::identity::Identity;
use crate::kem::KemKey;
use crate::secret::Secret;
use crate::store::{Kind, Store, in_file};

/// One of one's own KEM keys, with its dates: seconds since 1970.
#[derive(uniffi::Record)]
pub struct OwnKey {
    /// The key.
    pub key: Arc<KemKey>,
    /// When it was stored.
    pub created: u64,
    /// When it was retired; absent while one's card offers it.
    pub retired: Option<u64>,
}

/// A store over a database answers all of these with `BAD_CONTEXT`: keys are no rows, and the application keeps them.
#[uniffi::export]
impl Store {
    /// Stores one's own identity; `Conflict` when another one is there.
    pub fn set_identity(&self, seed: &Secret, created: u64) -> Result<(), Failure> {
        in_file(self.of_file()?, |transaction| transaction.set_identity(seed.core(), created))
    }

    /// One's own identity, if the store has it.
    pub fn identity(&self) -> Result<Option<Arc<Identity>>, Failure> {
        Ok(self.of_file()?.identity()?.map(Identity::of))
    }

    /// Stores one of one's own KEM keys, before a card names it.
    pub fn add_kem_key(&self, secret: &Secret, created: u64) -> Result<(), Failure> {
        in_file(self.of_file()?, |transaction| transaction.add_kem_key(secret.core(), created)).map(|_| ())
    }

    /// One's own KEM keys, in use or retired, oldest first.
    pub fn kem_keys(&self) -> Result<Vec<OwnKey>, Failure> {
        let keys = self.of_file()?.kem_keys()?.into_iter();
        Ok(keys
            .map(|own| OwnKey { key: KemKey::of(own.key), created: own.created, retired: own.retired })
            .collect())
    }

    /// Notes when a KEM key was taken off one's card: its grace begins. `false` when there is no such key.
    pub fn retire_kem_key(&self, kid: Vec<u8>, at: u64) -> Result<bool, Failure> {
        let kid = bytes::kid(&kid)?;
        in_file(self.of_file()?, |transaction| transaction.retire_kem_key(&kid, at))
    }

    /// Erases the KEM keys that were retired before `before`, and says how many.
    pub fn erase_retired(&self, before: u64) -> Result<u64, Failure> {
        let erased = self.of_file()?.erase_retired(before)?;
        u64::try_from(erased).map_err(|_| Failure::BAD_ARGUMENT)
    }

    /// Erases one of one's own keys, the identity's too; `false` when there is no such key.
    pub fn erase_key(&self, kid: Vec<u8>) -> Result<bool, Failure> {
        Ok(self.of_file()?.erase_key(&bytes::kid(&kid)?)?)
    }
}

impl Store {
    const fn of_file(&self) -> Result<&zegel_store::Store, Failure> {
        match self.kind() {
            Kind::File(store) => Ok(store),
            Kind::Rows(_) => Err(Failure::BAD_CONTEXT),
        }
    }
}
