//! What both ends derive from a code, and the messages under it (SPEC §12.2, §12.3).

use crate::cbor::{Writer, count, write};
use crate::cose::message::{self, Message};
use crate::cose::structure::ENC_STRUCTURE;
use crate::crypto::aead::TAG;
use crate::crypto::kdf::{Prk, sha256};
use crate::crypto::schedule::Keys;
use crate::error::{Error, Result};
use crate::key::id::Id;
use crate::limits::MAX_CARD;
use crate::pairing::code::{self, PairingCode};
use crate::pairing::topic::{PairingTopic, Role};
use crate::secret::{Secret, Wipe};

/// Most bytes of a message of a pairing.
pub const MAX_MESSAGE: usize = MAX_CARD + 84;

/// The four messages, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    ScannerCard,
    ShowerCard,
    ScannerProof,
    ShowerProof,
}

impl Step {
    const fn speaker(self) -> Role {
        match self {
            Self::ScannerCard | Self::ScannerProof => Role::Scanner,
            Self::ShowerCard | Self::ShowerProof => Role::Shower,
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::ScannerCard => 1,
            Self::ShowerCard => 2,
            Self::ScannerProof => 3,
            Self::ShowerProof => 4,
        }
    }

    const fn of(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::ScannerCard),
            2 => Some(Self::ShowerCard),
            3 => Some(Self::ScannerProof),
            4 => Some(Self::ShowerProof),
            _ => None,
        }
    }
}

/// The keys of one pairing, wiped when it ends. The code's secret is not among them.
pub(crate) struct PairingKeys {
    id: [u8; 8],
    shower: Id,
    expires: u64,
    from_scanner: Keys,
    from_shower: Keys,
    marks: Secret<32>,
}

impl PairingKeys {
    /// SPEC §12.2.
    pub(crate) fn derive(code: &PairingCode) -> Result<Self> {
        let (shower, expires) = (*code.shower(), code.expires_or_zero());
        let prk = Prk::extract(b"zegel-pairing-1", &[code.secret().expose()]);
        let context = expires.to_be_bytes();
        let keys = |role: &[u8]| -> Result<Keys> {
            let okm: Secret<44> = prk.expand(&[role, &shower.0, &context]);
            let (key, iv) = okm.expose().split_first_chunk().ok_or(Error::TooLarge)?;
            let iv = iv.first_chunk().ok_or(Error::TooLarge)?;
            Ok(Keys::from_parts(Secret::new(*key), Secret::new(*iv)))
        };
        Ok(Self {
            id: *prk.expand(&[b"id", &shower.0, &context]).expose(),
            shower,
            expires,
            from_scanner: keys(b"scanner")?,
            from_shower: keys(b"shower")?,
            marks: prk.expand(&[b"mark", &shower.0, &context]),
        })
    }

    pub(crate) fn topic(&self, speaker: Role) -> PairingTopic {
        PairingTopic::new(&self.id, speaker)
    }

    /// Which step a message of this pairing claims to be, while the code serves.
    pub(crate) fn step(&self, message: &[u8], now: Option<u64>) -> Result<Step> {
        if message.len() > MAX_MESSAGE {
            return Err(Error::Malformed);
        }
        let outer = Message::read(message)?;
        let [_, step, ..] = outer.number.to_be_bytes();
        let step = Step::of(step).filter(|_| outer.kid == self.id).ok_or(Error::Malformed)?;
        code::check_time(self.expires, now)?;
        Ok(step)
    }

    /// Encrypts what `said` writes to the front of `out`. On an error `out` is wiped.
    pub(crate) fn seal<'o>(
        &self,
        step: Step,
        said: impl Fn(&mut Writer<'_>),
        out: &'o mut [u8],
    ) -> Result<&'o [u8]> {
        let mut out = Wipe::new(out);
        let plaintext = count(&said);
        let length = plaintext.checked_add(TAG).ok_or(Error::TooLarge)?;
        let any = number(step, &[0; MARK]);
        let head = count(|writer| message::write_head(writer, &self.id, any, length));
        let total = head.checked_add(length).ok_or(Error::TooLarge)?;
        let room = out.bytes_mut().get_mut(..total).ok_or(Error::BufferTooSmall)?;
        let (head, ciphertext) = room.split_at_mut_checked(head).ok_or(Error::BufferTooSmall)?;
        write(ciphertext, said)?;

