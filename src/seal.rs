//! Sealing: from a measurement to an envelope, in one visible sequence (SPEC §6.1).

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use crate::cbor::Writer;
use crate::cose::{encrypt0, sign1};
use crate::crypto::aead;
use crate::crypto::kdf::{derive, sha256};
use crate::crypto::kem::{self, Peer};
use crate::crypto::schedule::Keys;
use crate::crypto::sign::PublicKey;
use crate::envelope::padding::{Layout, Padding};
#[cfg(feature = "measure")]
use crate::envelope::statement::Format;
use crate::envelope::statement::Measurement;
use crate::envelope::topic::Topic;
use crate::envelope::{self, CONTEXT};
use crate::error::{Error, Result};
use crate::guard::sequence::{Numbers, SequenceStore};
use crate::guard::stream::Stream;
use crate::key::card::Card;
use crate::key::id::{Id, Kid};
use crate::key::identity::{Identity, Sign};
#[cfg(feature = "measure")]
use crate::measure::{Pack, Policy};
use crate::secret::{Secret, Wipe};

/// Seals one identity's measurements for one recipient, each under its own number.
///
/// It cannot be cloned, and it cannot open what it sealed.
pub struct Sealer<'k, S, I: Sign = Identity> {
    identity: &'k I,
    sender: Id,
    audience: Id,
    recipient: Kid,
    peer: Peer,
    numbers: Numbers<S>,
    padding: Padding,
    self_check: Option<PublicKey>,
}

impl<'k, S: SequenceStore, I: Sign> Sealer<'k, S, I> {
    /// Prepares to seal for the holder of `recipient`. `now` is seconds since 1970, `None` without a clock;
    /// `store` keeps the numbers of this stream and of no other.
    ///
    /// # Errors
    /// [`Error::Revoked`], [`Error::NotYetValid`] or [`Error::Expired`] for the card,
    /// [`Error::KeyUnavailable`] when it has no key to seal to.
    pub fn new(identity: &'k I, recipient: &Card, now: Option<u64>, store: S) -> Result<Self> {
        recipient.check_valid(now)?;
        let key = recipient.kem_keys().next().ok_or(Error::KeyUnavailable)?;
        let (sender, audience) = (identity.id(), *recipient.id());
        Ok(Self {
            identity,
            sender,
            audience,
            recipient: key.kid(),
            peer: Peer::new(*key.as_bytes()),
            numbers: Numbers::new(Stream::new(sender, &audience), store),
            padding: Padding::default(),
            self_check: None,
        })
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
        self.self_check = Some(PublicKey::from_bytes(self.identity.public_key())?);
        Ok(self)
    }

    /// Builds a table of the recipient's key: 30 KB and the time of some twenty seals, and each seal after
    /// takes a third less.
    #[cfg(all(feature = "fast", feature = "alloc"))]
    #[must_use]
    pub fn precompute(mut self) -> Self {
        self.peer.precompute();
        self
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
    /// [`Error::Entropy`], [`Error::Storage`], [`Error::Exhausted`], [`Error::KeyUnavailable`]. On any of
    /// them `out` is wiped; from the moment a number is given out it is not used again.
    pub fn seal<'o, R: TryCryptoRng + ?Sized>(
        &mut self,
        topic: &str,
        measurement: &Measurement<'_>,
        rng: &mut R,
        out: &'o mut [u8],
    ) -> Result<&'o [u8]> {
        let mut out = Wipe::new(out);
        // What can be refused is refused before a number is used up.
        let topic = Topic::new(topic)?;
        measurement.check()?;
        let layout = Layout::new(measurement, self.numbers.peek()?, self.padding)?;
        let envelope = out.bytes_mut().get_mut(..layout.envelope).ok_or(Error::BufferTooSmall)?;
        let (noise, entropy) = (Secret::<32>::random(rng)?, Secret::<32>::random(rng)?);
        let sequence = self.numbers.take()?;

        let head = layout.envelope.checked_sub(layout.ciphertext).ok_or(Error::TooLarge)?;
        let (head, ciphertext) = envelope.split_at_mut_checked(head).ok_or(Error::BufferTooSmall)?;
        self.sign(topic, measurement, sequence, &layout, &noise, ciphertext)?;
        // All of the plaintext, for a signer may be random by itself: two plaintexts never share a key.
        let (plaintext, _) = ciphertext.split_last_chunk::<{ aead::TAG }>().ok_or(Error::BufferTooSmall)?;
        let digest = sha256(&[plaintext]);
        let ikm = derive(
            self.identity.hedge().expose(),
            &[entropy.expose(), &sequence.to_be_bytes(), &digest],
            b"zegel-ephemeral-1",
        )?;
        let sent = kem::encap(&self.peer, &ikm)?;
        encrypt0::write_head(&mut Writer::new(head), &self.recipient.0, &sent.enc, ciphertext.len())?;
        let aad = envelope::enc_structure(topic)?;
        Keys::base(&sent.shared, &CONTEXT)?.seal(0, aad.bytes(), ciphertext)?;
        out.keep().get(..layout.envelope).ok_or(Error::BufferTooSmall)
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
        let mut body = policy.minimise(pack)?.encode()?;
        let body = Wipe::new(&mut body);
        let time = time.map(|time| policy.coarsen(time));
        self.seal_to_vec(topic, &Measurement { time, format: Format::SENML_CBOR, body: body.bytes() }, rng)
    }

    /// Writes the signed plaintext to the front of `ciphertext`.
    fn sign(
        &self,
        topic: Topic<'_>,
        measurement: &Measurement<'_>,
        sequence: u64,
        layout: &Layout,
        noise: &Secret<32>,
        ciphertext: &mut [u8],
    ) -> Result<()> {
        let mut writer = Writer::new(ciphertext);
        sign1::write_head(&mut writer, false, &self.sender.kid().0, layout.statement)?;
        let start = writer.written();
        measurement.write(&mut writer, sequence, layout.pad)?;
        let end = writer.written();
        let statement = ciphertext.get(start..end).ok_or(Error::BufferTooSmall)?;

        let context = envelope::sig_context(&self.sender, &self.audience, topic, statement.len())?;
        let signed = [context.bytes(), statement];
        let signature = self.identity.sign(&signed, noise)?;
        if let Some(public) = &self.self_check {
            public.verify(&signed, &signature).map_err(|_| Error::KeyUnavailable)?;
        }
        let mut writer = Writer::new(ciphertext);
        writer.skip(end)?;
        writer.bytes(&signature)
    }
}
