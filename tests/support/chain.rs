//! Group envelopes, sessions, manifests and evidence built by hand from SPEC §4.6, §10 and §11, with no check: what a
//! legitimate sender or recipient can write when he is malicious.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};
use sha2::{Digest, Sha256};
use zegel::{Id, Identity, KemKey, KemPublic, hpke};

use super::forge::{bstr, head, sign1, signature, to_be_signed, tstr, uint};
use super::random::Draws;
use super::world::Person;

pub const CHACHA20_POLY1305: &[u8] = b"\xa1\x01\x18\x18";
pub const HPKE_4_KE: &[u8] = b"\xa1\x01\x18\x32";

/// ChaCha20-Poly1305 with the tag behind the text.
pub fn encrypted_with(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut text = plaintext.to_vec();
    let cipher = ChaCha20Poly1305::new(key.into());
    let tag = cipher.encrypt_inout_detached(&(*nonce).into(), aad, text.as_mut_slice().into()).unwrap();
    text.extend_from_slice(&tag);
    text
}

/// The plaintext, when the tag holds.
pub fn decrypted_with(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], ciphertext: &[u8]) -> Option<Vec<u8>> {
    let (text, tag) = ciphertext.split_last_chunk::<16>()?;
    let mut text = text.to_vec();
    let cipher = ChaCha20Poly1305::new(key.into());
    let opened =
        cipher.decrypt_inout_detached(&(*nonce).into(), aad, text.as_mut_slice().into(), &(*tag).into());
    opened.is_ok().then_some(text)
}

/// An array of ids, as they stand.
pub fn ids(audience: &[Id]) -> Vec<u8> {
    let items = audience.iter().flat_map(|id| bstr(&id.0));
    head(4, audience.len() as u64).into_iter().chain(items).collect()
}

/// SPEC §4.4 and §4.6, for any audience.
pub fn statement_context(domain: &str, sender: &Id, audience: &[Id], topic: &str) -> Vec<u8> {
    [head(4, 4), tstr(domain), bstr(&sender.0), ids(audience), tstr(topic)].concat()
}

/// A COSE_Sign1 over a statement, for any audience.
pub fn signed_for(from: &Identity, audience: &[Id], topic: &str, payload: &[u8]) -> Vec<u8> {
    let context = statement_context("zegel-statement-1", &from.id(), audience, topic);
    sign1(&from.id().kid().0, payload, &signature(from, &to_be_signed(&context, payload)))
}

/// A content key, and what stands around it.
#[derive(Clone)]
pub struct Group<'a> {
    pub cek: [u8; 32],
    pub iv: [u8; 12],
    pub topic: &'a str,
    pub domain: &'a str,
    /// The recipients' keys, in the order in which they are listed.
    pub to: Vec<KemPublic>,
}

impl<'a> Group<'a> {
    pub fn new(to: &[&Person], topic: &'a str) -> Self {
        let to = to.iter().map(|person| person.keys[0].public()).collect();
        Self { cek: [0xce; 32], iv: [0x17; 12], topic, domain: "zegel-envelope-1", to }
    }

    pub fn aad(&self) -> Vec<u8> {
        let kids = self.to.iter().flat_map(|to| bstr(&to.kid().0));
        let kids: Vec<u8> = head(4, self.to.len() as u64).into_iter().chain(kids).collect();
        let external = [head(4, 3), tstr(self.domain), tstr(self.topic), kids].concat();
        [head(4, 3), tstr("Encrypt"), bstr(CHACHA20_POLY1305), bstr(&external)].concat()
    }

    /// One recipient, with any content key for him.
    pub fn recipient(to: &KemPublic, cek: &[u8; 32]) -> Vec<u8> {
        let info = [head(4, 4), tstr("HPKE Recipient"), uint(24), bstr(HPKE_4_KE), bstr(b"zegel-1")];
        let (ek, mut context) = hpke::sender(to, &info.concat(), None, &mut Draws(0x9e)).unwrap();
        let mut wrapped = [&cek[..], &[0; 16]].concat();
        context.seal_in_place(b"", &mut wrapped).unwrap();
        let unprotected = [head(5, 2), uint(4), bstr(&to.kid().0), vec![0x23], bstr(&ek)].concat();
        [head(4, 3), bstr(HPKE_4_KE), unprotected, bstr(&wrapped)].concat()
    }

    /// The envelope of any ciphertext and any recipients.
    pub fn around(&self, ciphertext: &[u8], recipients: &[Vec<u8>]) -> Vec<u8> {
        let unprotected = [head(5, 1), uint(5), bstr(&self.iv)].concat();
        let list = [head(4, recipients.len() as u64), recipients.concat()].concat();
        [head(6, 96), head(4, 4), bstr(CHACHA20_POLY1305), unprotected, bstr(ciphertext), list].concat()
    }

    /// The envelope of any plaintext whatever.
    pub fn sealed(&self, plaintext: &[u8]) -> Vec<u8> {
        let recipients: Vec<_> = self.to.iter().map(|to| Self::recipient(to, &self.cek)).collect();
        self.around(&encrypted_with(&self.cek, &self.iv, &self.aad(), plaintext), &recipients)
    }
}

/// `[audience, COSE_Sign1]`.
pub fn group_plaintext(audience: &[Id], signed: &[u8]) -> Vec<u8> {
    [head(4, 2), ids(audience), signed.to_vec()].concat()
}

