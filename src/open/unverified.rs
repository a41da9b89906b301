//! Decryption without belief: what an envelope says before its signature is checked (SPEC §7.1, steps 1 to 6).

use core::fmt;
use core::ops::Range;

use crate::cose::encrypt::{INFO, Recipient, WRAPPED};
use crate::cose::sign1::Sign1;
use crate::cose::structure::ENC_STRUCTURE;
use crate::crypto::aead;
use crate::crypto::kdf::sha256;
use crate::crypto::schedule::{Keys, context};
use crate::crypto::sign::{PublicKey, SIGNATURE};
use crate::envelope::audience::{Audience, Held, One};
use crate::envelope::group::{self, GroupEnvelope};
use crate::envelope::statement::{Format, Statement};
use crate::envelope::topic::Topic;
use crate::envelope::{self, CONTEXT, Envelope, STATEMENT_CONTEXT, StatementContext};
use crate::error::{Error, Result};
use crate::evidence::introduction::UnverifiedIntroduction;
use crate::evidence::{Proven, UnverifiedEvidence};
use crate::guard::replay::Arrival;
use crate::guard::stream::Stream;
use crate::guard::trust::TrustStore;
use crate::hpke;
use crate::key::card::Card;
use crate::key::id::{Id, Kid};
use crate::key::kem::Agree;
use crate::open::custody::{self, Custody, Origin};
use crate::open::opened::{Content, Opened, Signature};
use crate::open::opener::Opener;
use crate::secret::{Secret, Wipe};
use crate::session::keys::SessionKeys;
use crate::session::limits::SessionLimits;
use crate::session::record::SessionRecord;

/// A decrypted envelope whose signature nobody has checked: what it says is a claim.
pub struct Unverified<'b> {
    buffer: Wipe<'b>,
    /// Where in the buffer the COSE_Sign1 stands.
    signed_at: Range<usize>,
    signed: Sign1,
    statement: Statement,
    /// Where in the buffer the audience stands, for several recipients.
    audience: Option<Range<usize>>,
    /// Where a keyframe was sealed to, and its keys.
    keyframe: Option<(Kid, [u8; 32], SessionLimits)>,
    keys: Option<SessionKeys>,
}

impl<K: Agree> Opener<'_, K> {
    /// Decrypts an envelope without believing it, for inspection: no signature is checked, no number is
    /// taken, no state moves. A session's message says nothing without its keyframe, and is `Malformed` here.
    ///
    /// # Errors
    /// [`Error::InvalidTopic`], [`Error::Malformed`], [`Error::NotForMe`], [`Error::Rejected`]; the buffer
    /// is wiped.
    pub fn look<'b>(&self, topic: &str, envelope: &'b mut [u8]) -> Result<Unverified<'b>> {
        let buffer = Wipe::new(envelope);
        let topic = Topic::new(topic)?;
        if buffer.bytes().first() == Some(&GROUP) {
            self.look_group(topic, buffer)
        } else {
            self.look_one(topic, buffer)
        }
    }

    #[inline(never)]
    fn look_one<'b>(&self, topic: Topic<'_>, mut buffer: Wipe<'b>) -> Result<Unverified<'b>> {
        let outer = Envelope::parse(buffer.bytes())?;
        let (kid, ek) = (outer.claimed_recipient(), *outer.ek());
        let key = self.key(kid).ok_or(Error::NotForMe)?;
        let head = outer.head_length()?;

        let shared = hpke::decap(key, &ek)?;
        let mut room = [0; ENC_STRUCTURE];
        let aad = envelope::enc_structure(topic, &mut room)?;
        let ciphertext = buffer.bytes_mut().get_mut(head..).ok_or(Error::Malformed)?;
        let length = Keys::base(&shared, &CONTEXT).open(0, aad, ciphertext)?.len();
        // From here on a malformed byte was sealed by somebody: no error tells which.
        let end = head.checked_add(length).ok_or(Error::Rejected)?;
        let mut unverified = Unverified::read(buffer, head..end, None).map_err(|_| Error::Rejected)?;
        if unverified.statement.format == Format::KEYFRAME {
            let limits = SessionLimits::read(unverified.claimed_body()).map_err(|_| Error::Rejected)?;
            unverified.keyframe = Some((kid, ek, limits));
            unverified.keys = Some(SessionKeys::derive(&shared)?);
        }
        Ok(unverified)
    }

    #[inline(never)]
    fn look_group<'b>(&self, topic: Topic<'_>, mut buffer: Wipe<'b>) -> Result<Unverified<'b>> {
        let outer = GroupEnvelope::parse(buffer.bytes())?;
        let mine =
            |(place, recipient): (usize, Recipient)| Some((place, self.key(Kid(recipient.kid))?, recipient));
        let (place, key, recipient) = outer.recipients().enumerate().find_map(mine).ok_or(Error::NotForMe)?;
        let (range, count) = (outer.ciphertext_range(), outer.claimed_recipients().count());
        let iv = *outer.iv();
        let mut room = [0; ENC_STRUCTURE];
        let aad = group::enc_structure(topic, outer.claimed_recipients(), &mut room)?;

        let cek = unwrap(key, &recipient.ek, recipient.wrapped)?;
        let start = range.start;
        let ciphertext = buffer.bytes_mut().get_mut(range).ok_or(Error::Malformed)?;
        let plaintext = &*aead::open(&cek, &iv, aad, ciphertext)?;
        let length = plaintext.len();
        let (audience, signed) = group::read_plaintext(plaintext).map_err(|_| Error::Rejected)?;
        // One's own place among the recipients is one's own place in the audience.
        if audience.ids().count() != count || audience.ids().nth(place) != Some(self.me) {
            return Err(Error::Rejected);
        }
        let at = |offset: usize| start.checked_add(offset).ok_or(Error::Rejected);
        // The array of two before it is one byte.
        let audience = at(1)?..at(signed)?;
        let signed = at(signed)?..at(length)?;
        let unverified = Unverified::read(buffer, signed, Some(audience)).map_err(|_| Error::Rejected)?;
        // What Zegel says to itself has one recipient.
        if unverified.statement.format.is_reserved() { Err(Error::Rejected) } else { Ok(unverified) }
    }
}

