//! What the target `pairing` asserts: nothing but a code is read as one, nothing but the genuine message is taken, and
//! whatever is refused changes nothing.

use std::convert::Infallible;
use std::sync::OnceLock;

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};
use hkdf::Hkdf;
use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha256};
use zegel::pairing::{Answered, Confirming, MAX_MESSAGE, PairingCode, Reply, Scanner, Shower};
use zegel::{Card, CardClaims, Error, Identity, Secret, Status};

use super::{NOW, bstr, mutated, tstr};

/// The first byte chooses what is mutated: the text or the bytes of a code, one of the four messages, or the words
/// under the encryption of one of them.
pub fn pairing(data: &[u8]) {
    let world = world();
    let Some((how, edits)) = data.split_first() else { return };
    match usize::from(how % 12) {
        0 => text(edits),
        1 => text(&mutated(&world.text, edits)),
        2 => bytes(&mutated(world.code.expose(), edits)),
        3 => (0..4).for_each(|step| shown(world, step, edits)),
        how @ 4..8 => shown(world, how - 4, &mutated(&world.messages[how - 4], edits)),
        how => shown(world, how - 8, &encrypted(world, how - 8, &mutated(&world.said[how - 8], edits))),
    }
}

fn text(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    match PairingCode::parse(text) {
        Ok(code) => assert_eq!(code.to_text(), text, "a code has one text"),
        Err(error) => assert!(matches!(error, Error::Malformed | Error::WeakKey)),
    }
}

fn bytes(bytes: &[u8]) {
    match PairingCode::from_bytes(bytes) {
        Ok(code) => assert_eq!(code.to_bytes().expose(), bytes, "and one encoding"),
        Err(error) => assert!(matches!(error, Error::Malformed | Error::WeakKey)),
    }
}

/// Shows `bytes` to the end that waits for message `step`, counted from 0, and then the genuine message.
fn shown(world: &World, step: usize, bytes: &[u8]) {
    let (mut message, mut out) = (bytes.to_vec(), [0xcc; MAX_MESSAGE]);
    let now = Some(NOW);
    let refused = match step {
        0 => world.shower().answer(&mut message, now, &mut out).map(drop).map_err(|refused| {
            world.answered(refused.state);
            refused.error
        }),
        1 => world.scanner().confirm(&mut message, now, &mut Counting(1), &mut out).map(drop).map_err(
            |refused| {
                world.confirming(refused.state);
                refused.error
            },
        ),
        2 => match world.answered(world.shower()).reply(&mut message, now, &mut Counting(2), &mut out) {
            // The message that was answered may come again.
            Ok(Reply::Again(..)) if bytes == world.messages[0] => return,
            Ok(Reply::Again(..)) => panic!("another message 1 was answered"),
            Ok(Reply::Paired(paired, _)) => {
                assert_eq!(paired.card_bytes(), world.cards[1]);
                Ok(())
            }
            Err(refused) => {
                let (mut genuine, mut out) = (world.messages[2].clone(), [0; MAX_MESSAGE]);
                let after = refused.state.reply(&mut genuine, now, &mut Counting(2), &mut out);
                assert!(matches!(after, Ok(Reply::Paired(..))));
                Err(refused.error)
            }
        },
        _ => {
            out.fill(0);
            match world.confirming(world.scanner()).finish(&mut message, now) {
                Ok(paired) => {
                    assert_eq!(paired.card_bytes(), world.cards[0]);
                    Ok(())
                }
                Err(refused) => {
                    assert!(refused.state.finish(&mut world.messages[3].clone(), now).is_ok());
                    Err(refused.error)
                }
            }
        }
    };
    assert!(message.iter().all(|byte| *byte == 0), "the message is wiped");
    assert_eq!(refused.is_ok(), bytes == world.messages[step], "the genuine message is taken, and no other");
    if let Err(error) = refused {
        assert!(out.iter().all(|byte| *byte == 0), "the output is wiped");
        assert!(matches!(
            error,
            Error::Malformed | Error::Rejected | Error::WeakKey | Error::Duplicate | Error::CodeUsed
        ));
    }
}

/// A pairing that ran once: its code, its messages, and the words in them.
struct World {
    ends: [Identity; 2],
    /// Of the shower, and of the scanner.
    cards: [Vec<u8>; 2],
    code: Secret<{ PairingCode::LEN }>,
    text: Vec<u8>,
    messages: [Vec<u8>; 4],
    said: [Vec<u8>; 4],
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| World::new().expect("the keys are sound"))
}

impl World {
    fn new() -> Result<Self, Error> {
        let identity = |first: u8| {
            Identity::from_seed(&Secret::new(std::array::from_fn(|i| first.wrapping_mul(i as u8 + 1))))
        };
        let ends = [identity(3)?, identity(5)?];
        let card = |end: &Identity| {
            let (not_before, expires) = (NOW - 1000, NOW + 1000);
            let (label, status) = ("end", Status::Active);
            let claims = CardClaims { serial: 1, not_before, expires, label, kem_keys: &[], status };
            Card::issue_to_vec(&claims, end, &mut Counting(0))
        };
        let cards = [card(&ends[0])?, card(&ends[1])?];
        let code = PairingCode::draw(&ends[0].id(), Some(NOW), 600, &mut Counting(0))?;
        let (text, code) = (code.to_text().into_bytes(), code.to_bytes());
        let (messages, said) = Default::default();
        let mut world = Self { ends, cards, code, text, messages, said };

        let (mut out, now) = ([[0; MAX_MESSAGE]; 4], Some(NOW));
        let [one, two, three, four] = &mut out;
        let (scanner, first) = Scanner::new(world.code(), &world.ends[1], &world.cards[1], now, one)?;
        let (answered, second) = world.shower().answer(&mut first.to_vec(), now, two)?;
        let (confirming, third) = scanner.confirm(&mut second.to_vec(), now, &mut Counting(1), three)?;
        let reply = answered.reply(&mut third.to_vec(), now, &mut Counting(2), four)?;
        let Reply::Paired(_, fourth) = reply else { return Err(Error::Duplicate) };
        let _ = confirming.finish(&mut fourth.to_vec(), now)?;
        let messages = [first, second, third, fourth].map(<[u8]>::to_vec);
        let said: [Vec<u8>; 4] = std::array::from_fn(|step| decrypted(&world, step, &messages[step]));
        for (step, message) in messages.iter().enumerate() {
            assert_eq!(encrypted(&world, step, &said[step]), *message, "both write the same");
        }
        (world.messages, world.said) = (messages, said);
        Ok(world)
    }

