//! The end that shows the code (SPEC §12.4): it waits for message 1, then for message 3.

use core::fmt;

use rand_core::TryCryptoRng;

use crate::error::{Error, Result};
use crate::key::identity::{Identity, Sign};
use crate::pairing::code::PairingCode;
use crate::pairing::end::{End, Transcript, transcript};
use crate::pairing::keys::Step;
use crate::pairing::partner::{Paired, Partner};
use crate::pairing::topic::{PairingTopic, Role};
use crate::refused::Refused;
use crate::secret::Wipe;

/// Shows a code, and waits for whoever scanned it.
pub struct Shower<'k, I: Sign + ?Sized = Identity> {
    end: End<'k, I>,
}

impl<'k, I: Sign + ?Sized> Shower<'k, I> {
    /// Waits for message 1 of a pairing by `code`. `card` are the bytes of `identity`'s own card; `now` is seconds
    /// since 1970, `None` without a clock.
    ///
    /// # Errors
    /// [`Error::Rejected`] for a code that somebody else shows, [`Error::Expired`], [`Error::TooLarge`],
    /// [`Error::KeyUnavailable`] when the card is another identity's, and what is wrong with the card.
    pub fn new(code: PairingCode, identity: &'k I, card: &'k [u8], now: Option<u64>) -> Result<Self> {
        let end = End::new(&code, identity, card, now)?;
        if code.shower() == end.me() { Ok(Self { end }) } else { Err(Error::Rejected) }
    }

    /// Where the scanner's messages arrive: subscribe before the code is shown.
    pub fn listens_on(&self) -> PairingTopic {
        self.end.topic(Role::Scanner)
    }

    /// Where this end's messages are published.
    pub fn speaks_on(&self) -> PairingTopic {
        self.end.topic(Role::Shower)
    }

    /// Takes message 1: message 2, at the front of `out`, and what waits for message 3. `message` is decrypted in
    /// place and wiped.
    ///
    /// # Errors
    /// In this order: [`Error::Malformed`], [`Error::Expired`] for the code, [`Error::Rejected`], what is wrong with
    /// the scanner's card, [`Error::Rejected`] for one's own, [`Error::BufferTooSmall`] when `out` is shorter than
    /// [`MAX_MESSAGE`](crate::pairing::MAX_MESSAGE) and too short. `out` is wiped, and the state comes back.
    pub fn answer<'o>(
        self,
        message: &mut [u8],
        now: Option<u64>,
        out: &'o mut [u8],
    ) -> Result<(Answered<'k, I>, &'o [u8]), Refused<Self>> {
        match self.take(message, now, out) {
            Ok((partner, first, second, answer)) => {
                Ok((Answered { end: self.end, partner, first, second }, answer))
            }
            Err(error) => Err(Refused { state: self, error }),
        }
    }

    fn take<'o>(
        &self,
        message: &mut [u8],
        now: Option<u64>,
        out: &'o mut [u8],
    ) -> Result<(Partner, Transcript, Transcript, &'o [u8])> {
        let (mut message, mut out) = (Wipe::new(message), Wipe::new(out));
        if self.end.step(message.bytes(), now)? != Step::ScannerCard {
            return Err(Error::Malformed);
        }
        let first = transcript(None, message.bytes());
        let partner = self.end.read_card(Step::ScannerCard, message.bytes_mut(), None, None, now)?;
        let answer = self.end.write_card(Step::ShowerCard, Some(&first), out.bytes_mut())?;
        let (second, length) = (transcript(Some(&first), answer), answer.len());
        Ok((partner, first, second, out.keep().get(..length).ok_or(Error::BufferTooSmall)?))
    }
}

/// Has answered one scanner, answers no other, and waits for its proof.
pub struct Answered<'k, I: Sign + ?Sized = Identity> {
    end: End<'k, I>,
    partner: Partner,
    first: Transcript,
    second: Transcript,
}

/// What a shower says to the next message after the first.
#[expect(clippy::large_enum_variant, reason = "without a heap there is nowhere else to put them")]
pub enum Reply<'k, 'o, I: Sign + ?Sized = Identity> {
    /// Message 1 came again, so message 2 goes out again.
    Again(Answered<'k, I>, &'o [u8]),
    /// Message 3 holds: pin the partner, and then publish message 4.
    Paired(Paired, &'o [u8]),
}

impl<'k, I: Sign + ?Sized> Answered<'k, I> {
    /// Takes message 3, or message 1 again: the reply to it is at the front of `out`. `message` is decrypted in
    /// place and wiped.
    ///
    /// # Errors
    /// In this order: [`Error::Malformed`], [`Error::Expired`] for the code, [`Error::Rejected`],
    /// [`Error::CodeUsed`] for another message 1 by somebody who has the code, [`Error::Entropy`],
    /// [`Error::KeyUnavailable`], [`Error::BufferTooSmall`]. `out` is wiped, and the state comes back.
    pub fn reply<'o, R: TryCryptoRng + ?Sized>(
        self,
        message: &mut [u8],
        now: Option<u64>,
        rng: &mut R,
        out: &'o mut [u8],
    ) -> Result<Reply<'k, 'o, I>, Refused<Self>> {
        match self.take(message, now, rng, out) {
            Ok((Step::ScannerCard, again)) => Ok(Reply::Again(self, again)),
            Ok((_, last)) => Ok(Reply::Paired(Paired::new(self.partner), last)),
            Err(error) => Err(Refused { state: self, error }),
        }
    }

    fn take<'o, R: TryCryptoRng + ?Sized>(
        &self,
        message: &mut [u8],
        now: Option<u64>,
        rng: &mut R,
        out: &'o mut [u8],
    ) -> Result<(Step, &'o [u8])> {
        let (mut message, mut out) = (Wipe::new(message), Wipe::new(out));
        let step = self.end.step(message.bytes(), now)?;
        let reply = match step {
            Step::ScannerCard if transcript(None, message.bytes()) == self.first => {
                self.end.write_card(Step::ShowerCard, Some(&self.first), out.bytes_mut())
            }
            Step::ScannerCard => {
                // Told only of who has the code: a broker cannot make this alarm ring.
                self.end.holds(step, message.bytes_mut())?;
                Err(Error::CodeUsed)
            }
            Step::ScannerProof => {
                let third = transcript(Some(&self.second), message.bytes());
                self.end.read_proof(step, message.bytes_mut(), &self.partner, &self.second)?;
                self.end.write_proof(Step::ShowerProof, &self.partner, &third, rng, out.bytes_mut())
            }
            Step::ShowerCard | Step::ShowerProof => Err(Error::Malformed),
        };
        let length = reply?.len();
        Ok((step, out.keep().get(..length).ok_or(Error::BufferTooSmall)?))
    }
}

impl<I: Sign + ?Sized> fmt::Debug for Shower<'_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shower({}, ..)", self.end.me())
    }
}

impl<I: Sign + ?Sized> fmt::Debug for Answered<'_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answered({}, ..)", self.end.me())
    }
}

impl<I: Sign + ?Sized> fmt::Debug for Reply<'_, '_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Again(state, _) => write!(f, "Again({state:?}, ..)"),
            Self::Paired(paired, _) => write!(f, "Paired({paired:?}, ..)"),
        }
    }
}
