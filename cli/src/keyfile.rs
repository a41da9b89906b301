//! Key files: text armour around a COSE_KeySet with the private keys, mode 0600.
//!
//! Only what cannot be computed again is stored: the Ed25519 seed and the X25519 private keys, each of these with
//! the second it was retired, once it was (SPEC §8.4). Public halves are derived at each load (threat A-04).

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use zegel::{Error, Identity, KemKey, KemPublic, MAX_KEM_KEYS, MAX_NUMBER, Secret, rng};
use zeroize::Zeroizing;

use crate::{armour, clock, file};

/// The private keys of one file.
pub(crate) struct KeyFile {
    seed: Secret<32>,
    own: Vec<Own>,
    /// Who signs.
    pub(crate) identity: Identity,
    /// What opens, the current key first; none on a device that only seals.
    pub(crate) kem: Vec<KemKey>,
}

/// What the file keeps of a key to open with.
struct Own {
    secret: Secret<32>,
    /// Seconds since 1970 at which a newer key took its place: its grace begins.
    retired: Option<u64>,
}

impl KeyFile {
    /// New keys, drawn independently of each other.
    pub(crate) fn generate(kem_keys: usize) -> Result<Self> {
        let seed = Secret::random(&mut rng::SysRng)?;
        let own = (0..kem_keys).map(|_| Own::draw()).collect::<Result<_, Error>>()?;
        Self::new(seed, own)
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
    pub(crate) fn kem_secrets(&self) -> impl Iterator<Item = &Secret<32>> {
        self.own.iter().map(|own| &own.secret)
    }

    /// When each of [`KeyFile::kem`] was retired.
    pub(crate) fn retired(&self) -> impl Iterator<Item = Option<u64>> {
        self.own.iter().map(|own| own.retired)
    }

    /// What a card offers: the current key, and the newest of those that are still in their grace.
    pub(crate) fn offered(&self) -> Vec<KemPublic> {
        self.kem.iter().map(KemKey::public).take(MAX_KEM_KEYS).collect()
    }

    /// Whether a new key was stored and the one before it is not retired yet: a rotation that did not end.
    pub(crate) fn is_rotating(&self) -> bool {
        self.retired().filter(Option::is_none).count() > 1
    }

    /// Draws a key that comes before all others.
    pub(crate) fn draw(self) -> Result<Self> {
        let mut own = vec![Own::draw()?];
        own.extend(self.own);
        if own.len() >= MOST_KEYS {
            bail!("the key file is full of old keys: erase some with `zegel key erase`");
        }
        Self::new(self.seed, own)
    }

    /// Retires every key but the first, those that are not retired yet, at `now`.
    pub(crate) fn retire(&mut self, now: u64) {
        for own in self.own.iter_mut().skip(1) {
            own.retired = own.retired.or(Some(now));
        }
    }

    /// Without the keys that were retired at `until` or before, and how many these were.
    pub(crate) fn without_retired(mut self, until: u64) -> Result<(Self, usize)> {
        let before = self.own.len();
        self.own.retain(|own| own.retired.is_none_or(|at| at > until));
        let gone = before.saturating_sub(self.own.len());
        Ok((Self::new(self.seed, self.own)?, gone))
    }

    fn new(seed: Secret<32>, own: Vec<Own>) -> Result<Self> {
        let identity = Identity::from_seed(&seed)?;
        let kem = own.iter().map(|own| KemKey::from_bytes(&own.secret)).collect::<Result<_, Error>>()?;
        Ok(Self { seed, own, identity, kem })
    }

    /// A deterministic COSE_KeySet, so that the one encoding can be compared byte by byte.
    fn encode(&self) -> Result<Zeroizing<Vec<u8>>> {
        let keys = self.own.len().saturating_add(1);
        let head =
            u8::try_from(keys).ok().filter(|_| keys <= MOST_KEYS).context("too many keys for one file")?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(keys.saturating_mul(LONGEST_KEY)));
        bytes.push(ARRAY | head);
        bytes.extend_from_slice(ED25519);
        bytes.extend_from_slice(self.seed.expose());
        for own in &self.own {
            bytes.extend_from_slice(if own.retired.is_some() { X25519_RETIRED } else { X25519 });
            bytes.extend_from_slice(own.secret.expose());
            if let Some(at) = own.retired {
                bytes.extend_from_slice(RETIRED);
                write_seconds(&mut bytes, at);
            }
        }
        Ok(bytes)
    }

    fn parse(bytes: &[u8]) -> Result<Self> {
        let mut rest = bytes.get(1..).context("holds no key")?;
        let seed = secret(&mut rest, ED25519).context("holds no Ed25519 key")?;
        let mut own = Vec::new();
        while !rest.is_empty() {
            own.push(read_own(&mut rest).context(ELSE)?);
        }
        let keys = Self::new(seed, own)?;
        if *keys.encode()? != *bytes {
            bail!(ELSE);
        }
        Ok(keys)
    }
}

