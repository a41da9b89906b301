//! Sealing for several recipients at once: one publication that each of them opens (SPEC §4.6, §5.5).

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::borrow::Borrow;

use rand_core::TryCryptoRng;

use crate::cbor::{count, write};
use crate::cose::encrypt::{self, INFO, WRAPPED};
use crate::cose::sign1;
use crate::cose::structure::ENC_STRUCTURE;
use crate::crypto::kdf::sha256;
use crate::crypto::kem;
use crate::crypto::schedule::{Keys, context};
use crate::crypto::{aead, sign};
use crate::envelope::audience::Several;
use crate::envelope::group;
use crate::envelope::padding::Padding;
use crate::envelope::statement::Measurement;
use crate::envelope::topic::Topic;
use crate::error::{Error, Result};
use crate::guard::sequence::{Numbers, SequenceStore};
use crate::guard::stream::Stream;
use crate::guard::trust::Succession;
use crate::key::card::Card;
use crate::key::identity::{Identity, Sign};
use crate::key::kem::KemPublic;
use crate::limits::MAX_RECIPIENTS;
#[cfg(feature = "measure")]
use crate::measure::{Pack, Policy};
use crate::seal::author::{Author, Draft};
#[cfg(feature = "measure")]
use crate::seal::pack::minimised;
use crate::seal::recipient::Recipient;
use crate::secret::{Secret, Wipe};

/// Seals one identity's measurements for a fixed set of 2 to 16 recipients, each under its own number.
pub struct GroupSealer<'k, S, I: Sign = Identity> {
    author: Author<'k, I>,
    /// In the order of their ids, from the front.
    recipients: [Option<Recipient>; MAX_RECIPIENTS],
    audience: Several,
    numbers: Numbers<S>,
    padding: Padding,
}

impl<'k, S: SequenceStore, I: Sign> GroupSealer<'k, S, I> {
    /// Prepares to seal for the holders of `recipients`, in any order. `now` is seconds since 1970, `None` without a
    /// clock; `store` keeps the numbers of this stream: another set of recipients is another stream.
    ///
    /// # Errors
    /// [`Error::TooLarge`] unless there are 2 to 16, [`Error::Equivocation`] when one, or one's KEM key, stands twice;
    /// and for a card [`Error::Revoked`], [`Error::NotYetValid`], [`Error::Expired`], [`Error::KeyUnavailable`].
    pub fn new<C: Borrow<Card>>(
        identity: &'k I,
        recipients: &[C],
        now: Option<u64>,
        store: S,
    ) -> Result<Self> {
        if !(2..=MAX_RECIPIENTS).contains(&recipients.len()) {
            return Err(Error::TooLarge);
        }
        let author = Author::new(identity);
        let mut ordered = [const { None }; MAX_RECIPIENTS];
        let ascending = Ascending { cards: recipients, last: None, left: recipients.len() };
        for (place, card) in ordered.iter_mut().zip(ascending) {
            *place = Some(Recipient::new(card, now)?);
        }
        let ids = || ordered.iter().flatten().map(|recipient| recipient.id);
        let audience = Several::new(recipients.len(), ids())?;
        all_different(&ordered)?;
        let numbers = Numbers::new(Stream::to(*author.id(), audience.audience()), store);
        Ok(Self { author, recipients: ordered, audience, numbers, padding: Padding::default() })
    }

    /// Takes a newer card of one of the recipients, however it arrived: from the next seal on its first KEM key is used.
    /// After a withdrawn one every seal is [`Error::Revoked`], and another set of recipients is needed.
    ///
    /// # Errors
    /// As [`Sealer::renew`](crate::seal::Sealer::renew), and [`Error::Equivocation`] for a KEM key that another
    /// recipient has. On any of them nothing changes.
    pub fn renew(&mut self, card: &Card, now: Option<u64>) -> Result<Succession> {
        let theirs = |recipient: &&mut Recipient| recipient.id == *card.id();
        if !self.all().any(|recipient| recipient.id == *card.id()) {
            return Err(Error::UnknownSender);
        }
        let others = || self.recipients.iter().flatten().filter(|recipient| recipient.id != *card.id());
        let key = card.kem_keys().next().map(KemPublic::kid);
        if others().any(|other| Some(other.kid) == key) {
            return Err(Error::Equivocation);
        }
        let recipient = self.recipients.iter_mut().flatten().find(theirs);
        recipient.ok_or(Error::UnknownSender)?.renew(card, now)
    }