/// The people by ascending id, as an audience names them.
pub fn ascending<'p>(people: &[&'p Person]) -> (Vec<&'p Person>, Vec<Id>) {
    let mut people = people.to_vec();
    people.sort_by_key(|person| person.identity.id());
    let ids = people.iter().map(|person| person.identity.id()).collect();
    (people, ids)
}

/// The keys of a session, as its recipient exports them: both ends have them.
pub struct SessionSecrets {
    pub key: [u8; 32],
    pub iv: [u8; 12],
    pub id: [u8; 8],
}

impl SessionSecrets {
    pub fn of(to: &KemKey, keyframe: &[u8]) -> Self {
        let outer = zegel::envelope::Envelope::parse(keyframe).unwrap();
        let context = hpke::receiver(to, outer.ek(), b"zegel-1", None).unwrap();
        let mut secrets = Self { key: [0; 32], iv: [0; 12], id: [0; 8] };
        context.export(b"zegel-session-key-1", &mut secrets.key).unwrap();
        context.export(b"zegel-session-iv-1", &mut secrets.iv).unwrap();
        context.export(b"zegel-session-id-1", &mut secrets.id).unwrap();
        secrets
    }

    /// A message of any plaintext under any number.
    pub fn message(&self, number: u64, topic: &str, plaintext: &[u8]) -> Vec<u8> {
        self.message_in("zegel-session-1", number, topic, plaintext)
    }

    pub fn message_in(&self, domain: &str, number: u64, topic: &str, plaintext: &[u8]) -> Vec<u8> {
        let external = [head(4, 2), tstr(domain), tstr(topic)].concat();
        let aad = [head(4, 3), tstr("Encrypt0"), bstr(CHACHA20_POLY1305), bstr(&external)].concat();
        let mut nonce = self.iv;
        for (byte, digit) in nonce.iter_mut().rev().zip(number.to_le_bytes()) {
            *byte ^= digit;
        }
        self.around(&partial_iv(number), &encrypted_with(&self.key, &nonce, &aad, plaintext))
    }

    /// A message of any ciphertext under any Partial IV.
    pub fn around(&self, partial_iv: &[u8], ciphertext: &[u8]) -> Vec<u8> {
        let unprotected = [head(5, 2), uint(4), bstr(&self.id), uint(6), bstr(partial_iv)].concat();
        [head(6, 16), head(4, 3), bstr(CHACHA20_POLY1305), unprotected, bstr(ciphertext)].concat()
    }
}

/// A number in its fewest bytes, at least one.
pub fn partial_iv(number: u64) -> Vec<u8> {
    let zeros = (number.leading_zeros() as usize / 8).min(7);
    number.to_be_bytes()[zeros..].to_vec()
}

/// `[time, format, body, pad]`.
pub fn session_plaintext(time: Option<u64>, format: u64, body: &[u8], pad: &[u8]) -> Vec<u8> {
    [head(4, 4), time.map_or(vec![0xf6], uint), uint(format), bstr(body), bstr(pad)].concat()
}

/// The body of a keyframe.
pub fn limits(block: u64, messages: u64, seconds: u64) -> Vec<u8> {
    [head(4, 3), uint(block), uint(messages), uint(seconds)].concat()
}

/// The leaf of a statement in its block.
pub fn leaf(sender: &Id, recipient: &Id, topic: &str, statement: &[u8]) -> [u8; 32] {
    let context = statement_context("zegel-statement-1", sender, &[*recipient], topic);
    Sha256::digest([&[0][..], &to_be_signed(&context, statement)].concat()).into()
}

/// The root over leaves, as RFC 9162 §2.1.1 writes it down.
pub fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            Sha256::digest([&[1][..], &root(left), &root(right)].concat()).into()
        }
    }
}

/// `[first, count, root]`.
pub fn signed_block(first: u64, count: u64, root: &[u8; 32]) -> Vec<u8> {
    [head(4, 3), uint(first), uint(count), bstr(root)].concat()
}

pub fn manifest_context(domain: &str, sender: &Id, audience: &[Id]) -> Vec<u8> {
    [head(4, 3), tstr(domain), bstr(&sender.0), ids(audience)].concat()
}

/// A manifest as `from` signs it for `to`.
pub fn manifest(from: &Identity, to: &Id, block: &[u8]) -> Vec<u8> {
    let context = manifest_context("zegel-manifest-1", &from.id(), &[*to]);
    sign1(&from.id().kid().0, block, &signature(from, &to_be_signed(&context, block)))
}

/// Evidence of any parts.
pub fn evidence(card: &[u8], audience: &[Id], topic: &str, statement: &[u8], proof: &[u8]) -> Vec<u8> {
    [head(4, 5), bstr(card), ids(audience), tstr(topic), bstr(statement), proof.to_vec()].concat()
}

/// `[first, count, path, signature]`.
pub fn manifest_proof(first: u64, count: u64, path: &[[u8; 32]], signature: &[u8]) -> Vec<u8> {
    let hashes: Vec<u8> = path.iter().flat_map(|hash| bstr(hash)).collect();
    let path = [head(4, path.len() as u64), hashes].concat();
    [head(4, 4), uint(first), uint(count), path, bstr(signature)].concat()
}