impl Own {
    fn draw() -> Result<Self, Error> {
        Ok(Self { secret: Secret::random(&mut rng::SysRng)?, retired: None })
    }
}

fn read_own(rest: &mut &[u8]) -> Option<Own> {
    if let Some(secret) = secret(rest, X25519) {
        return Some(Own { secret, retired: None });
    }
    let secret = secret(rest, X25519_RETIRED)?;
    *rest = rest.strip_prefix(RETIRED)?;
    Some(Own { secret, retired: Some(read_seconds(rest)?) })
}

fn secret(rest: &mut &[u8], head: &[u8]) -> Option<Secret<32>> {
    let (secret, after) = rest.strip_prefix(head)?.split_first_chunk()?;
    *rest = after;
    Some(Secret::new(*secret))
}

/// A CBOR unsigned integer in four or eight bytes: nothing is retired in the first hours of 1970.
fn write_seconds(bytes: &mut Vec<u8>, seconds: u64) {
    match u32::try_from(seconds) {
        Ok(short) => {
            bytes.push(UINT32);
            bytes.extend_from_slice(&short.to_be_bytes());
        }
        Err(_) => {
            bytes.push(UINT64);
            bytes.extend_from_slice(&seconds.to_be_bytes());
        }
    }
}

fn read_seconds(rest: &mut &[u8]) -> Option<u64> {
    let (head, after) = rest.split_first()?;
    let length = if *head == UINT32 { 4 } else { 8 };
    let (bytes, after) = after.split_at_checked(length)?;
    *rest = after;
    let seconds = bytes.iter().fold(0, |seconds, byte| seconds << 8 | u64::from(*byte));
    (EARLIEST..=MAX_NUMBER).contains(&seconds).then_some(seconds)
}

/// Head of a CBOR array of fewer than 24 items.
const ARRAY: u8 = 0x80;
/// `{1: 1, -1: 6, -4: d}` up to the 32 bytes of `d`: OKP, Ed25519, private (RFC 9053 §7.2).
const ED25519: &[u8] = b"\xa3\x01\x01\x20\x06\x23\x58\x20";
/// The same with X25519.
const X25519: &[u8] = b"\xa3\x01\x01\x20\x04\x23\x58\x20";
/// A retired one: `{1: 1, -1: 4, -4: d, -65537: seconds}`, with a label for private use (RFC 9052 §7.1).
const X25519_RETIRED: &[u8] = b"\xa4\x01\x01\x20\x04\x23\x58\x20";
const RETIRED: &[u8] = b"\x3a\x00\x01\x00\x00";
const UINT32: u8 = 0x1a;
const UINT64: u8 = 0x1b;
/// From here on the shortest encoding has four bytes.
const EARLIEST: u64 = 1 << 16;
const LONGEST_KEY: usize = 8 + 32 + 5 + 9;
/// One identity, and keys for more rotations than a grace has: a head of one byte.
const MOST_KEYS: usize = 23;
const ELSE: &str = "holds something else than one Ed25519 key and X25519 keys";
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
        let mut keys = KeyFile::generate(1).unwrap().draw().unwrap();
        keys.retire(1_764_000_000);
        let bytes = keys.encode().unwrap();
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

    #[test]
    fn a_key_is_drawn_retired_and_gone() {
        let keys = KeyFile::generate(1).unwrap();
        let first = keys.kem[0].public();
        let mut keys = keys.draw().unwrap();
        assert!(keys.is_rotating() && keys.kem[1].public() == first);
        keys.retire(1_764_000_000);
        keys = keys.draw().unwrap();
        keys.retire(1_764_000_100);
        assert!(!keys.is_rotating());
        let dates = [None, Some(1_764_000_100), Some(1_764_000_000)];
        let again = KeyFile::parse(&keys.encode().unwrap()).unwrap();
        assert!(again.retired().eq(dates) && again.offered().len() == 3 && again.offered()[2] == first);
        let (again, gone) = again.without_retired(1_763_999_999).unwrap();
        assert_eq!(gone, 0);
        let old = again.own[2].secret.expose().to_vec();
        let (again, gone) = again.without_retired(1_764_000_000).unwrap();
        let bytes = again.encode().unwrap();
        assert!(gone == 1 && !bytes.windows(32).any(|part| part == old));
    }

    #[test]
    fn a_file_of_the_time_before_rotation_is_read() {
        let mut bytes = b"\x82\xa3\x01\x01\x20\x06\x23\x58\x20".to_vec();
        bytes.extend(1..33);
        bytes.extend_from_slice(b"\xa3\x01\x01\x20\x04\x23\x58\x20");
        bytes.extend(101..133);
        let keys = KeyFile::parse(&bytes).unwrap();
        assert!(keys.retired().eq([None]) && *keys.encode().unwrap() == bytes);
    }
}
