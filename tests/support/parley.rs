//! A message of a pairing written by hand from SPEC §12, with no check and every part exchangeable: what a man in the
//! middle can write, with the code's secret and without.

use std::ops::Range;

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use zegel::Identity;

use super::forge::{bstr, head, signature, to_be_signed, tstr, uint};

pub const CHACHA: &[u8] = b"\xa1\x01\x18\x18";

/// What somebody knows who has read a code.
pub struct Read {
    pub text: String,
    pub shower: [u8; 32],
    pub expires: u64,
    pub id: [u8; 8],
    prk: Hkdf<Sha256>,
}

impl Read {
    pub fn of(text: &str) -> Self {
        let digit = |letter: u8| (letter - if letter.is_ascii_digit() { b'2' - 26 } else { b'A' }) as u32;
        let bits: Vec<u32> =
            text.as_bytes()[6..].iter().flat_map(|&c| (0..5).rev().map(move |i| digit(c) >> i & 1)).collect();
        let bytes: Vec<u8> =
            bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | *bit as u8)).collect();
        let shower: [u8; 32] = bytes[1..33].try_into().unwrap();
        let expires = bytes[65..70].iter().fold(0, |all, byte| all << 8 | u64::from(*byte));
        let prk = Hkdf::<Sha256>::new(Some(b"zegel-pairing-1"), &bytes[33..65]);
        let mut read = Self { text: text.into(), shower, expires, id: [0; 8], prk };
        read.id = read.expand(b"id");
        read
    }

    fn expand<const N: usize>(&self, what: &[u8]) -> [u8; N] {
        let mut out = [0; N];
        self.prk.expand_multi_info(&[what, &self.shower, &self.expires.to_be_bytes()], &mut out).unwrap();
        out
    }

    /// The key and the iv of who speaks at this step.
    pub fn keys(&self, step: u8) -> ([u8; 32], [u8; 12]) {
        let okm: [u8; 44] = self.expand(if step % 2 == 1 { b"scanner" } else { b"shower" });
        (okm[..32].try_into().unwrap(), okm[32..].try_into().unwrap())
    }

    /// From which the nonces follow.
    pub fn marks(&self) -> [u8; 32] {
        self.expand(b"mark")
    }

    fn cipher(&self, step: u8) -> (ChaCha20Poly1305, [u8; 12]) {
        let (key, iv) = self.keys(step);
        (ChaCha20Poly1305::new(&key.into()), iv)
    }

    fn aad(&self) -> Vec<u8> {
        let external = [head(4, 3), tstr("zegel-pairing-1"), bstr(&self.shower), uint(self.expires)].concat();
        [head(4, 3), tstr("Encrypt0"), bstr(CHACHA), bstr(&external)].concat()
    }

    /// A message of any step with any plaintext, as an end makes it.
    pub fn seal(&self, step: u8, plaintext: &[u8]) -> Vec<u8> {
        let marks = Hkdf::<Sha256>::from_prk(&self.marks()).unwrap();
        let mut partial_iv = [step, 0, 0, 0, 0, 0, 0];
        marks.expand_multi_info(&[&[step], &sha256(plaintext)], &mut partial_iv[1..]).unwrap();
        self.seal_as(step, &partial_iv, &self.aad(), plaintext)
    }

    /// The same under any Partial IV and additional data.
    pub fn seal_as(&self, step: u8, partial_iv: &[u8], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        let (cipher, iv) = self.cipher(step);
        let nonce = xor(iv, partial_iv);
        let mut text = plaintext.to_vec();
        let tag = cipher.encrypt_inout_detached(&nonce.into(), aad, (&mut text[..]).into()).unwrap();
        let ciphertext = [&text[..], &tag].concat();
        message(&self.id, partial_iv, &ciphertext)
    }

    pub fn open(&self, message: &[u8]) -> Vec<u8> {
        let (partial_iv, ciphertext) = (&message[PARTIAL_IV], &message[ciphertext(message)]);
        let (cipher, iv) = self.cipher(partial_iv[0]);
        let (text, tag) = ciphertext.split_last_chunk::<16>().unwrap();
        let (mut text, nonce) = (text.to_vec(), xor(iv, partial_iv));
        let inout = (&mut text[..]).into();
        cipher.decrypt_inout_detached(&nonce.into(), &self.aad(), inout, &(*tag).into()).unwrap();
        text
    }
}

fn xor(mut iv: [u8; 12], partial_iv: &[u8]) -> [u8; 12] {
    iv.iter_mut().rev().zip(partial_iv.iter().rev()).for_each(|(byte, other)| *byte ^= other);
    iv
}

pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The transcripts after each of these messages.
pub fn transcripts(messages: &[&[u8]]) -> Vec<[u8; 32]> {
    let mut all: Vec<[u8; 32]> = Vec::new();
    for message in messages {
        let before = all.last().map_or(&[][..], |last| last);
        all.push(sha256(&[before, message].concat()));
    }
    all
}

pub fn message(kid: &[u8], partial_iv: &[u8], ciphertext: &[u8]) -> Vec<u8> {
    let unprotected = [head(5, 2), uint(4), bstr(kid), uint(6), bstr(partial_iv)].concat();
    [head(6, 16), head(4, 3), bstr(CHACHA), unprotected, bstr(ciphertext)].concat()
}

/// Where in a message the kid, the Partial IV and the ciphertext stand.
pub const KID: Range<usize> = 10..18;
pub const PARTIAL_IV: Range<usize> = 20..27;

pub fn ciphertext(message: &[u8]) -> Range<usize> {
    let head = if message[27] == 0x58 { 2 } else { 3 };
    27 + head..message.len()
}

pub fn card_plaintext(card: &[u8], answers: Option<&[u8]>) -> Vec<u8> {
    match answers {
        None => [head(4, 1), bstr(card)].concat(),
        Some(answers) => [head(4, 2), bstr(card), bstr(answers)].concat(),
    }
}

pub fn proof_plaintext(transcript: &[u8], signature: &[u8]) -> Vec<u8> {
    [head(4, 2), bstr(transcript), bstr(signature)].concat()
}

pub fn pairing_context(speaker: &Identity, listener: &Identity) -> Vec<u8> {
    [head(4, 3), tstr("zegel-pairing-1"), bstr(&speaker.id().0), bstr(&listener.id().0)].concat()
}

pub fn proof(signer: &Identity, speaker: &Identity, listener: &Identity, transcript: &[u8]) -> [u8; 64] {
    signature(signer, &to_be_signed(&pairing_context(speaker, listener), transcript))
}
