//! Key files: text armour around a COSE_KeySet with the private keys, mode 0600.
//!
//! Only what cannot be computed again is stored: the Ed25519 seed and the X25519 private keys. Public halves
//! are derived at each load (threat A-04).

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use zegel::{Error, Identity, KemKey, MAX_KEM_KEYS, Secret, rng};
use zeroize::Zeroizing;

use crate::{armour, clock, file};

/// The private keys of one file.
pub(crate) struct KeyFile {
    seed: Secret<32>,
    kem_secrets: Vec<Secret<32>>,
    /// Who signs.
    pub(crate) identity: Identity,
    /// What opens, the current key first; none on a device that only seals.
    pub(crate) kem: Vec<KemKey>,
}

impl KeyFile {
    /// New keys, drawn independently of each other.
    pub(crate) fn generate(kem_keys: usize) -> Result<Self> {
        let seed = Secret::random(&mut rng::SysRng)?;
        let kem = (0..kem_keys).map(|_| Secret::random(&mut rng::SysRng)).collect::<Result<_, Error>>()?;
        Self::new(seed, kem)
    }

    /// Reads a key file, and warns when others can read it too.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let name = || format!("key file {}", path.display());
        let text = file::read(path, LARGEST).with_context(name)?;
        if file::is_open_to_others(path) {
            let path = path.display();
            eprintln!("zegel: warning: others can read {path}: chmod 600 {path}");
        }
        let bytes = armour::decode(armour::KEY, &text).with_context(name)?;
        Self::parse(&bytes).with_context(name)
    }

    /// The file's text: a comment for people, and the keys.
    pub(crate) fn text(&self) -> Result<Zeroizing<Vec<u8>>> {
        let armour = armour::encode(armour::KEY, &self.encode()?)?;
        let (created, id) = (clock::date(clock::now()), self.identity.id());
        let mut text = Zeroizing::new(format!("# created: {created}\n# id: {id}\n").into_bytes());
        text.extend_from_slice(armour.as_bytes());
        Ok(text)
    }

    /// The Ed25519 seed.
    pub(crate) const fn seed(&self) -> &Secret<32> {
        &self.seed
    }

    /// The X25519 private keys, in the order of [`KeyFile::kem`].
    pub(crate) fn kem_secrets(&self) -> &[Secret<32>] {
        &self.kem_secrets
    }

    fn new(seed: Secret<32>, kem_secrets: Vec<Secret<32>>) -> Result<Self> {
        let identity = Identity::from_seed(&seed)?;
        let kem = kem_secrets.iter().map(KemKey::from_bytes).collect::<Result<_, Error>>()?;
        Ok(Self { seed, kem_secrets, identity, kem })
    }

    /// A deterministic COSE_KeySet, so that the one encoding can be compared byte by byte.
    fn encode(&self) -> Result<Zeroizing<Vec<u8>>> {
        let keys = self.kem_secrets.len().saturating_add(1);
        let head =
            u8::try_from(keys).ok().filter(|_| keys <= MOST_KEYS).context("too many keys for one file")?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(keys.saturating_mul(KEY_LENGTH).saturating_add(1)));
        bytes.push(ARRAY | head);
        bytes.extend_from_slice(ED25519);
        bytes.extend_from_slice(self.seed.expose());
        for secret in &self.kem_secrets {
            bytes.extend_from_slice(X25519);
            bytes.extend_from_slice(secret.expose());
        }
        Ok(bytes)
    }

    fn parse(bytes: &[u8]) -> Result<Self> {
        let (head, keys) = bytes.split_first().context("holds no key")?;
        let mut keys = keys.chunks(KEY_LENGTH);
        let seed = keys.next().and_then(|key| secret(key, ED25519)).context("holds no Ed25519 key")?;
        let kem: Option<Vec<_>> = keys.map(|key| secret(key, X25519)).collect();
        let Some(kem) = kem.filter(|kem| usize::from(head ^ ARRAY) == kem.len().saturating_add(1)) else {
            bail!("holds something else than one Ed25519 key and X25519 keys");
        };
        if kem.len() >= MOST_KEYS {
            bail!("holds too many keys");
        }
        Self::new(seed, kem)
    }
}

fn secret(key: &[u8], head: &[u8]) -> Option<Secret<32>> {
    Some(Secret::new(key.strip_prefix(head)?.try_into().ok()?))
}

/// Head of a CBOR array of fewer than 24 items.
const ARRAY: u8 = 0x80;
/// `{1: 1, -1: 6, -4: d}` up to the 32 bytes of `d`: OKP, Ed25519, private (RFC 9053 §7.2).
const ED25519: &[u8] = b"\xa3\x01\x01\x20\x06\x23\x58\x20";
/// The same with X25519.
const X25519: &[u8] = b"\xa3\x01\x01\x20\x04\x23\x58\x20";
const KEY_LENGTH: usize = 40;
/// One identity, and as many KEM keys as a card offers.
const MOST_KEYS: usize = MAX_KEM_KEYS + 1;
const LARGEST: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_from_their_text() {
        for kem in [0, 1, MAX_KEM_KEYS] {
            let keys = KeyFile::generate(kem).unwrap();
            let again = KeyFile::parse(&armour::decode(armour::KEY, &keys.text().unwrap()).unwrap()).unwrap();
            assert_eq!(again.identity.id(), keys.identity.id());
            assert!(again.kem.iter().map(KemKey::public).eq(keys.kem.iter().map(KemKey::public)));
        }
    }

    #[test]
    fn only_the_one_encoding_is_read() {
        let bytes = KeyFile::generate(1).unwrap().encode().unwrap();
        for length in 0..bytes.len() {
            assert!(KeyFile::parse(&bytes[..length]).is_err(), "{length} bytes");
        }
        for at in 0..bytes.len() {
            let mut other = bytes.to_vec();
            other[at] ^= 0x40;
            let differs = KeyFile::parse(&other).ok().map(|keys| *keys.encode().unwrap() == *other);
            assert!(differs.unwrap_or(true), "byte {at}");
        }
        assert!(KeyFile::parse(&[&bytes[..], &[0]].concat()).is_err());
    }
}
