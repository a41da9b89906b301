//! What an application may bring itself: keys that its platform holds, and a database of its own.

use crate::failure::Failure;

/// An Ed25519 key that something else holds: a secure element, a keystore.
#[uniffi::export(with_foreign)]
pub trait Signer: Send + Sync {
    /// The public key, 32 bytes. Always the same.
    fn public_key(&self) -> Vec<u8>;

    /// An Ed25519 signature, 64 bytes, over `message`. `noise` is 32 fresh random bytes for the nonce, for holders
    /// that can use them (SPEC §5.3).
    fn sign(&self, message: Vec<u8>, noise: Vec<u8>) -> Result<Vec<u8>, Failure>;
}

/// An X25519 key that something else holds.
#[uniffi::export(with_foreign)]
pub trait KeyAgreement: Send + Sync {
    /// The public key, 32 bytes. Always the same.
    fn public_key(&self) -> Vec<u8>;

    /// `X25519(private, peer)`, 32 bytes.
    fn agree(&self, peer: Vec<u8>) -> Result<Vec<u8>, Failure>;
}

/// A row of a database.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Row {
    /// At most 300 bytes.
    pub key: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
}

/// A table of the application's own database, ordered by the bytes of its keys. Nothing in it is a secret; whoever
/// can write it can pin a card.
///
/// For an opener all calls between its begin and its end belong to one transaction: that of the application, in which
/// it stores the measurement. For a sealer, what `put` returned for is durable, whatever is rolled back (SPEC §6.2,
/// §7.3).
#[uniffi::export(with_foreign)]
pub trait Database: Send + Sync {
    /// The value under `key`.
    fn get(&self, key: Vec<u8>) -> Result<Option<Vec<u8>>, Failure>;

    /// Puts `value` under `key`, in place of what was there.
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> Result<(), Failure>;

    /// Removes `key`, if it is there.
    fn remove(&self, key: Vec<u8>) -> Result<(), Failure>;

    /// Up to `limit` rows in ascending order of their keys, the first at or after `from`.
    fn scan(&self, from: Vec<u8>, limit: u32) -> Result<Vec<Row>, Failure>;
}
