//! A pairing written by hand from SPEC §12, with no check and every part exchangeable: what a man in the middle can
//! write, with the code's secret and without.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use zegel::Identity;
use zegel::pairing::{Answered, Confirming, MAX_MESSAGE, Paired, PairingCode, Reply, Scanner, Shower};

use super::forge::{bstr, head, signature, to_be_signed, tstr, uint};
use super::random::{Draws, Script};
use super::world::{NOW, Person};

pub const CHACHA: &[u8] = b"\xa1\x01\x18\x18";
/// How long the codes of these tests serve.
pub const LIFETIME: u64 = 600;

/// A code twice, as the two ends have it, and what follows from it for whoever has read it.
pub fn code(shower: &Person, seed: u64) -> (PairingCode, PairingCode, Read) {
    let code = PairingCode::draw(&shower.identity.id(), Some(NOW), LIFETIME, &mut Draws(seed)).unwrap();
    let scanned = PairingCode::parse(&code.to_text()).unwrap();
    let read = Read::of(&code.to_text());
    (code, scanned, read)
}

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
        let (partial_iv, ciphertext) = (&message[partial_iv(message)], &message[ciphertext(message)]);
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
pub fn kid(_: &[u8]) -> std::ops::Range<usize> {
    10..18
}

pub fn partial_iv(_: &[u8]) -> std::ops::Range<usize> {
    20..27
}

pub fn ciphertext(message: &[u8]) -> std::ops::Range<usize> {
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

/// The messages of one honest run between two people.
pub struct Honest {
    pub read: Read,
    pub messages: [Vec<u8>; 4],
}

/// A run from end to end, after which each has the other.
pub fn honest(shower: &Person, scanner: &Person, seed: u64) -> Honest {
    let (shown, scanned, read) = code(shower, seed);
    let mut out = [0; MAX_MESSAGE];
    let (waiting, one) =
        Scanner::new(scanned, &scanner.identity, &scanner.wire, Some(NOW), &mut out).unwrap();
    let one = one.to_vec();
    let shows = Shower::new(shown, &shower.identity, &shower.wire, Some(NOW)).unwrap();
    let (answered, two) = answer(shows, &one);
    let (confirming, three) = confirm(waiting, &two);
    let (scanner_card, four) = reply(answered, &three);
    let shower_card = finish(confirming, &four);
    assert_eq!(scanner_card.card_bytes(), scanner.wire);
    assert_eq!(shower_card.card_bytes(), shower.wire);
    Honest { read, messages: [one, two, three, four] }
}

/// Each step with a message that it must take.
#[track_caller]
pub fn answer<'k>(shower: Shower<'k>, one: &[u8]) -> (Answered<'k>, Vec<u8>) {
    let (mut message, mut out) = (one.to_vec(), [0; MAX_MESSAGE]);
    let (answered, two) = shower.answer(&mut message, Some(NOW), &mut out).unwrap();
    assert!(message.iter().all(|byte| *byte == 0), "the message is wiped when it was taken, too");
    (answered, two.to_vec())
}

#[track_caller]
pub fn confirm<'k>(scanner: Scanner<'k>, two: &[u8]) -> (Confirming<'k>, Vec<u8>) {
    let mut out = [0; MAX_MESSAGE];
    let mut rng = Draws(two.len() as u64);
    let (confirming, three) = scanner.confirm(&mut two.to_vec(), Some(NOW), &mut rng, &mut out).unwrap();
    (confirming, three.to_vec())
}

#[track_caller]
pub fn reply(answered: Answered<'_>, three: &[u8]) -> (Paired, Vec<u8>) {
    let mut out = [0; MAX_MESSAGE];
    match answered.reply(&mut three.to_vec(), Some(NOW), &mut Draws(three.len() as u64), &mut out).unwrap() {
        Reply::Paired(paired, four) => (paired, four.to_vec()),
        Reply::Again(..) => panic!("message 3 was taken for message 1"),
    }
}

#[track_caller]
pub fn finish(confirming: Confirming<'_>, four: &[u8]) -> Paired {
    confirming.finish(&mut four.to_vec(), Some(NOW)).unwrap()
}

