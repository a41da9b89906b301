//! Sealing: from a measurement to an envelope, in one visible sequence (SPEC §6.1).

pub(crate) mod author;
pub(crate) mod group;
#[cfg(feature = "measure")]
pub(crate) mod pack;
pub(crate) mod recipient;
pub(crate) mod session;

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use crate::cbor::write;
use crate::cose::encrypt0;
use crate::cose::structure::ENC_STRUCTURE;
use crate::crypto::aead;
use crate::crypto::kdf::sha256;
use crate::crypto::kem;
use crate::crypto::schedule::Keys;
use crate::envelope::audience::One;
use crate::envelope::padding::{Layout, Padding};
use crate::envelope::statement::{Format, Measurement};
use crate::envelope::topic::Topic;
use crate::envelope::{self, CONTEXT};
use crate::error::{Error, Result};
use crate::evidence::UnverifiedEvidence;
use crate::evidence::introduction::UnverifiedIntroduction;
use crate::guard::sequence::{Numbers, SequenceStore};
use crate::guard::stream::Stream;
use crate::guard::trust::Succession;
use crate::key::card::Card;
use crate::key::identity::{Identity, Sign};
#[cfg(feature = "measure")]
use crate::measure::{Pack, Policy};
use crate::seal::author::{Author, Draft};
#[cfg(feature = "measure")]
use crate::seal::pack::minimised;
use crate::seal::recipient::Recipient;
use crate::secret::{Secret, Wipe};

/// Seals one identity's measurements for one recipient, each under its own number.
///
/// It cannot be cloned, and it cannot open what it sealed.
pub struct Sealer<'k, S, I: Sign = Identity> {
    author: Author<'k, I>,
    recipient: Recipient,
    numbers: Numbers<S>,
    padding: Padding,
}

impl<'k, S: SequenceStore, I: Sign> Sealer<'k, S, I> {
    /// Prepares to seal for the holder of `recipient`. `now` is seconds since 1970, `None` without a clock;
    /// `store` keeps the numbers of this stream and of no other.
    ///
    /// # Errors
    /// [`Error::Revoked`], [`Error::NotYetValid`] or [`Error::Expired`] for the card,
    /// [`Error::KeyUnavailable`] when it has no key to seal to.
    pub fn new(identity: &'k I, recipient: &Card, now: Option<u64>, store: S) -> Result<Self> {
        let (author, recipient) = (Author::new(identity), Recipient::new(recipient, now)?);
        let numbers = Numbers::new(Stream::new(*author.id(), &recipient.id), store);
        Ok(Self { author, recipient, numbers, padding: Padding::default() })
    }

    /// Chooses how much of a length the broker may learn; buckets unless this says otherwise.
    #[must_use]
    pub const fn with_padding(mut self, padding: Padding) -> Self {
        self.padding = padding;
        self
    }

    /// Verifies each signature before it leaves, for devices in an attacker's hands: a fault then gives
    /// [`Error::KeyUnavailable`] and no signature. Costs a verification.
    pub fn with_self_check(mut self) -> Result<Self> {
        self.author.check_itself()?;
        Ok(self)
    }

    /// Builds a table of the recipient's key: 30 KB and the time of some twenty seals, and each seal after
    /// takes a third less.
    #[cfg(all(feature = "fast", feature = "alloc"))]
    #[must_use]
    pub fn precompute(mut self) -> Self {
        self.recipient.peer.precompute();
        self
    }

    /// Takes a newer card of the recipient, however it arrived: from the next seal on its first KEM key is used.
    /// After a withdrawn one every seal is [`Error::Revoked`].
    ///
    /// # Errors
    /// [`Error::UnknownSender`] for a card of somebody else; those of [`succeed`](crate::guard::trust::succeed);
    /// [`Error::NotYetValid`], [`Error::Expired`], [`Error::KeyUnavailable`]. On any of them nothing changes.
    pub fn renew(&mut self, card: &Card, now: Option<u64>) -> Result<Succession> {
        self.recipient.renew(card, now)
    }

    /// Whose numbers these are, and for whom.
    pub const fn stream(&self) -> &Stream {
        self.numbers.stream()
    }