/// Decrypts the content key (SPEC §5.5).
fn unwrap(key: &impl Agree, ek: &[u8; 32], mut wrapped: [u8; WRAPPED]) -> Result<Secret<32>> {
    let mut wrapped = Wipe::new(&mut wrapped);
    let shared = hpke::decap(key, ek)?;
    let cek = Keys::base(&shared, &context(0, b"", INFO)).open(0, b"", wrapped.bytes_mut())?;
    Secret::from_slice(cek).ok_or(Error::Rejected)
}

impl<'b> Unverified<'b> {
    fn read(buffer: Wipe<'b>, at: Range<usize>, audience: Option<Range<usize>>) -> Result<Self> {
        let bytes = buffer.bytes().get(at.clone()).ok_or(Error::Malformed)?;
        let signed = Sign1::read(bytes)?;
        let payload = bytes.get(signed.payload.clone()).ok_or(Error::Malformed)?;
        let statement = Statement::read(payload)?;
        let body = payload.get(statement.body.clone()).ok_or(Error::Malformed)?;
        match statement.format {
            Format::EVIDENCE => UnverifiedEvidence::parse(body).map(|_| ())?,
            Format::INTRODUCTION => UnverifiedIntroduction::parse(body).map(|_| ())?,
            format if format.is_reserved() && format != Format::KEYFRAME => return Err(Error::Malformed),
            _ => {}
        }
        Ok(Self { buffer, signed_at: at, signed, statement, audience, keyframe: None, keys: None })
    }

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
        self.statement().get(self.statement.body.clone()).unwrap_or_default()
    }

    /// How many zeros fill the envelope to its length.
    pub const fn pad_len(&self) -> usize {
        self.statement.pad
    }

    /// The encoded statement, as it was signed.
    pub fn statement(&self) -> &[u8] {
        let signed = self.buffer.bytes().get(self.signed_at.clone()).unwrap_or_default();
        signed.get(self.signed.payload.clone()).unwrap_or_default()
    }

    /// The signature, unchecked.
    pub const fn signature(&self) -> &[u8; SIGNATURE] {
        &self.signed.signature
    }

    /// Checks the signature as that of `card`'s holder for `audience` on `topic`, with the other recipients that the
    /// envelope names; validity and replay are not looked at.
    ///
    /// # Errors
    /// [`Error::InvalidTopic`], [`Error::Rejected`].
    pub fn verify(&self, card: &Card, audience: &Id, topic: &str) -> Result<()> {
        self.check_signature(card.id(), card.key(), audience, topic).map(|_| ())
    }

    /// The digest of what was signed, when the signature holds.
    pub(super) fn check_signature(
        &self,
        sender: &Id,
        key: &PublicKey,
        me: &Id,
        topic: &str,
    ) -> Result<[u8; 32]> {
        let (statement, audience) = (self.statement(), self.audience(me));
        if !audience.audience().holds(me) {
            return Err(Error::Rejected);
        }
        let topic = Topic::new(topic)?;
        let mut room = [0; STATEMENT_CONTEXT];
        let context = StatementContext::new(sender, audience.audience(), topic, statement.len(), &mut room)?;
        let signed = context.with(statement);
        key.verify(&signed, self.signature())?;
        Ok(sha256(&signed))
    }

    pub(super) fn stream(&self, sender: &Id, me: &Id) -> Stream {
        Stream::to(*sender, self.audience(me).audience())
    }

    /// Checks what only a receiver with state can: the hands behind evidence, the cards of an introduction.
    ///
    /// # Errors
    /// [`Error::Rejected`], [`Error::Revoked`], [`Error::UnknownSender`], [`Error::Storage`].
    #[inline(never)]
    pub(super) fn check<S: TrustStore + ?Sized>(&self, state: &S, sender: &Id, me: &Id) -> Result<Checked> {
        match self.statement.format {
            Format::EVIDENCE => {
                let (proven, origin) = custody::check(state, sender, self.claimed_body())?;
                Ok(Checked::Evidence(proven, origin))
            }
            Format::INTRODUCTION => {
                let introduction = UnverifiedIntroduction::parse(self.claimed_body());
                introduction.and_then(UnverifiedIntroduction::verify).map_err(|_| Error::Rejected)?;
                Ok(Checked::Introduction)
            }
            _ => Ok(self
                .session(sender, me)
                .map_or(Checked::Measurement, |session| Checked::Keyframe(session, false))),
        }
    }

    /// The session that this keyframe begins, if it is one.
    fn session(&self, sender: &Id, me: &Id) -> Option<SessionRecord> {
        let (kem, ek, limits) = self.keyframe?;
        let id = self.keys.as_ref()?.id();
        let Statement { sequence, time, .. } = self.statement;
        let (sender, recipient) = (*sender, *me);
        Some(SessionRecord { id, sender, recipient, sequence, time, limits, kem, ek })
    }

    pub(super) const fn take_keys(&mut self) -> Option<SessionKeys> {
        self.keys.take()
    }

    #[inline(never)]
    pub(super) fn into_opened(
        self,
        stream: Stream,
        digest: [u8; 32],
        arrival: Arrival,
        checked: Checked,
        me: &Id,
        topic: &'b str,
    ) -> Result<Opened<'b>> {
        let Self {
            buffer, signed_at, signed, statement: Statement { sequence, time, format, body, .. }, ..
        } = self;
        let bytes: &'b [u8] = buffer.keep();
        let inner = bytes.get(signed_at).ok_or(Error::Rejected)?;
        let statement = inner.get(signed.payload).ok_or(Error::Rejected)?;
        let audience = match self.audience.and_then(|range| bytes.get(range)) {
            Some(several) => Held::Several(Audience::trusted(several)),
            None => Held::One(One::new(me)),
        };
        let body = statement.get(body).ok_or(Error::Rejected)?;
        let content = match checked {
            Checked::Measurement => Content::Measurement { format, body },
            Checked::Keyframe(SessionRecord { id: session, limits, .. }, kept) => {
                Content::Keyframe { session, limits, kept }
            }
            Checked::Evidence(proven, origin) => {
                let evidence = UnverifiedEvidence::parse(body)?.with(proven);
                Content::Evidence(Custody::new(evidence, stream.sender, origin))
            }
            Checked::Introduction => Content::Introduction(UnverifiedIntroduction::parse(body)?.trusted()),
        };
        let signature = inner.last_chunk().ok_or(Error::Rejected)?;
        let proof = Some(Signature { audience, signature });
        Ok(Opened {
            stream,
            sequence,
            time,
            digest,
            arrival,
            content,
            topic,
            statement,
            proof,
            session: None,
            block: None,
        })
    }

    fn audience(&self, me: &Id) -> Held<'_> {
        match self.audience.clone().and_then(|range| self.buffer.bytes().get(range)) {
            Some(several) => Held::Several(Audience::trusted(several)),
            None => Held::One(One::new(me)),
        }
    }
}

/// What was opened, as far as it could be checked before the number was taken.
pub(super) enum Checked {
    Measurement,
    /// The session, and whether it is kept.
    Keyframe(SessionRecord, bool),
    Evidence(Proven, Origin),
    Introduction,
}

impl fmt::Debug for Unverified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unverified({}, number {})", self.claimed_sender(), self.claimed_sequence())
    }
}

/// The first byte of a tag that needs a second one: of the objects here COSE_Encrypt alone.
const GROUP: u8 = 0xd8;
