//! A session at its sender: the keyframe, messages in a few dozen bytes, and the manifests that sign them
//! (SPEC §10). No nonce is used twice, for that cannot be written: a session is not cloned and not stored, and its
//! numbers are the sealer's. What no type can hold is in SPEC §10.2: an image of memory that is resumed twice.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use crate::cbor::write;
use crate::cose::structure::ENC_STRUCTURE;
use crate::crypto::aead;
use crate::envelope::audience::One;
use crate::envelope::statement::{Format, Measurement};
use crate::envelope::topic::Topic;
use crate::envelope::{STATEMENT_CONTEXT, StatementContext};
use crate::error::{Error, Result};
use crate::guard::sequence::SequenceStore;
use crate::guard::stream::Stream;
use crate::key::card::Card;
use crate::key::identity::{Identity, Sign};
#[cfg(feature = "measure")]
use crate::measure::{Pack, Policy};
use crate::process::Process;
use crate::refused::Refused;
use crate::seal::Sealer;
#[cfg(feature = "measure")]
use crate::seal::pack::minimised;
use crate::secret::{Secret, Wipe};
use crate::session::keys::{SessionId, SessionKeys};
use crate::session::limits::{KEYFRAME_BODY, SessionLimits};
use crate::session::manifest::{MANIFEST_BODY, Manifest, ROOMS};
use crate::session::merkle::{Frontier, Hash, leaf};
use crate::session::message::{self, Layout};

/// What a newer card of the recipient makes of a session.
#[expect(clippy::large_enum_variant, reason = "both are moved, once, and there may be no heap")]
pub enum Renewed<'k, S, I: Sign = Identity> {
    /// The recipient's key is the same.
    GoesOn(Session<'k, S, I>),
    /// There is another key, or none any more: a new session begins with the sealer.
    Over(Sealer<'k, S, I>),
}

/// A session whose keyframe is sealed, before its sealer belongs to it.
#[must_use]
pub struct Beginning {
    keys: SessionKeys,
    limits: SessionLimits,
    started: Option<u64>,
    keyframe: u64,
    stream: Stream,
    process: Process,
}

impl Beginning {
    /// The session. [`Error::SessionOver`] for a sealer of another stream, which comes back with it.
    pub fn session<S: SequenceStore, I: Sign>(
        self,
        sealer: Sealer<'_, S, I>,
    ) -> Result<Session<'_, S, I>, Refused<Sealer<'_, S, I>>> {
        let Self { keys, limits, started, keyframe, stream, process } = self;
        if *sealer.stream() != stream {
            return Err(Refused { state: sealer, error: Error::SessionOver });
        }
        let (next, block) = (keyframe.saturating_add(1), Frontier::new());
        Ok(Session { sealer, keys, limits, started, keyframe, next, block, process })
    }
}

/// A session and its keyframe, or the sealer as it was.
type Begun<Session, Keyframe, Sealer> = Result<(Session, Keyframe), Refused<Sealer>>;

/// Seals one identity's measurements for one recipient under keys that were agreed on once.
///
/// It holds the [`Sealer`], so nothing else seals in its stream, and gives it back at the [end](Session::end).
pub struct Session<'k, S, I: Sign = Identity> {
    sealer: Sealer<'k, S, I>,
    keys: SessionKeys,
    limits: SessionLimits,
    started: Option<u64>,
    /// The number of the keyframe.
    keyframe: u64,
    /// The number that comes next, if nobody else seals in the stream.
    next: u64,
    /// The leaves since the last manifest.
    block: Frontier,
    process: Process,
}