    /// The number that the next seal uses; it is reserved by now.
    ///
    /// # Errors
    /// [`Error::Storage`], [`Error::Exhausted`].
    pub fn next_sequence(&mut self) -> Result<u64> {
        self.numbers.peek()
    }

    /// How many bytes [`Sealer::seal`] would write for this measurement, as the next one.
    pub fn sealed_len(&mut self, measurement: &Measurement<'_>) -> Result<usize> {
        Ok(Layout::new(measurement, self.numbers.peek()?, self.padding)?.envelope)
    }

    /// Seals `measurement` for `topic` into `out`: the envelope, at the front of it.
    ///
    /// # Errors
    /// [`Error::InvalidTopic`], [`Error::Reserved`], [`Error::TooLarge`], [`Error::BufferTooSmall`],
    /// [`Error::Entropy`], [`Error::Storage`], [`Error::Exhausted`], [`Error::KeyUnavailable`],
    /// [`Error::Revoked`] after a withdrawn card. On any of them `out` is wiped; from the moment a number is
    /// given out it is not used again.
    pub fn seal<'o, R: TryCryptoRng + ?Sized>(
        &mut self,
        topic: &str,
        measurement: &Measurement<'_>,
        rng: &mut R,
        out: &'o mut [u8],
    ) -> Result<&'o [u8]> {
        let out = Wipe::new(out);
        measurement.check()?;
        self.envelope(topic, measurement, rng, out).map(|made| made.bytes)
    }

    /// [`Sealer::seal`] into a new vector.
    #[cfg(feature = "alloc")]
    pub fn seal_to_vec<R: TryCryptoRng + ?Sized>(
        &mut self,
        topic: &str,
        measurement: &Measurement<'_>,
        rng: &mut R,
    ) -> Result<Vec<u8>> {
        let mut out = alloc::vec![0; self.sealed_len(measurement)?];
        self.seal(topic, measurement, rng, &mut out)?;
        Ok(out)
    }

    /// Seals what `policy` lets leave of `pack`, as one measurement of [`Format::SENML_CBOR`]. Sealing
    /// a pack asks for a policy. `time` is coarsened as the pack's own times are.
    ///
    /// # Errors
    /// [`Error::NothingAllowed`] when nothing is left; those of the pack's encoding and of [`Sealer::seal`].
    #[cfg(feature = "measure")]
    pub fn seal_pack<R: TryCryptoRng + ?Sized>(
        &mut self,
        topic: &str,
        time: Option<u64>,
        pack: &Pack,
        policy: &Policy,
        rng: &mut R,
    ) -> Result<Vec<u8>> {
        minimised(pack, policy, time, |measurement| self.seal_to_vec(topic, measurement, rng))
    }

    /// Hands on what somebody else has signed: seals `evidence`, as [`Testimony::write`] wrote it, under this
    /// identity's own name (SPEC §11.2). `time` is when it is handed on.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is no evidence; those of [`Sealer::seal`].
    ///
    /// [`Testimony::write`]: crate::evidence::testimony::Testimony::write
    pub fn forward<'o, R: TryCryptoRng + ?Sized>(
        &mut self,
        topic: &str,
        time: Option<u64>,
        evidence: &[u8],
        rng: &mut R,
        out: &'o mut [u8],
    ) -> Result<&'o [u8]> {
        let out = Wipe::new(out);
        UnverifiedEvidence::parse(evidence)?;
        let measurement = Measurement { time, format: Format::EVIDENCE, body: evidence };
        self.envelope(topic, &measurement, rng, out).map(|made| made.bytes)
    }

    /// Tells the recipient which devices this identity vouches for: seals an introduction, as
    /// [`Introduction::write`] wrote it (SPEC §11.3).
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is no introduction; those of [`Sealer::seal`].
    ///
    /// [`Introduction::write`]: crate::evidence::introduction::Introduction::write
    pub fn introduce<'o, R: TryCryptoRng + ?Sized>(
        &mut self,
        topic: &str,
        time: Option<u64>,
        introduction: &[u8],
        rng: &mut R,
        out: &'o mut [u8],
    ) -> Result<&'o [u8]> {
        let out = Wipe::new(out);
        UnverifiedIntroduction::parse(introduction)?;
        let measurement = Measurement { time, format: Format::INTRODUCTION, body: introduction };
        self.envelope(topic, &measurement, rng, out).map(|made| made.bytes)
    }

    /// [`Sealer::forward`] into a new vector.
    #[cfg(feature = "alloc")]
    pub fn forward_to_vec<R: TryCryptoRng + ?Sized>(
        &mut self,
        topic: &str,
        time: Option<u64>,
        evidence: &[u8],
        rng: &mut R,
    ) -> Result<Vec<u8>> {
        let mut out = self.room_for(Format::EVIDENCE, time, evidence)?;
        self.forward(topic, time, evidence, rng, &mut out)?;
        Ok(out)
    }

    /// [`Sealer::introduce`] into a new vector.
    #[cfg(feature = "alloc")]
    pub fn introduce_to_vec<R: TryCryptoRng + ?Sized>(
        &mut self,
        topic: &str,
        time: Option<u64>,
        introduction: &[u8],
        rng: &mut R,
    ) -> Result<Vec<u8>> {
        let mut out = self.room_for(Format::INTRODUCTION, time, introduction)?;
        self.introduce(topic, time, introduction, rng, &mut out)?;
        Ok(out)
    }

    #[cfg(feature = "alloc")]
    fn room_for(&mut self, format: Format, time: Option<u64>, body: &[u8]) -> Result<Vec<u8>> {
        Ok(alloc::vec![0; self.sealed_len(&Measurement { time, format, body })?])
    }

    /// The one way to an envelope, whatever its format.
    fn envelope<'o, R: TryCryptoRng + ?Sized>(
        &mut self,
        topic: &str,
        measurement: &Measurement<'_>,
        rng: &mut R,
        mut out: Wipe<'o>,
    ) -> Result<Made<'o>> {
        // What can be refused is refused before a number is used up.
        let topic = Topic::new(topic)?;
        measurement.check_time()?;
        self.recipient.check()?;
        let layout = Layout::new(measurement, self.numbers.peek()?, self.padding)?;
        let envelope = out.bytes_mut().get_mut(..layout.envelope).ok_or(Error::BufferTooSmall)?;
        let (noise, entropy) = (Secret::<32>::random(rng)?, Secret::<32>::random(rng)?);
        let sequence = self.numbers.take()?;

        let head = layout.envelope.checked_sub(layout.ciphertext).ok_or(Error::TooLarge)?;
        let (head, ciphertext) = envelope.split_at_mut_checked(head).ok_or(Error::BufferTooSmall)?;
        let audience = One::new(&self.recipient.id);
        let (pad, length) = (layout.pad, layout.statement);
        let draft = Draft { audience: audience.audience(), topic, measurement, sequence, pad, length };
        self.author.write_signed(&draft, &noise, ciphertext)?;
        // All of the plaintext, for a signer may be random by itself: two plaintexts never share a key.
        let (plaintext, _) = ciphertext.split_last_chunk::<{ aead::TAG }>().ok_or(Error::BufferTooSmall)?;
        let digest = sha256(&[plaintext]);
        let ikm = self.author.hedged(&entropy, sequence, &digest, b"", b"zegel-ephemeral-1");
        let sent = kem::encap(&self.recipient.peer, &ikm)?;
        let (kid, length) = (&self.recipient.kid.0, ciphertext.len());
        write(head, |writer| encrypt0::write_head(writer, kid, &sent.enc, length))?;
        let aad = &mut [0; ENC_STRUCTURE];
        Keys::base(&sent.shared, &CONTEXT).seal(0, envelope::enc_structure(topic, aad)?, ciphertext)?;
        let bytes = out.keep().get(..layout.envelope).ok_or(Error::BufferTooSmall)?;
        Ok(Made { bytes, sequence, shared: sent.shared })
    }
}

/// An envelope that was made, and what a session hangs from.
struct Made<'o> {
    bytes: &'o [u8],
    sequence: u64,
    shared: Secret<32>,
}
