//! Opening: from an envelope to a measurement, in one visible sequence (SPEC §7.1).

use core::fmt;

use crate::cose::sign1::Sign1;
use crate::crypto::kdf::sha256;
use crate::crypto::schedule::Keys;
use crate::crypto::sign::{PublicKey, SIGNATURE};
use crate::envelope::statement::{Format, Statement};
use crate::envelope::topic::Topic;
use crate::envelope::{self, CONTEXT, Envelope};
use crate::error::{Error, Result};
use crate::guard::replay::{Arrival, ReplayGuard};
use crate::guard::stream::Stream;
use crate::guard::trust::TrustStore;
use crate::hpke;
use crate::key::card::Card;
use crate::key::id::{Id, Kid};
use crate::key::kem::{Agree, KemKey};
use crate::secret::Wipe;

/// Opens what was sealed for one identity. It has no state of its own, and it cannot seal.
pub struct Opener<'k, K: Agree = KemKey> {
    me: Id,
    keys: &'k [K],
}

impl<'k, K: Agree> Opener<'k, K> {
    /// Opens for `me` with any of `keys`: the current one, and older ones in their grace period.
    pub const fn new(me: Id, keys: &'k [K]) -> Self {
        Self { me, keys }
    }

    /// Opens an envelope that arrived on `topic`, in place. `now` is seconds since 1970, `None` without a
    /// clock. `state` says who is trusted, and takes the number.
    ///
    /// # Errors
    /// In this order: [`Error::InvalidTopic`], [`Error::Malformed`], [`Error::NotForMe`],
    /// [`Error::Rejected`], [`Error::KeyUnavailable`] when the key's holder does not answer,
    /// [`Error::UnknownSender`], [`Error::Storage`], [`Error::Rejected`] for the signature,
    /// [`Error::Revoked`], [`Error::NotYetValid`], [`Error::Expired`], and what the replay guard says. On
    /// any of them the buffer is wiped and no state has moved.
    pub fn open<'b, S: TrustStore + ReplayGuard + ?Sized>(
        &self,
        state: &mut S,
        topic: &str,
        now: Option<u64>,
        envelope: &'b mut [u8],
    ) -> Result<Opened<'b>> {
        let unverified = self.look(topic, envelope)?;
        let sender = state.sender(&unverified.claimed_sender())?.ok_or(Error::UnknownSender)?;
        // Audience and topic are under the signature, so this checks both.
        let digest = unverified.check_signature(sender.id(), sender.key(), &self.me, topic)?;
        sender.check(now)?;
        let stream = Stream::new(*sender.id(), &self.me);
        let arrival = state.take(&stream, unverified.claimed_sequence(), &digest)?;
        unverified.into_opened(*sender.id(), digest, arrival)
    }

    /// Decrypts an envelope without believing it, for inspection: no signature is checked, no number is
    /// taken, no state moves.
    ///
    /// # Errors
    /// [`Error::InvalidTopic`], [`Error::Malformed`], [`Error::NotForMe`], [`Error::Rejected`]; the buffer
    /// is wiped.
    pub fn look<'b>(&self, topic: &str, envelope: &'b mut [u8]) -> Result<Unverified<'b>> {
        let mut buffer = Wipe::new(envelope);
        let topic = Topic::new(topic)?;
        let outer = Envelope::parse(buffer.bytes())?;
        let mine = |key: &&K| key.public().kid() == outer.claimed_recipient();
        let key = self.keys.iter().find(mine).ok_or(Error::NotForMe)?;
        let head = outer.head_length()?;

        let shared = hpke::decap(key, outer.ek())?;
        let aad = envelope::enc_structure(topic)?;
        let ciphertext = buffer.bytes_mut().get_mut(head..).ok_or(Error::Malformed)?;
        let plaintext = Keys::base(&shared, &CONTEXT)?.open(0, aad.bytes(), ciphertext)?;
        // From here on a malformed byte was sealed by somebody: no error tells which.
        let signed = Sign1::read(plaintext).map_err(|_| Error::Rejected)?;
        let payload = plaintext.get(signed.payload.clone()).ok_or(Error::Rejected)?;
        let statement = Statement::read(payload).map_err(|_| Error::Rejected)?;
        Ok(Unverified { buffer, head, signed, statement })
    }
}