impl<'k, S: SequenceStore, I: Sign> Session<'k, S, I> {
    /// Begins a session: its keyframe, an envelope to be published on `topic`, stands at the front of `out`. `now` is
    /// seconds since 1970, `None` without a clock.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for the limits, and those of [`Sealer::seal`]. The sealer comes back with it.
    pub fn begin<'o, R: TryCryptoRng + ?Sized>(
        mut sealer: Sealer<'k, S, I>,
        topic: &str,
        now: Option<u64>,
        limits: SessionLimits,
        rng: &mut R,
        out: &'o mut [u8],
    ) -> Begun<Self, &'o [u8], Sealer<'k, S, I>> {
        match Self::keyframe(&mut sealer, topic, now, limits, rng, out) {
            Ok((beginning, bytes)) => Ok((beginning.session(sealer)?, bytes)),
            Err(error) => Err(Refused { state: sealer, error }),
        }
    }

    /// The first half of [`Session::begin`], for whoever has a small stack: the sealer stays where it is while the
    /// keyframe is made, and moves in [`Beginning::session`].
    ///
    /// # Errors
    /// Those of [`Session::begin`].
    pub fn keyframe<'o, R: TryCryptoRng + ?Sized>(
        sealer: &mut Sealer<'k, S, I>,
        topic: &str,
        now: Option<u64>,
        limits: SessionLimits,
        rng: &mut R,
        out: &'o mut [u8],
    ) -> Result<(Beginning, &'o [u8])> {
        let out = Wipe::new(out);
        limits.check()?;
        let mut body = [0; KEYFRAME_BODY];
        let length = write(&mut body, |writer| limits.write(writer))?;
        let body = body.get(..length).ok_or(Error::TooLarge)?;
        let measurement = Measurement { time: now, format: Format::KEYFRAME, body };
        let made = sealer.envelope(topic, &measurement, rng, out)?;
        let (keys, stream) = (SessionKeys::derive(&made.shared)?, *sealer.stream());
        let process = Process::this();
        Ok((Beginning { keys, limits, started: now, keyframe: made.sequence, stream, process }, made.bytes))
    }

    /// [`Session::begin`] with the keyframe in a new vector.
    #[cfg(feature = "alloc")]
    pub fn begin_to_vec<R: TryCryptoRng + ?Sized>(
        sealer: Sealer<'k, S, I>,
        topic: &str,
        now: Option<u64>,
        limits: SessionLimits,
        rng: &mut R,
    ) -> Begun<Self, Vec<u8>, Sealer<'k, S, I>> {
        let mut out = [0; KEYFRAME];
        let (session, keyframe) = Self::begin(sealer, topic, now, limits, rng, &mut out)?;
        Ok((session, keyframe.to_vec()))
    }

    /// Names the session on the wire.
    pub const fn id(&self) -> SessionId {
        self.keys.id()
    }

    /// Whose numbers these are, and for whom.
    pub const fn stream(&self) -> &Stream {
        self.sealer.stream()
    }

    /// How many messages since the last manifest nobody but the recipient can be shown yet.
    pub const fn unsigned(&self) -> u64 {
        self.block.count()
    }

    /// Whether the next call must be [`Session::manifest`].
    pub const fn manifest_due(&self) -> bool {
        self.block.count() >= self.limits.block
    }

    /// How many bytes [`Session::seal`] would write for this measurement, as the next one.
    pub fn sealed_len(&self, measurement: &Measurement<'_>) -> Result<usize> {
        Ok(Layout::new(measurement, self.next, self.sealer.padding)?.message)
    }

    /// Seals `measurement` for `topic` into `out`: the message, at the front of it. `now` is seconds since 1970,
    /// `None` without a clock.
    ///
    /// # Errors
    /// [`Error::ManifestDue`] when the block is full, [`Error::SessionOver`] at a limit of the session or when
    /// something else has sealed in its stream; [`Error::InvalidTopic`], [`Error::Reserved`], [`Error::TooLarge`],
    /// [`Error::BufferTooSmall`], [`Error::Storage`], [`Error::Exhausted`]. On any of them `out` is wiped.
    pub fn seal<'o>(
        &mut self,
        topic: &str,
        measurement: &Measurement<'_>,
        now: Option<u64>,
        out: &'o mut [u8],
    ) -> Result<&'o [u8]> {
        let out = Wipe::new(out);
        measurement.check()?;
        if self.manifest_due() {
            return Err(Error::ManifestDue);
        }
        // The last number of a session is kept for the manifest that signs what came before.
        if !(self.has_room_for(2) && self.in_use_at(now) && self.in_use_at(measurement.time)) {
            return Err(Error::SessionOver);
        }
        let (bytes, leaf) = self.message(Topic::new(topic)?, measurement, out)?;
        self.block.push(leaf)?;
        Ok(bytes)
    }

    /// [`Session::seal`] into a new vector.
    #[cfg(feature = "alloc")]
    pub fn seal_to_vec(
        &mut self,
        topic: &str,
        measurement: &Measurement<'_>,
        now: Option<u64>,
    ) -> Result<Vec<u8>> {
        let mut out = alloc::vec![0; self.sealed_len(measurement)?];
        self.seal(topic, measurement, now, &mut out)?;
        Ok(out)
    }

    /// Seals what `policy` lets leave of `pack`, as [`Sealer::seal_pack`] does.
    ///
    /// # Errors
    /// [`Error::NothingAllowed`] when nothing is left; those of the pack's encoding and of [`Session::seal`].
    #[cfg(feature = "measure")]
    pub fn seal_pack(
        &mut self,
        topic: &str,
        time: Option<u64>,
        pack: &Pack,
        policy: &Policy,
        now: Option<u64>,
    ) -> Result<Vec<u8>> {
        minimised(pack, policy, time, |measurement| self.seal_to_vec(topic, measurement, now))
    }

    /// Signs all messages since the last manifest, at once. It is a message itself, to be published on `topic`. `out`
    /// needs 256 bytes.
    ///
    /// # Errors
    /// [`Error::NothingAllowed`] when there is no message to sign, [`Error::Entropy`],
    /// [`Error::KeyUnavailable`], and those of [`Session::seal`]. On any of them `out` is wiped, and the block waits.
    pub fn manifest<'o, R: TryCryptoRng + ?Sized>(
        &mut self,
        topic: &str,
        rng: &mut R,
        out: &'o mut [u8],
    ) -> Result<&'o [u8]> {
        let out = Wipe::new(out);
        let topic = Topic::new(topic)?;
        let root = self.block.root().ok_or(Error::NothingAllowed)?;
        if !self.has_room_for(1) {
            return Err(Error::SessionOver);
        }
        let count = self.block.count();
        let first = self.next.checked_sub(count).ok_or(Error::SessionOver)?;
        let mut manifest = Manifest { first, count, root, signature: [0; 64] };
        let audience = One::new(&self.sealer.recipient.id);
        let sender = *self.sealer.author.id();
        let mut room = ROOMS;
        let signed = manifest.signed(&sender, audience.audience(), &mut room)?;
        manifest.signature = self.sealer.author.sign(&signed, &Secret::random(rng)?)?;
        let mut body = [0; MANIFEST_BODY];
        let length = write(&mut body, |writer| manifest.write(writer, &sender.kid()))?;
        let body = body.get(..length).ok_or(Error::TooLarge)?;
        let measurement = Measurement { time: None, format: Format::MANIFEST, body };
        let (bytes, _) = self.message(topic, &measurement, out)?;
        self.block = Frontier::new();
        Ok(bytes)
    }

    /// [`Session::manifest`] into a new vector.
    #[cfg(feature = "alloc")]
    pub fn manifest_to_vec<R: TryCryptoRng + ?Sized>(&mut self, topic: &str, rng: &mut R) -> Result<Vec<u8>> {
        let mut out = [0; MANIFEST];
        self.manifest(topic, rng, &mut out).map(<[u8]>::to_vec)
    }

    /// Takes a newer card of the recipient, however it arrived. The session goes on while the recipient's key stays the
    /// same; with another key, or a withdrawn card, it is over, and the sealer has the card.
    ///
    /// # Errors
    /// Those of [`Sealer::renew`]; the session comes back with it, and nothing has changed.
    pub fn renew(mut self, card: &Card, now: Option<u64>) -> Result<Renewed<'k, S, I>, Refused<Self>> {
        let kid = self.sealer.recipient.kid;
        match self.sealer.renew(card, now) {
            Ok(_) if self.sealer.recipient.kid == kid && self.sealer.recipient.check().is_ok() => {
                Ok(Renewed::GoesOn(self))
            }
            Ok(_) => Ok(Renewed::Over(self.end())),
            Err(error) => Err(Refused { state: self, error }),
        }
    }

    /// Ends the session: its keys are wiped, and the sealer is free. What no manifest has signed stays unproven, so
    /// [`Session::manifest`] comes first.
    pub fn end(self) -> Sealer<'k, S, I> {
        self.sealer
    }

    /// The one way to a message, whatever its format; with its leaf.
    fn message<'o>(
        &mut self,
        topic: Topic<'_>,
        measurement: &Measurement<'_>,
        mut out: Wipe<'o>,
    ) -> Result<(&'o [u8], Hash)> {
        measurement.check_time()?;
        let layout = Layout::new(measurement, self.next, self.sealer.padding)?;
        let buffer = out.bytes_mut().get_mut(..layout.message).ok_or(Error::BufferTooSmall)?;
        // After a fork there are two of this session, and one nonce for two messages.
        if self.process != Process::this() {
            return Err(Error::SessionOver);
        }
        // Somebody else's number in between would make a block that cannot be counted.
        if self.sealer.numbers.peek()? != self.next {
            return Err(Error::SessionOver);
        }
        let sequence = self.sealer.numbers.take()?;
        self.next = sequence.saturating_add(1);

        let head = layout.message.checked_sub(layout.ciphertext).ok_or(Error::TooLarge)?;
        let (head, ciphertext) = buffer.split_at_mut_checked(head).ok_or(Error::BufferTooSmall)?;
        write(head, |writer| message::write_head(writer, &self.keys.id(), sequence, ciphertext.len()))?;
        write(ciphertext, |writer| message::write_plaintext(writer, measurement, layout.pad))?;
        let leaf = self.leaf(topic, sequence, ciphertext)?;
        let aad = &mut [0; ENC_STRUCTURE];
        self.keys.seal(sequence, message::enc_structure(topic, aad)?, ciphertext)?;
        Ok((out.keep().get(..layout.message).ok_or(Error::BufferTooSmall)?, leaf))
    }

    /// The leaf of the statement that a plaintext and its number make.
    fn leaf(&self, topic: Topic<'_>, sequence: u64, ciphertext: &[u8]) -> Result<Hash> {
        let (plaintext, _) = ciphertext.split_last_chunk::<{ aead::TAG }>().ok_or(Error::BufferTooSmall)?;
        let (_, rest) = plaintext.split_first().ok_or(Error::BufferTooSmall)?;
        let mut number = [0; 10];
        let length = write(&mut number, |writer| message::write_number(writer, sequence))?;
        let number = number.get(..length).ok_or(Error::TooLarge)?;
        let statement = length.checked_add(rest.len()).ok_or(Error::TooLarge)?;
        let audience = One::new(&self.sealer.recipient.id);
        let mut room = [0; STATEMENT_CONTEXT];
        let sender = self.sealer.author.id();
        let context = StatementContext::new(sender, audience.audience(), topic, statement, &mut room)?;
        Ok(leaf(&context.with_halves(number, rest)))
    }

    fn has_room_for(&self, numbers: u64) -> bool {
        let used = self.next.saturating_sub(self.keyframe).saturating_sub(1);
        used.saturating_add(numbers) <= self.limits.messages
    }

    fn in_use_at(&self, time: Option<u64>) -> bool {
        match (self.started, time) {
            (Some(started), Some(time)) => time <= started.saturating_add(self.limits.seconds),
            _ => true,
        }
    }
}

/// Room for a keyframe with any number, in its bucket.
#[cfg(feature = "alloc")]
const KEYFRAME: usize = 256;
/// Room for a manifest with any number, in its bucket.
#[cfg(feature = "alloc")]
const MANIFEST: usize = 256;