        // The nonce follows from what is said, so that an end that begins again with the same code says the same
        // under the same nonce, and something else under another one.
        let said = sha256(&[ciphertext.get(..plaintext).ok_or(Error::BufferTooSmall)?]);
        let mark: Secret<MARK> = Prk::from_secret(&self.marks)?.expand(&[&[step.number()], &said]);
        let number = number(step, mark.expose());
        write(head, |writer| message::write_head(writer, &self.id, number, length))?;
        self.of(step).seal(number, self.enc_structure(&mut [0; ENC_STRUCTURE])?, ciphertext)?;
        out.keep().get(..total).ok_or(Error::BufferTooSmall)
    }

    /// Decrypts a message of `step` in place; [`Error::Rejected`] when the tag does not hold.
    pub(crate) fn open<'b>(&self, step: Step, message: &'b mut [u8]) -> Result<&'b [u8]> {
        let outer = Message::read(message)?;
        let number = outer.number;
        let head = message.len().checked_sub(outer.ciphertext.len()).ok_or(Error::Malformed)?;
        let ciphertext = message.get_mut(head..).ok_or(Error::Malformed)?;
        self.of(step)
            .open(number, self.enc_structure(&mut [0; ENC_STRUCTURE])?, ciphertext)
            .map(|text| &*text)
    }

    fn of(&self, step: Step) -> &Keys {
        match step.speaker() {
            Role::Scanner => &self.from_scanner,
            Role::Shower => &self.from_shower,
        }
    }

    fn enc_structure<'r>(&self, room: &'r mut [u8; ENC_STRUCTURE]) -> Result<&'r [u8]> {
        let external_aad = |writer: &mut Writer<'_>| {
            writer.array(3);
            writer.text("zegel-pairing-1");
            writer.bytes(&self.shower.0);
            writer.uint(self.expires);
        };
        message::enc_structure(&external_aad, room)
    }
}

/// The Partial IV: the step, and then the mark.
fn number(step: Step, mark: &[u8; MARK]) -> u64 {
    let [a, b, c, d, e, f] = *mark;
    u64::from_be_bytes([0, step.number(), a, b, c, d, e, f])
}

/// Bytes of a Partial IV behind its first one.
const MARK: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cose::header::CHACHA20_POLY1305;

    fn keys(first: u8) -> PairingKeys {
        let mut bytes = [first; 32];
        bytes[31] ^= 1;
        let mut rng = Once(bytes);
        let code = PairingCode::draw(&Id([9; 32]), None, 0, &mut rng).unwrap();
        PairingKeys::derive(&code).unwrap()
    }

    struct Once([u8; 32]);

    impl rand_core::TryRng for Once {
        type Error = core::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(7)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(7)
        }
        fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
            out.copy_from_slice(&self.0);
            Ok(())
        }
    }

    impl rand_core::TryCryptoRng for Once {}

    const STEPS: [Step; 4] = [Step::ScannerCard, Step::ShowerCard, Step::ScannerProof, Step::ShowerProof];

    /// One message opens under its own step and pairing alone, and each thing said has a nonce of its own.
    #[test]
    fn a_message_is_one_steps_of_one_pairing() {
        let (ours, theirs) = (keys(1), keys(2));
        let mut nonces = std::collections::BTreeSet::new();
        for step in STEPS {
            for said in [&b"one"[..], b"two"] {
                let mut out = [0; 64];
                let sealed = ours.seal(step, |writer| writer.bytes(said), &mut out).unwrap().to_vec();
                assert!(nonces.insert(Message::read(&sealed).unwrap().number));
                let mut again = [0; 64];
                assert_eq!(ours.seal(step, |writer| writer.bytes(said), &mut again).unwrap(), sealed);
                assert_eq!(ours.step(&sealed, None), Ok(step));
                assert_eq!(theirs.step(&sealed, None), Err(Error::Malformed));
                for other in STEPS {
                    // A direction has one key; what keeps its two steps apart is the number in the nonce.
                    let opened = ours.open(other, &mut sealed.clone()).is_ok();
                    assert_eq!(opened, other.speaker() == step.speaker());
                    assert!(theirs.open(other, &mut sealed.clone()).is_err());
                }
            }
        }
    }

    #[test]
    fn the_largest_message_is_as_large_as_it_is_said_to_be() {
        let mut out = [0; MAX_MESSAGE];
        let largest = |writer: &mut Writer<'_>| {
            writer.array(2);
            writer.zeros(MAX_CARD);
            writer.zeros(32);
        };
        let keys = keys(1);
        let length = keys.seal(Step::ShowerCard, largest, &mut out).unwrap().len();
        assert_eq!(length, MAX_MESSAGE);
        assert_eq!(keys.step(&out, None), Ok(Step::ShowerCard));
        let mut short = [0xcc; MAX_MESSAGE - 1];
        assert_eq!(keys.seal(Step::ShowerCard, largest, &mut short), Err(Error::BufferTooSmall));
        assert_eq!(short, [0; MAX_MESSAGE - 1]);
    }

    #[test]
    fn a_partial_iv_has_seven_bytes_and_begins_with_a_step() {
        let keys = keys(1);
        let with = |partial_iv: &[u8]| {
            let mut out = [0; 64];
            let length = write(&mut out, |writer| {
                writer.tag(16);
                writer.array(3);
                writer.bytes(CHACHA20_POLY1305);
                writer.map(2);
                writer.int(4);
                writer.bytes(&keys.id);
                writer.int(6);
                writer.bytes(partial_iv);
                writer.zeros(16);
            })
            .unwrap();
            keys.step(&out[..length], None)
        };
        assert_eq!(with(&[3, 0, 0, 0, 0, 0, 0]), Ok(Step::ScannerProof));
        for other in [&[1][..], &[4], &[1, 0, 0, 0, 0, 0], &[0, 1, 0, 0, 0, 0, 0], &[5, 0, 0, 0, 0, 0, 0]] {
            assert_eq!(with(other), Err(Error::Malformed), "{other:?}");
        }
    }
}
