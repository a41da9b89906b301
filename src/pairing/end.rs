//! What both ends do alike: say who they are, and prove it (SPEC §12.3).

use rand_core::TryCryptoRng;

use crate::cbor::{Reader, Writer};
use crate::cose::structure::{SIG_CONTEXT, sig_context};
use crate::crypto::kdf::sha256;
use crate::crypto::sign::PublicKey;
use crate::error::{Error, Result};
use crate::key::card::Card;
use crate::key::id::Id;
use crate::key::identity::Sign;
use crate::pairing::code::PairingCode;
use crate::pairing::keys::{PairingKeys, Step};
use crate::pairing::partner::Partner;
use crate::pairing::topic::{PairingTopic, Role};
use crate::secret::Secret;

/// The hash of all messages so far, each as it was sent.
pub(crate) type Transcript = [u8; 32];

/// The transcript when `message` follows what `before` stands for.
pub(crate) fn transcript(before: Option<&Transcript>, message: &[u8]) -> Transcript {
    match before {
        None => sha256(&[message]),
        Some(before) => sha256(&[before, message]),
    }
}

/// One end: its identity, its card, and the keys that it shares with the other end.
pub(crate) struct End<'k, I: Sign + ?Sized> {
    identity: &'k I,
    key: PublicKey,
    me: Id,
    card: &'k [u8],
    keys: PairingKeys,
}

impl<'k, I: Sign + ?Sized> End<'k, I> {
    /// Checks what this end brings: its card has to be good, in force, and its identity's.
    pub(crate) fn new(code: &PairingCode, identity: &'k I, card: &'k [u8], now: Option<u64>) -> Result<Self> {
        code.check(now)?;
        let own = Card::from_bytes(card)?;
        own.check_valid(now)?;
        let me = identity.id();
        if *own.id() != me {
            return Err(Error::KeyUnavailable);
        }
        Ok(Self { identity, key: *own.key(), me, card, keys: PairingKeys::derive(code)? })
    }

    pub(crate) const fn me(&self) -> &Id {
        &self.me
    }

    pub(crate) fn topic(&self, speaker: Role) -> PairingTopic {
        self.keys.topic(speaker)
    }

    /// Which step a message is, by its shape.
    pub(crate) fn step(&self, message: &[u8], now: Option<u64>) -> Result<Step> {
        self.keys.step(message, now)
    }

    /// Whether a message of this step was made by somebody who has the secret.
    pub(crate) fn holds(&self, step: Step, message: &mut [u8]) -> Result<()> {
        self.keys.open(step, message).map(|_| ())
    }

    /// Steps 1 and 2: the card, and from step 2 on what it answers.
    pub(crate) fn write_card<'o>(
        &self,
        step: Step,
        answers: Option<&Transcript>,
        out: &'o mut [u8],
    ) -> Result<&'o [u8]> {
        let write = |writer: &mut Writer<'_>| {
            writer.array(if answers.is_some() { 2 } else { 1 });
            writer.bytes(self.card);
            if let Some(answers) = answers {
                writer.bytes(answers);
            }
        };
        self.keys.seal(step, write, out)
    }

    /// The partner of step 1 or 2; `expected` is whom the code names.
    pub(crate) fn read_card(
        &self,
        step: Step,
        message: &mut [u8],
        answers: Option<&Transcript>,
        expected: Option<&Id>,
        now: Option<u64>,
    ) -> Result<Partner> {
        let plaintext = self.keys.open(step, message)?;
        // From here on a malformed byte was sealed by somebody: no error tells which.
        let card = read_card(plaintext, answers).map_err(|_| Error::Rejected)?;
        Partner::read(card, &self.me, expected, now)
    }

    /// Steps 3 and 4: a signature over all messages before it, for this partner.
    pub(crate) fn write_proof<'o, R: TryCryptoRng + ?Sized>(
        &self,
        step: Step,
        partner: &Partner,
        transcript: &Transcript,
        rng: &mut R,
        out: &'o mut [u8],
    ) -> Result<&'o [u8]> {
        let noise = Secret::random(rng)?;
        let mut room = [0; SIG_CONTEXT];
        let context = context(&self.me, partner.card().id(), &mut room)?;
        let signed = [context, transcript];
        let signature = self.identity.sign(&signed, &noise)?;
        // Once in a pairing this is cheap, and no faulty signature leaves (SPEC §5.3).
        self.key.verify(&signed, &signature).map_err(|_| Error::KeyUnavailable)?;
        let write = |writer: &mut Writer<'_>| {
            writer.array(2);
            writer.bytes(transcript);
            writer.bytes(&signature);
        };
        self.keys.seal(step, write, out)
    }

    /// Whether the partner holds the identity of its card, in this pairing.
    pub(crate) fn read_proof(
        &self,
        step: Step,
        message: &mut [u8],
        partner: &Partner,
        transcript: &Transcript,
    ) -> Result<()> {
        let plaintext = self.keys.open(step, message)?;
        let signature = read_proof(plaintext, transcript).map_err(|_| Error::Rejected)?;
        let mut room = [0; SIG_CONTEXT];
        let context = context(partner.card().id(), &self.me, &mut room)?;
        partner.card().key().verify(&[context, transcript], &signature)
    }
}

/// The card in the plaintext of step 1 or 2, when it answers what it should.
fn read_card<'b>(plaintext: &'b [u8], answers: Option<&Transcript>) -> Result<&'b [u8]> {
    let mut reader = Reader::new(plaintext);
    reader.array(if answers.is_some() { 2 } else { 1 });
    let card = reader.bytes();
    if let Some(answers) = answers {
        reader.exact_bytes(answers);
    }
    reader.end()?;
    Ok(card)
}

fn read_proof(plaintext: &[u8], transcript: &Transcript) -> Result<[u8; 64]> {
    let mut reader = Reader::new(plaintext);
    reader.array(2);
    reader.exact_bytes(transcript);
    let signature = reader.array_of();
    reader.end()?;
    Ok(signature)
}

/// `[ "zegel-pairing-1", speaker-id, listener-id ]` around a transcript.
fn context<'r>(speaker: &Id, listener: &Id, room: &'r mut [u8; SIG_CONTEXT]) -> Result<&'r [u8]> {
    let external_aad = |writer: &mut Writer<'_>| {
        writer.array(3);
        writer.text("zegel-pairing-1");
        writer.bytes(&speaker.0);
        writer.bytes(&listener.0);
    };
    sig_context(&external_aad, size_of::<Transcript>(), room)
}