/// A decrypted envelope whose signature nobody has checked: what it says is a claim.
pub struct Unverified<'b> {
    buffer: Wipe<'b>,
    /// Where in the buffer the plaintext begins.
    head: usize,
    signed: Sign1,
    statement: Statement,
}

impl<'b> Unverified<'b> {
    /// The key identifier of the sender.
    pub const fn claimed_sender(&self) -> Kid {
        Kid(self.signed.kid)
    }

    /// The number in the sender's stream.
    pub const fn claimed_sequence(&self) -> u64 {
        self.statement.sequence
    }

    /// When it was taken, seconds since 1970.
    pub const fn claimed_time(&self) -> Option<u64> {
        self.statement.time
    }

    /// What the body is.
    pub const fn claimed_format(&self) -> Format {
        self.statement.format
    }

    /// The body.
    pub fn claimed_body(&self) -> &[u8] {
        self.payload().get(self.statement.body.clone()).unwrap_or_default()
    }

    /// How many zeros fill the envelope to its length.
    pub const fn pad_len(&self) -> usize {
        self.statement.pad
    }

    /// The encoded statement, as it was signed.
    pub fn statement(&self) -> &[u8] {
        self.payload()
    }

    /// The signature, unchecked.
    pub const fn signature(&self) -> &[u8; SIGNATURE] {
        &self.signed.signature
    }

    /// Checks the signature as that of `card`'s holder for `audience` on `topic`; validity and replay are
    /// not looked at.
    ///
    /// # Errors
    /// [`Error::InvalidTopic`], [`Error::Rejected`].
    pub fn verify(&self, card: &Card, audience: &Id, topic: &str) -> Result<()> {
        self.check_signature(card.id(), card.key(), audience, topic).map(|_| ())
    }

    /// The digest of what was signed, when the signature holds.
    fn check_signature(&self, sender: &Id, key: &PublicKey, audience: &Id, topic: &str) -> Result<[u8; 32]> {
        let payload = self.payload();
        let context = envelope::sig_context(sender, audience, Topic::new(topic)?, payload.len())?;
        let signed = [context.bytes(), payload];
        key.verify(&signed, self.signature())?;
        Ok(sha256(&signed))
    }

    fn payload(&self) -> &[u8] {
        let plaintext = self.buffer.bytes().get(self.head..).unwrap_or_default();
        plaintext.get(self.signed.payload.clone()).unwrap_or_default()
    }

    fn into_opened(self, sender: Id, digest: [u8; 32], arrival: Arrival) -> Result<Opened<'b>> {
        let Statement { sequence, time, format, body, .. } = self.statement;
        let offset = self.head.checked_add(self.signed.payload.start).ok_or(Error::Rejected)?;
        let start = body.start.checked_add(offset).ok_or(Error::Rejected)?;
        let end = body.end.checked_add(offset).ok_or(Error::Rejected)?;
        let body = self.buffer.keep().get(start..end).ok_or(Error::Rejected)?;
        Ok(Opened { sender, sequence, time, format, body, digest, arrival })
    }
}

/// A measurement that was sealed for this identity, on this topic, by the sender it names, and that was
/// not taken before. There is no other way to make one.
#[must_use]
#[derive(Clone)]
pub struct Opened<'b> {
    sender: Id,
    sequence: u64,
    time: Option<u64>,
    format: Format,
    body: &'b [u8],
    digest: [u8; 32],
    arrival: Arrival,
}

impl<'b> Opened<'b> {
    /// Whose signature it carries.
    pub const fn sender(&self) -> &Id {
        &self.sender
    }

    /// Its number in the sender's stream.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// When it was taken, seconds since 1970, by the sender's clock; `None` where it has none.
    pub const fn time(&self) -> Option<u64> {
        self.time
    }

    /// What the body is.
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The measurement itself, in the buffer that held the envelope.
    pub const fn body(&self) -> &'b [u8] {
        self.body
    }

    /// SHA-256 of what the sender signed: names this statement in its context.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// What the number says about the others of its stream.
    pub const fn arrival(&self) -> Arrival {
        self.arrival
    }
}

impl fmt::Debug for Opened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened({}, number {}, {} bytes)", self.sender, self.sequence, self.body.len())
    }
}

impl fmt::Debug for Unverified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unverified({}, number {})", self.claimed_sender(), self.claimed_sequence())
    }
}