    fn code(&self) -> PairingCode {
        PairingCode::from_bytes(self.code.expose()).expect("a code")
    }

    fn shower(&self) -> Shower<'_> {
        Shower::new(self.code(), &self.ends[0], &self.cards[0], Some(NOW)).expect("the card is good")
    }

    fn scanner(&self) -> Scanner<'_> {
        let mut out = [0; MAX_MESSAGE];
        Scanner::new(self.code(), &self.ends[1], &self.cards[1], Some(NOW), &mut out)
            .expect("the card is good")
            .0
    }

    fn answered<'k>(&self, shower: Shower<'k>) -> Answered<'k> {
        let mut out = [0; MAX_MESSAGE];
        shower.answer(&mut self.messages[0].clone(), Some(NOW), &mut out).expect("message 1 is genuine").0
    }

    fn confirming<'k>(&self, scanner: Scanner<'k>) -> Confirming<'k> {
        let (mut two, mut out) = (self.messages[1].clone(), [0; MAX_MESSAGE]);
        scanner.confirm(&mut two, Some(NOW), &mut Counting(1), &mut out).expect("message 2 is genuine").0
    }
}

/// What follows from the code, by hand (SPEC §12.2).
fn derived<const N: usize>(world: &World, what: &[u8]) -> [u8; N] {
    let code = world.code.expose();
    let (shower, secret, expires) = (&code[1..33], &code[33..65], &code[65..70]);
    let mut out = [0; N];
    Hkdf::<Sha256>::new(Some(b"zegel-pairing-1"), secret)
        .expand_multi_info(&[what, shower, &[0; 3], expires], &mut out)
        .expect("a short output");
    out
}

/// Cipher, nonce and additional data of a step under a Partial IV.
fn keys(world: &World, step: usize, partial_iv: &[u8]) -> (ChaCha20Poly1305, [u8; 12], Vec<u8>) {
    let okm: [u8; 44] = derived(world, if step.is_multiple_of(2) { b"scanner" } else { b"shower" });
    let (key, iv) = okm.split_first_chunk::<32>().expect("44 bytes");
    let mut nonce: [u8; 12] = std::array::from_fn(|i| iv[i]);
    nonce.iter_mut().rev().zip(partial_iv.iter().rev()).for_each(|(byte, other)| *byte ^= other);
    let expires = super::head(0, NOW + 600);
    let external =
        [&[0x83][..], &tstr("zegel-pairing-1"), &bstr(&world.code.expose()[1..33]), &expires].concat();
    let aad = [&[0x83][..], &tstr("Encrypt0"), &bstr(ALG), &bstr(&external)].concat();
    (ChaCha20Poly1305::new(key.into()), nonce, aad)
}

fn encrypted(world: &World, step: usize, said: &[u8]) -> Vec<u8> {
    let number = step as u8 + 1;
    let mut partial_iv = [number, 0, 0, 0, 0, 0, 0];
    let marks = Hkdf::<Sha256>::from_prk(&derived::<32>(world, b"mark")).expect("a whole key");
    let info: [&[u8]; 2] = [&[number], &Sha256::digest(said)];
    marks.expand_multi_info(&info, &mut partial_iv[1..]).expect("a short output");
    let (cipher, nonce, aad) = keys(world, step, &partial_iv);
    let mut text = said.to_vec();
    let tag =
        cipher.encrypt_inout_detached(&nonce.into(), &aad, (&mut text[..]).into()).expect("a short text");
    text.extend_from_slice(&tag);
    let id: [u8; 8] = derived(world, b"id");
    let header = [b"\xa2\x04", &bstr(&id)[..], b"\x06", &bstr(&partial_iv)].concat();
    [b"\xd0\x83", &bstr(ALG)[..], &header, &bstr(&text)].concat()
}

fn decrypted(world: &World, step: usize, message: &[u8]) -> Vec<u8> {
    let head = if message[27] == 0x58 { 29 } else { 30 };
    let (text, tag) = message[head..].split_last_chunk::<16>().expect("a tag");
    let (cipher, nonce, aad) = keys(world, step, &message[20..27]);
    let mut text = text.to_vec();
    let inout = (&mut text[..]).into();
    cipher.decrypt_inout_detached(&nonce.into(), &aad, inout, &(*tag).into()).expect("it is genuine");
    text
}

/// `{1: 24}`.
const ALG: &[u8] = b"\xa1\x01\x18\x18";

/// Counts, so that nothing drawn is of equal bytes, and each run draws the same.
struct Counting(u8);

impl TryRng for Counting {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(7)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(7)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.iter_mut().for_each(|byte| {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        });
        Ok(())
    }
}

impl TryCryptoRng for Counting {}