    /// Chooses how much of a length the broker may learn; buckets unless this says otherwise.
    #[must_use]
    pub const fn with_padding(mut self, padding: Padding) -> Self {
        self.padding = padding;
        self
    }

    /// Verifies each signature before it leaves, as [`Sealer::with_self_check`](crate::seal::Sealer::with_self_check).
    pub fn with_self_check(mut self) -> Result<Self> {
        self.author.check_itself()?;
        Ok(self)
    }

    /// Whose numbers these are, and for whom.
    pub const fn stream(&self) -> &Stream {
        self.numbers.stream()
    }

    /// How many bytes [`GroupSealer::seal`] would write for this measurement, as the next one.
    pub fn sealed_len(&mut self, measurement: &Measurement<'_>) -> Result<usize> {
        Ok(self.layout(measurement)?.envelope)
    }

    /// Seals `measurement` for `topic` into `out`: the envelope, at the front of it.
    ///
    /// # Errors
    /// As [`Sealer::seal`](crate::seal::Sealer::seal); on any of them `out` is wiped.
    pub fn seal<'o, R: TryCryptoRng + ?Sized>(
        &mut self,
        topic: &str,
        measurement: &Measurement<'_>,
        rng: &mut R,
        out: &'o mut [u8],
    ) -> Result<&'o [u8]> {
        let mut out = Wipe::new(out);
        let topic = Topic::new(topic)?;
        measurement.check()?;
        self.all().try_for_each(Recipient::check)?;
        let layout = self.layout(measurement)?;
        let envelope = out.bytes_mut().get_mut(..layout.envelope).ok_or(Error::BufferTooSmall)?;
        let (noise, entropy) = (Secret::<32>::random(rng)?, Secret::<32>::random(rng)?);
        let sequence = self.numbers.take()?;

        let (head, rest) = envelope.split_at_mut_checked(layout.head).ok_or(Error::BufferTooSmall)?;
        let (ciphertext, tail) = rest.split_at_mut_checked(layout.ciphertext).ok_or(Error::BufferTooSmall)?;
        self.write_plaintext(topic, measurement, sequence, &layout, &noise, ciphertext)?;
        let (plaintext, _) = ciphertext.split_last_chunk::<{ aead::TAG }>().ok_or(Error::BufferTooSmall)?;
        let digest = sha256(&[plaintext]);
        let derived: Secret<44> = self.author.hedged(&entropy, sequence, &digest, b"", b"zegel-content-1");
        let (cek, iv) = derived.expose().split_at_checked(32).ok_or(Error::TooLarge)?;
        let cek = Secret::from_slice(cek).ok_or(Error::TooLarge)?;
        let iv = iv.first_chunk().ok_or(Error::TooLarge)?;
        let length = ciphertext.len();
        write(head, |writer| encrypt::write_head(writer, iv, length))?;
        let mut room = [0; ENC_STRUCTURE];
        let aad = group::enc_structure(topic, self.all().map(|recipient| recipient.kid), &mut room)?;
        aead::seal(&cek, iv, aad, ciphertext)?;

        let mut at = write(tail, |writer| writer.array(self.all().count()))?;
        for recipient in self.all() {
            let public = recipient.peer.bytes();
            let ikm = self.author.hedged(&entropy, sequence, &digest, public, b"zegel-ephemeral-1");
            let wrapped = wrap(recipient, &ikm, &cek)?;
            at = write(tail, |writer| {
                writer.skip(at);
                wrapped.write(writer);
            })?;
        }
        out.keep().get(..layout.envelope).ok_or(Error::BufferTooSmall)
    }

    /// [`GroupSealer::seal`] into a new vector.
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

    /// Seals what `policy` lets leave of `pack`, as [`Sealer::seal_pack`](crate::seal::Sealer::seal_pack) does.
    ///
    /// # Errors
    /// [`Error::NothingAllowed`] when nothing is left; those of the pack's encoding and of [`GroupSealer::seal`].
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

    /// Writes `[audience, COSE_Sign1]` to the front of `ciphertext`.
    fn write_plaintext(
        &self,
        topic: Topic<'_>,
        measurement: &Measurement<'_>,
        sequence: u64,
        layout: &Layout,
        noise: &Secret<32>,
        ciphertext: &mut [u8],
    ) -> Result<()> {
        let audience = self.audience.audience();
        let start = write(ciphertext, |writer| {
            writer.array(2);
            writer.raw(audience.encoded());
        })?;
        let (pad, length) = (layout.pad, layout.statement);
        let draft = Draft { audience, topic, measurement, sequence, pad, length };
        let rest = ciphertext.get_mut(start..).ok_or(Error::BufferTooSmall)?;
        self.author.write_signed(&draft, noise, rest)
    }

    fn layout(&mut self, measurement: &Measurement<'_>) -> Result<Layout> {
        let (sequence, recipients) = (self.numbers.peek()?, self.all().count());
        let audience = self.audience.audience().encoded().len();
        let with_pad = |pad| Layout::with_pad(measurement, sequence, audience, recipients, pad);
        let mut layout = with_pad(0);
        self.padding.fill(SHORTEST, layout.envelope, &mut |pad| {
            layout = with_pad(pad);
            layout.envelope
        })?;
        Ok(layout)
    }

    /// The recipients, in the order of the audience.
    fn all(&self) -> impl Iterator<Item = &Recipient> + Clone {
        self.recipients.iter().flatten()
    }
}

