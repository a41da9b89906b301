//! Opening a message of a session, in one visible sequence (SPEC §10.3, §10.4).

use core::ops::Range;

use crate::cbor::write;
use crate::cose::message::Message;
use crate::cose::structure::ENC_STRUCTURE;
use crate::envelope::audience::One;
use crate::envelope::statement::{Format, Statement};
use crate::envelope::topic::Topic;
use crate::envelope::{STATEMENT_CONTEXT, StatementContext};
use crate::error::{Error, Result};
use crate::guard::stream::Stream;
use crate::guard::trust::Sender;
use crate::guard::watch::Event;
use crate::hpke;
use crate::key::kem::Agree;
use crate::limits::MAX_ENVELOPE;
use crate::open::block::SignedBlock;
use crate::open::opened::{Content, Opened};
use crate::open::opener::{Opener, ReceiverState, take};
use crate::secret::Wipe;
use crate::session::keys::{SessionId, SessionKeys};
use crate::session::manifest::Manifest;
use crate::session::merkle::{Hash, leaf};
use crate::session::message;
use crate::session::record::SessionRecord;

impl<K: Agree> Opener<'_, K> {
    #[inline(never)]
    pub(super) fn open_message<'b, S: ReceiverState + ?Sized>(
        &self,
        state: &mut S,
        topic: &'b str,
        now: Option<u64>,
        message: &'b mut [u8],
    ) -> Result<Opened<'b>> {
        let mut buffer = Wipe::new(message);
        let on = Topic::new(topic)?;
        let outer = Message::read(buffer.bytes())?;
        if buffer.bytes().len() > MAX_ENVELOPE {
            return Err(Error::Malformed);
        }
        let (id, sequence) = (SessionId(outer.kid), outer.number);
        let head = buffer.bytes().len().checked_sub(outer.ciphertext.len()).ok_or(Error::Malformed)?;
        let Some(session) = state.session(&id)? else {
            // Nothing was decrypted, and after its keyframe it may open: it stays as it came.
            buffer.keep();
            return Err(Error::UnknownSession);
        };
        if session.recipient != self.me {
            return Err(Error::NotForMe);
        }
        let keys = self.session_keys(state, &session)?;
        if !session.holds(sequence) {
            return Err(Error::Rejected);
        }
        let ciphertext = buffer.bytes_mut().get_mut(head..).ok_or(Error::Malformed)?;
        let length =
            keys.open(sequence, message::enc_structure(on, &mut [0; ENC_STRUCTURE])?, ciphertext)?.len();
        // From here on a malformed byte was sealed by the sender: no error tells which.
        let at = make_statement(buffer.bytes_mut(), head, length, sequence).map_err(|_| Error::Rejected)?;
        let encoded = buffer.bytes().get(at.clone()).ok_or(Error::Rejected)?;
        let statement = Statement::read(encoded).map_err(|_| Error::Rejected)?;
        let is_manifest = statement.format == Format::MANIFEST;
        if statement.format.is_reserved() && !is_manifest || !session.in_use_at(statement.time) {
            return Err(Error::Rejected);
        }
        let sender = state.sender(&session.sender.kid())?.filter(|sender| *sender.id() == session.sender);
        let sender = sender.ok_or(Error::UnknownSender)?;
        sender.check(now)?;

        let audience = One::new(&self.me);
        let mut room = [0; STATEMENT_CONTEXT];
        let context = StatementContext::new(sender.id(), audience.audience(), on, encoded.len(), &mut room)?;
        let leaf = leaf(&context.with(encoded));
        let stream = Stream::to(*sender.id(), audience.audience());
        let manifest = if is_manifest {
            let body = encoded.get(statement.body.clone()).ok_or(Error::Rejected)?;
            Some(self.checked_manifest(&session, &sender, sequence, body)?)
        } else {
            None
        };
        // A manifest that is not of what was sent is an alarm, however old it is; a message is judged first.
        let mut block = match &manifest {
            Some(manifest) => self.complete(state, &session, stream, sequence, *manifest, None)?,
            None => None,
        };
        self.acceptance.check(now, statement.time, state.next(&stream)?, sequence)?;
        if manifest.is_none()
            && let Some(kept) = state.manifest(&id, sequence)?
        {
            block = self.complete(state, &session, stream, sequence, kept, Some(leaf))?;
        }
        let arrival = take(state, &stream, sequence, &leaf)?;
        match manifest {
            Some(manifest) if block.is_none() => state.keep_manifest(&id, &manifest)?,
            Some(_) => {}
            None => state.keep_leaf(&id, sequence, &leaf)?,
        }
        let statement_bytes: &'b [u8] = buffer.keep().get(at).ok_or(Error::Rejected)?;
        let body = statement_bytes.get(statement.body).ok_or(Error::Rejected)?;
        let content = match manifest {
            Some(manifest) => Content::Manifest(manifest),
            None => Content::Measurement { format: statement.format, body },
        };
        Ok(Opened {
            stream,
            sequence,
            time: statement.time,
            digest: leaf,
            arrival,
            content,
            topic,
            statement: statement_bytes,
            proof: None,
            session: Some(id),
            block,
        })
    }

    /// The keys of a session: those in memory, or derived again.
    fn session_keys<'s, S: ReceiverState + ?Sized>(
        &self,
        state: &'s mut S,
        session: &SessionRecord,
    ) -> Result<&'s SessionKeys> {
        if state.keys(&session.id).is_none() {
            let key = self.key(session.kem).ok_or(Error::NotForMe)?;
            let keys = SessionKeys::derive(&hpke::decap(key, &session.ek)?)?;
            if keys.id() != session.id {
                return Err(Error::Rejected);
            }
            // They are no state: whatever becomes of this message, they are right.
            state.hold_keys(keys);
        }
        state.keys(&session.id).ok_or(Error::Full)
    }

    /// The manifest in `body`, when the sender signed it for this place.
    fn checked_manifest(
        &self,
        session: &SessionRecord,
        sender: &Sender,
        sequence: u64,
        body: &[u8],
    ) -> Result<Manifest> {
        let (kid, manifest) = Manifest::read(body).map_err(|_| Error::Rejected)?;
        let follows = manifest.first.checked_add(manifest.count) == Some(sequence);
        let within = manifest.first > session.sequence && manifest.count <= session.limits.block;
        if !(follows && within) || kid != session.sender.kid() {
            return Err(Error::Rejected);
        }
        manifest.verify(sender.id(), sender.key(), One::new(&self.me).audience())?;
        Ok(manifest)
    }

    /// The block of `manifest`, if it is complete with the `leaf` that arrives under `sequence`. One that contradicts
    /// its manifest is noted.
    fn complete<S: ReceiverState + ?Sized>(
        &self,
        state: &mut S,
        session: &SessionRecord,
        stream: Stream,
        sequence: u64,
        manifest: Manifest,
        leaf: Option<Hash>,
    ) -> Result<Option<SignedBlock>> {
        let (parties, arriving) = ((session.sender, self.me), leaf.map(|leaf| (sequence, leaf)));
        let block = SignedBlock::complete(state, session.id, parties, manifest, arriving);
        if block.as_ref().err() == Some(&Error::Conflict) {
            state.notice(&Event::Conflict { stream, sequence })?;
        }
        block
    }
}

/// Makes the plaintext of `length` bytes at `head` a whole statement, in place: its number goes before it, over
/// bytes of the head that have served. Gives where the statement stands.
fn make_statement(buffer: &mut [u8], head: usize, length: usize, sequence: u64) -> Result<Range<usize>> {
    let mut number = [0; 10];
    let written = write(&mut number, |writer| message::write_number(writer, sequence))?;
    let number = number.get(..written).ok_or(Error::Malformed)?;
    // The array's head is one byte, and its four items are the last four of a statement.
    if buffer.get(head) != Some(&ARRAY_OF_4) {
        return Err(Error::Malformed);
    }
    let rest = head.checked_add(1).ok_or(Error::Malformed)?;
    let start = rest.checked_sub(written).ok_or(Error::Malformed)?;
    buffer.get_mut(start..rest).ok_or(Error::Malformed)?.copy_from_slice(number);
    Ok(start..head.checked_add(length).ok_or(Error::Malformed)?)
}

const ARRAY_OF_4: u8 = 0x84;