/// A state that waits for a message, whichever of the four it is.
pub enum Waiting<'k> {
    Shower(Shower<'k>),
    Scanner(Scanner<'k>),
    Answered(Answered<'k>),
    Confirming(Confirming<'k>),
}

impl<'k> Waiting<'k> {
    /// The error that `bytes` get, and the state after it; the buffers are wiped, and nothing was drawn.
    #[track_caller]
    pub fn refuses(self, now: Option<u64>, bytes: &[u8]) -> (Self, zegel::Error) {
        let (mut message, mut out, mut rng) = (bytes.to_vec(), [0xcc; MAX_MESSAGE], Script::new([]));
        let said = "an attacker's message was taken";
        let (state, error) = match self {
            Self::Shower(state) => {
                let refused = state.answer(&mut message, now, &mut out).expect_err(said);
                (Self::Shower(refused.state), refused.error)
            }
            Self::Scanner(state) => {
                let refused = state.confirm(&mut message, now, &mut rng, &mut out).expect_err(said);
                (Self::Scanner(refused.state), refused.error)
            }
            Self::Answered(state) => {
                let refused = state.reply(&mut message, now, &mut rng, &mut out).expect_err(said);
                (Self::Answered(refused.state), refused.error)
            }
            Self::Confirming(state) => {
                let refused = state.finish(&mut message, now).expect_err(said);
                out.fill(0);
                (Self::Confirming(refused.state), refused.error)
            }
        };
        assert!(message.iter().chain(&out).all(|byte| *byte == 0), "the buffers are wiped after {error}");
        assert_eq!(rng.drawn, 0, "nothing was drawn for {error}");
        (state, error)
    }
}

/// A run that stands before its message `step`, with the messages so far.
pub fn before<'k>(
    step: usize,
    shower: &'k Person,
    scanner: &'k Person,
    seed: u64,
) -> (Waiting<'k>, Other<'k>, Read, Vec<Vec<u8>>) {
    let (shown, scanned, read) = code(shower, seed);
    let mut out = [0; MAX_MESSAGE];
    let (waiting, one) =
        Scanner::new(scanned, &scanner.identity, &scanner.wire, Some(NOW), &mut out).unwrap();
    let one = one.to_vec();
    let shows = Shower::new(shown, &shower.identity, &shower.wire, Some(NOW)).unwrap();
    if step == 1 {
        return (Waiting::Shower(shows), Other::Scanner(waiting), read, vec![one]);
    }
    let (answered, two) = answer(shows, &one);
    if step == 2 {
        return (Waiting::Scanner(waiting), Other::Answered(answered), read, vec![one, two]);
    }
    let (confirming, three) = confirm(waiting, &two);
    if step == 3 {
        return (Waiting::Answered(answered), Other::Confirming(confirming), read, vec![one, two, three]);
    }
    let (paired, four) = reply(answered, &three);
    (Waiting::Confirming(confirming), Other::Paired(paired), read, vec![one, two, three, four])
}

/// The end that does not wait for the message in question.
pub enum Other<'k> {
    Scanner(Scanner<'k>),
    Answered(Answered<'k>),
    Confirming(Confirming<'k>),
    Paired(Paired),
}

/// Runs a pairing to its end, from a state that attacks have left behind; both have each other and nobody else.
#[track_caller]
pub fn completes(
    waiting: Waiting<'_>,
    other: Other<'_>,
    messages: &[Vec<u8>],
    shower: &Person,
    scanner: &Person,
) {
    let last = messages.last().unwrap();
    let (with_shower, with_scanner) = match (waiting, other) {
        (Waiting::Shower(state), Other::Scanner(scans)) => {
            let (answered, two) = answer(state, last);
            let (confirming, three) = confirm(scans, &two);
            let (paired, four) = reply(answered, &three);
            (paired, finish(confirming, &four))
        }
        (Waiting::Scanner(state), Other::Answered(answered)) => {
            let (confirming, three) = confirm(state, last);
            let (paired, four) = reply(answered, &three);
            (paired, finish(confirming, &four))
        }
        (Waiting::Answered(state), Other::Confirming(confirming)) => {
            let (paired, four) = reply(state, last);
            (paired, finish(confirming, &four))
        }
        (Waiting::Confirming(state), Other::Paired(paired)) => (paired, finish(state, last)),
        _ => panic!("two states that do not belong together"),
    };
    assert_eq!(with_shower.card_bytes(), scanner.wire);
    assert_eq!(with_scanner.card_bytes(), shower.wire);
}