/// The lengths of one group envelope, in bytes.
struct Layout {
    pad: usize,
    statement: usize,
    head: usize,
    ciphertext: usize,
    envelope: usize,
}

impl Layout {
    fn with_pad(
        measurement: &Measurement<'_>,
        sequence: u64,
        audience: usize,
        recipients: usize,
        pad: usize,
    ) -> Self {
        let statement = count(|writer| measurement.write(writer, sequence, pad));
        let plaintext = count(|writer| {
            writer.array(2);
            writer.skip(audience);
            sign1::write_head(writer, false, &[0; 8], statement);
            writer.skip(statement);
            writer.bytes(&[0; sign::SIGNATURE]);
        });
        let ciphertext = plaintext.saturating_add(aead::TAG);
        let head = count(|writer| encrypt::write_head(writer, &[0; 12], ciphertext));
        let tail = count(|writer| {
            writer.array(recipients);
            let empty = encrypt::Recipient { kid: [0; 8], ek: [0; 32], wrapped: [0; WRAPPED] };
            (0..recipients).for_each(|_| empty.write(writer));
        });
        let envelope = head.saturating_add(ciphertext).saturating_add(tail);
        Self { pad, statement, head, ciphertext, envelope }
    }
}

/// Encrypts the content key to one recipient (SPEC §5.5).
fn wrap(recipient: &Recipient, ikm: &Secret<32>, cek: &Secret<32>) -> Result<encrypt::Recipient> {
    let sent = kem::encap(&recipient.peer, ikm)?;
    let mut wrapped = [0; WRAPPED];
    let mut wrapped = Wipe::new(&mut wrapped);
    for (place, byte) in wrapped.bytes_mut().iter_mut().zip(cek.expose()) {
        *place = *byte;
    }
    Keys::base(&sent.shared, &context(0, b"", INFO)).seal(0, b"", wrapped.bytes_mut())?;
    let wrapped = *wrapped.bytes().first_chunk().ok_or(Error::TooLarge)?;
    Ok(encrypt::Recipient { kid: recipient.kid.0, ek: sent.enc, wrapped })
}

/// With one kid twice, nobody could tell whose place it is.
fn all_different(recipients: &[Option<Recipient>]) -> Result<()> {
    let mut rest = recipients.iter().flatten().map(|recipient| recipient.kid);
    while let Some(kid) = rest.next() {
        if rest.clone().any(|other| other == kid) {
            return Err(Error::Equivocation);
        }
    }
    Ok(())
}

/// Cards by ascending id. With sixteen at most, looking for the next one costs less than sorting them somewhere.
struct Ascending<'k, C> {
    cards: &'k [C],
    last: Option<&'k Card>,
    left: usize,
}

impl<'k, C: Borrow<Card>> Iterator for Ascending<'k, C> {
    type Item = &'k Card;

    fn next(&mut self) -> Option<&'k Card> {
        self.left = self.left.checked_sub(1)?;
        let after = |card: &&Card| self.last.is_none_or(|last| card.id() > last.id());
        // One that stands twice leaves none for the last place, which then repeats itself and is refused.
        let cards = self.cards.iter().map(Borrow::borrow);
        self.last = cards.filter(after).min_by_key(|card| *card.id()).or(self.last);
        self.last
    }
}

/// The first bucket of an envelope.
const SHORTEST: usize = 256;
