//! Names made from keys: the thumbprint of RFC 9679, its short hint, and a form to compare aloud
//! (SPEC §2.1 to §2.3).

use core::fmt;

use crate::crypto::kdf::sha256;

/// The COSE curve numbers of the two kinds of key (RFC 9053 §7.1).
#[derive(Clone, Copy)]
pub(crate) enum Curve {
    X25519 = 4,
    Ed25519 = 6,
}

/// The thumbprint of an Ed25519 identity key: 32 bytes, the full name of somebody (SPEC §2.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub [u8; 32]);

impl Id {
    /// The name of the holder of an Ed25519 public key.
    pub fn of(public_key: &[u8; 32]) -> Self {
        Self(thumbprint(Curve::Ed25519, public_key))
    }

    /// The first 8 bytes: what stands on the wire.
    pub const fn kid(&self) -> Kid {
        Kid::of(&self.0)
    }

    /// Eight groups of five digits, for two people to compare aloud.
    pub const fn fingerprint(&self) -> Fingerprint<'_> {
        Fingerprint(self)
    }
}

/// The first 8 bytes of a thumbprint. A hint for looking a key up, never a proof of anything: it is
/// short enough that somebody could search for a second key with the same one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kid(pub [u8; 8]);

impl Kid {
    pub(crate) const fn of(thumbprint: &[u8; 32]) -> Self {
        match thumbprint.first_chunk() {
            Some(first) => Self(*first),
            None => Self([0; 8]),
        }
    }
}

/// Shows an [`Id`] as eight groups of five digits: 132 bits (SPEC §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint<'a>(&'a Id);

impl fmt::Display for Fingerprint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, group) in self.0.0.as_chunks::<4>().0.iter().enumerate() {
            let space = if i == 0 { "" } else { " " };
            write!(f, "{space}{:05}", u32::from_be_bytes(*group).wrapping_rem(100_000))?;
        }
        Ok(())
    }
}

/// SHA-256 of the deterministic COSE_Key `{1: 1, -1: crv, -2: x}` (RFC 9679).
#[expect(clippy::as_conversions, reason = "the discriminant of a fieldless enum has no other spelling")]
pub(crate) fn thumbprint(curve: Curve, x: &[u8; 32]) -> [u8; 32] {
    sha256(&[b"\xa3\x01\x01\x20", &[curve as u8], b"\x21\x58\x20", x])
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

macro_rules! shown_as_hex {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                hex(&self.0, f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    )*};
}
shown_as_hex!(Id, Kid);

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_fingerprint_is_eight_groups_of_five_digits() {
        let mut id = Id([0; 32]);
        id.0[..8].copy_from_slice(&[0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(id.fingerprint().to_string(), "00007 67295 00000 00000 00000 00000 00000 00000");
        assert_eq!(id.kid().to_string(), "00000007ffffffff");
    }
}
