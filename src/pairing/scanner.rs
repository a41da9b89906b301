//! The end that scans the code (SPEC §12.4): it sends message 1, then message 3.

use core::fmt;

use rand_core::TryCryptoRng;

use crate::error::{Error, Result};
use crate::key::id::Id;
use crate::key::identity::{Identity, Sign};
use crate::pairing::code::PairingCode;
use crate::pairing::end::{End, Transcript, transcript};
use crate::pairing::keys::Step;
use crate::pairing::partner::{Paired, Partner};
use crate::pairing::topic::{PairingTopic, Role};
use crate::refused::Refused;
use crate::secret::Wipe;

/// Has scanned a code, and waits for the shower's card.
pub struct Scanner<'k, I: Sign + ?Sized = Identity> {
    end: End<'k, I>,
    shower: Id,
    first: Transcript,
}

impl<'k, I: Sign + ?Sized> Scanner<'k, I> {
    /// Begins a pairing by `code`: message 1, at the front of `out`. `card` are the bytes of `identity`'s own card;
    /// `now` is seconds since 1970, `None` without a clock.
    ///
    /// The same code, identity and card give the same message, so an end that was restarted may begin again.
    ///
    /// # Errors
    /// [`Error::Rejected`] for one's own code, [`Error::Expired`], [`Error::TooLarge`],
    /// [`Error::KeyUnavailable`] when the card is another identity's, what is wrong with the card, and
    /// [`Error::BufferTooSmall`]; [`MAX_MESSAGE`](crate::pairing::MAX_MESSAGE) bytes are always enough. `out` is
    /// wiped.
    pub fn new<'o>(
        code: PairingCode,
        identity: &'k I,
        card: &'k [u8],
        now: Option<u64>,
        out: &'o mut [u8],
    ) -> Result<(Self, &'o [u8])> {
        let mut out = Wipe::new(out);
        let end = End::new(&code, identity, card, now)?;
        if code.shower() == end.me() {
            return Err(Error::Rejected);
        }
        let message = end.write_card(Step::ScannerCard, None, out.bytes_mut())?;
        let (first, length) = (transcript(None, message), message.len());
        let message = out.keep().get(..length).ok_or(Error::BufferTooSmall)?;
        Ok((Self { end, shower: *code.shower(), first }, message))
    }

    /// Where the shower's messages arrive: subscribe before message 1 is published.
    pub fn listens_on(&self) -> PairingTopic {
        self.end.topic(Role::Shower)
    }

    /// Where this end's messages are published.
    pub fn speaks_on(&self) -> PairingTopic {
        self.end.topic(Role::Scanner)
    }

    /// Takes message 2: message 3, at the front of `out`, and what waits for message 4. `message` is decrypted in
    /// place and wiped.
    ///
    /// # Errors
    /// In this order: [`Error::Malformed`], [`Error::Expired`] for the code, [`Error::Rejected`], what is wrong with
    /// the shower's card, [`Error::Rejected`] when the code names another, [`Error::Entropy`],
    /// [`Error::KeyUnavailable`], [`Error::BufferTooSmall`]. `out` is wiped, and the state comes back.
    pub fn confirm<'o, R: TryCryptoRng + ?Sized>(
        self,
        message: &mut [u8],
        now: Option<u64>,
        rng: &mut R,
        out: &'o mut [u8],
    ) -> Result<(Confirming<'k, I>, &'o [u8]), Refused<Self>> {
        match self.take(message, now, rng, out) {
            Ok((partner, second, third, proof)) => {
                Ok((Confirming { end: self.end, partner, first: self.first, second, third }, proof))
            }
            Err(error) => Err(Refused { state: self, error }),
        }
    }

    fn take<'o, R: TryCryptoRng + ?Sized>(
        &self,
        message: &mut [u8],
        now: Option<u64>,
        rng: &mut R,
        out: &'o mut [u8],
    ) -> Result<(Partner, Transcript, Transcript, &'o [u8])> {
        let (mut message, mut out) = (Wipe::new(message), Wipe::new(out));
        if self.end.step(message.bytes(), now)? != Step::ShowerCard {
            return Err(Error::Malformed);
        }
        let second = transcript(Some(&self.first), message.bytes());
        let (first, shower) = (Some(&self.first), Some(&self.shower));
        let partner = self.end.read_card(Step::ShowerCard, message.bytes_mut(), first, shower, now)?;
        let proof = self.end.write_proof(Step::ScannerProof, &partner, &second, rng, out.bytes_mut())?;
        let (third, length) = (transcript(Some(&second), proof), proof.len());
        Ok((partner, second, third, out.keep().get(..length).ok_or(Error::BufferTooSmall)?))
    }
}

/// Has proven itself, and waits for the shower to do the same.
pub struct Confirming<'k, I: Sign + ?Sized = Identity> {
    end: End<'k, I>,
    partner: Partner,
    first: Transcript,
    second: Transcript,
    third: Transcript,
}

impl<I: Sign + ?Sized> Confirming<'_, I> {
    /// Takes message 4: the partner is proven, and the pairing is done. `message` is decrypted in place and wiped.
    ///
    /// # Errors
    /// In this order: [`Error::Malformed`], [`Error::Expired`] for the code, [`Error::Duplicate`] for message 2
    /// again, [`Error::Rejected`]. The state comes back.
    pub fn finish(self, message: &mut [u8], now: Option<u64>) -> Result<Paired, Refused<Self>> {
        match self.take(message, now) {
            Ok(()) => Ok(Paired::new(self.partner)),
            Err(error) => Err(Refused { state: self, error }),
        }
    }

    fn take(&self, message: &mut [u8], now: Option<u64>) -> Result<()> {
        let mut message = Wipe::new(message);
        match self.end.step(message.bytes(), now)? {
            Step::ShowerProof => {
                self.end.read_proof(Step::ShowerProof, message.bytes_mut(), &self.partner, &self.third)
            }
            Step::ShowerCard if transcript(Some(&self.first), message.bytes()) == self.second => {
                Err(Error::Duplicate)
            }
            _ => Err(Error::Malformed),
        }
    }
}

impl<I: Sign + ?Sized> fmt::Debug for Scanner<'_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scanner({}, ..)", self.end.me())
    }
}

impl<I: Sign + ?Sized> fmt::Debug for Confirming<'_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Confirming({}, ..)", self.end.me())
    }
}
