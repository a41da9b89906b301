//! The primitives by themselves, as the crates beneath offer them: what seal and open are measured against.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce, Tag};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use hkdf::{Hkdf, HkdfExtract};
use sha2::Sha256;
use x25519_dalek::{PublicKey, SharedSecret, StaticSecret};

/// Bytes under the signature of an envelope with a body of 100 bytes, and under its AEAD.
pub(crate) const SIGNED: usize = 255;
pub(crate) const SEALED: usize = 193;
pub(crate) const AAD: usize = 49;

pub(crate) struct Parts {
    signing: SigningKey,
    verifying: VerifyingKey,
    secret: StaticSecret,
    peer: PublicKey,
    message: [u8; SIGNED],
    signature: Signature,
}

impl Parts {
    pub(crate) fn new(seed: u8) -> Self {
        let signing = SigningKey::from_bytes(&[seed; 32]);
        let message = [seed; SIGNED];
        let signature = signing.sign(&message);
        let peer = PublicKey::from(&StaticSecret::from([seed ^ 0x80; 32]));
        let secret = StaticSecret::from([seed; 32]);
        Self { verifying: signing.verifying_key(), signing, secret, peer, message, signature }
    }

    /// X25519 with the base point.
    pub(crate) fn base(&self) -> PublicKey {
        PublicKey::from(&self.secret)
    }

    /// X25519 with another's point, by the Montgomery ladder.
    pub(crate) fn ladder(&self) -> SharedSecret {
        self.secret.diffie_hellman(&self.peer)
    }

    pub(crate) fn sign(&self) -> Signature {
        self.signing.sign(&self.message)
    }

    pub(crate) fn verify_strict(&self) -> bool {
        self.verifying.verify_strict(&self.message, &self.signature).is_ok()
    }

    pub(crate) fn aead_seal(&self, buffer: &mut [u8; SEALED]) -> Option<Tag> {
        let cipher = ChaCha20Poly1305::new(&[7; 32].into());
        cipher.encrypt_inout_detached(&Nonce::default(), &[1; AAD], buffer.as_mut_slice().into()).ok()
    }

    /// Of a text that nobody sealed: the tag is computed before it is refused.
    pub(crate) fn aead_open(&self, buffer: &mut [u8; SEALED]) -> bool {
        let cipher = ChaCha20Poly1305::new(&[7; 32].into());
        let buffer = buffer.as_mut_slice().into();
        cipher.decrypt_inout_detached(&Nonce::default(), &[1; AAD], buffer, &Tag::default()).is_ok()
    }

    /// `DeriveKeyPair` without its product with the base point: one extract, one expand.
    pub(crate) fn derive_key_pair(&self) -> [u8; 32] {
        expand(&extract(&[], &[7; 32]), b"sk")
    }

    /// All derivations from the shared point to key and nonce (RFC 9180 §4.1 and §5.1).
    pub(crate) fn key_schedule(&self) -> ([u8; 32], [u8; 12]) {
        let shared: [u8; 32] = expand(&extract(&[], &[9; 32]), &[b's'; 77]);
        let mut context = [0; 65];
        let (psk_id, info) = context[1..].split_at_mut(32);
        psk_id.copy_from_slice(&extract_bytes(&[], b"psk_id_hash"));
        info.copy_from_slice(&extract_bytes(&[], b"info_hash zegel-1"));
        let secret = extract(&shared, b"secret");
        (expand(&secret, &context), expand(&secret, &context))
    }
}

/// The 17 bytes that HPKE's labels put before each input.
const LABEL: &[u8] = b"HPKE-v1HPKE012345";

fn extract(salt: &[u8], ikm: &[u8]) -> Hkdf<Sha256> {
    extraction(salt, ikm).finalize().1
}

fn extract_bytes(salt: &[u8], ikm: &[u8]) -> [u8; 32] {
    extraction(salt, ikm).finalize().0.into()
}

fn extraction(salt: &[u8], ikm: &[u8]) -> HkdfExtract<Sha256> {
    let mut extract = HkdfExtract::new(Some(salt));
    extract.input_ikm(LABEL);
    extract.input_ikm(ikm);
    extract
}

fn expand<const N: usize>(prk: &Hkdf<Sha256>, info: &[u8]) -> [u8; N] {
    let mut output = [0; N];
    prk.expand_multi_info(&[LABEL, info], &mut output).expect("shorter than HKDF's limit");
    output
}
