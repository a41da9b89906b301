//! The primitives, each behind the few calls that Zegel makes of it, so that this is the only floor
//! that names another crate's cryptography. One suite: X25519, Ed25519, HKDF-SHA256, ChaCha20-Poly1305.

pub(crate) mod aead;
pub(crate) mod kdf;
pub(crate) mod kem;
pub(crate) mod schedule;
pub(crate) mod sign;
