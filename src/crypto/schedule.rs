//! The key schedule of HPKE and what hangs from it: one key, one base nonce, one exporter
//! (RFC 9180 §5.1 to §5.3, SPEC §5.1).

use crate::bytes::joined;
use crate::crypto::aead;
use crate::crypto::kdf::{Labeled, Prk};
use crate::error::{Error, Result};
use crate::secret::Secret;

/// A pre-shared key and its identifier (RFC 9180 §5.1.2).
#[derive(Clone, Copy)]
pub struct Psk<'a> {
    /// At least 32 bytes of full entropy: a shorter key could be searched.
    pub key: &'a [u8],
    /// Names the key to the receiver. Public, and not empty.
    pub id: &'a [u8],
}

/// `mode || psk_id_hash || info_hash`: the `key_schedule_context` of RFC 9180 §5.1. It is public, so where the
/// inputs are constants a caller may keep it as one.
pub(crate) type Context = [u8; 65];

/// The key and the nonces of one encapsulation: all that a single message needs.
pub(crate) struct Keys {
    key: Secret<32>,
    base_nonce: Secret<12>,
}

impl Keys {
    /// Those of mode base under a context from [`context`].
    pub(crate) fn base(shared: &Secret<32>, context: &Context) -> Self {
        Self::expand(&HPKE.extract(shared.expose(), b"secret", b""), context)
    }

    /// A key and a base nonce that come from elsewhere: an exporter, or a pairing's secret.
    pub(crate) const fn from_parts(key: Secret<32>, base_nonce: Secret<12>) -> Self {
        Self { key, base_nonce }
    }

    /// Encrypts in place under the nonce of `sequence`; the tag takes the last 16 bytes.
    pub(crate) fn seal(&self, sequence: u64, aad: &[u8], buffer: &mut [u8]) -> Result<()> {
        aead::seal(&self.key, self.nonce(sequence).expose(), aad, buffer)
    }

    /// Decrypts in place under the nonce of `sequence`.
    pub(crate) fn open<'b>(&self, sequence: u64, aad: &[u8], buffer: &'b mut [u8]) -> Result<&'b mut [u8]> {
        aead::open(&self.key, self.nonce(sequence).expose(), aad, buffer)
    }

    fn expand(secret: &Prk, context: &Context) -> Self {
        Self {
            key: HPKE.expand(secret, b"key", context),
            base_nonce: HPKE.expand(secret, b"base_nonce", context),
        }
    }

    /// `ComputeNonce(seq)`: the base nonce xor the left-padded number.
    fn nonce(&self, sequence: u64) -> Secret<12> {
        let mut nonce = Secret::new(*self.base_nonce.expose());
        for (byte, digit) in nonce.expose_mut().iter_mut().rev().zip(sequence.to_be_bytes().iter().rev()) {
            *byte ^= digit;
        }
        nonce
    }
}

/// All secrets of one encapsulation.
pub(crate) struct Schedule {
    pub(crate) keys: Keys,
    exporter: Secret<32>,
}

impl Schedule {
    /// `KeySchedule(mode, shared_secret, info, psk, psk_id)` with mode base (0) or PSK (1).
    pub(crate) fn new(shared: &Secret<32>, info: &[u8], psk: Option<Psk<'_>>) -> Result<Self> {
        let (mode, key, id) = match psk {
            None => (0, &[][..], &[][..]),
            Some(psk) if psk.key.len() >= 32 && !psk.id.is_empty() => (1, psk.key, psk.id),
            Some(_) => return Err(Error::WeakKey),
        };
        let context = context(mode, id, info);
        let secret = HPKE.extract(shared.expose(), b"secret", key);
        Ok(Self::expand(&secret, &context))
    }

    /// Those of mode base under a context from [`context`].
    pub(crate) fn base(shared: &Secret<32>, context: &Context) -> Self {
        Self::expand(&HPKE.extract(shared.expose(), b"secret", b""), context)
    }

    fn expand(secret: &Prk, context: &Context) -> Self {
        Self { keys: Keys::expand(secret, context), exporter: HPKE.expand(secret, b"exp", context) }
    }

    /// `Context.Export(exporter_context, L)` into `output`.
    pub(crate) fn export(&self, exporter_context: &[u8], output: &mut [u8]) -> Result<()> {
        HPKE.expand_into(&Prk::from_secret(&self.exporter)?, b"sec", exporter_context, output)
    }
}

/// The context of a mode, a `psk_id` and an `info`.
pub(crate) fn context(mode: u8, psk_id: &[u8], info: &[u8]) -> Context {
    let (psk_id_hash, info_hash) = (HPKE.hash(b"psk_id_hash", psk_id), HPKE.hash(b"info_hash", info));
    joined(&[&[mode], &psk_id_hash, &info_hash])
}

/// "HPKE" and the identifiers of the suite: KEM 0x0020, KDF 0x0001, AEAD 0x0003.
const HPKE: Labeled = Labeled(b"HPKE\x00\x20\x00\x01\x00\x03");
