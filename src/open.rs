//! Opening: from an envelope to a measurement, in one visible sequence (SPEC §7.1).
//!
//! Its larger steps are not inlined into it: a frame of their own is shorter code, and is not on the stack for longer.

pub(crate) mod block;
pub(crate) mod custody;
pub(crate) mod message;
pub(crate) mod opened;
pub(crate) mod opener;
pub(crate) mod unverified;

use crate::cose::message::Message;
use crate::error::{Error, Result};
use crate::guard::watch::Event;
use crate::key::kem::Agree;
use crate::open::unverified::Checked;

pub use crate::open::block::SignedBlock;
pub use crate::open::custody::{Custody, Origin};
pub use crate::open::opened::{Content, Opened, Provenance};
pub use crate::open::opener::{Opener, ReceiverState};
pub use crate::open::unverified::Unverified;

impl<K: Agree> Opener<'_, K> {
    /// Opens what arrived on `topic`, in place: an envelope for one or for several, or a session's message. `now` is
    /// seconds since 1970, `None` without a clock. `state` says who is trusted, and takes the number.
    ///
    /// # Errors
    /// In this order: [`Error::InvalidTopic`], [`Error::Malformed`], [`Error::NotForMe`] or
    /// [`Error::UnknownSession`], [`Error::Rejected`], [`Error::KeyUnavailable`] when the key's holder does not
    /// answer, [`Error::UnknownSender`], [`Error::Storage`], [`Error::Rejected`] for the signature,
    /// [`Error::Revoked`], [`Error::NotYetValid`], [`Error::Expired`], [`Error::Stale`], [`Error::Ahead`],
    /// [`Error::Jump`], and what the replay guard says. On any of them the buffer is wiped and no state has
    /// moved, but that an event was noted; after [`Error::UnknownSession`] the message is as it came.
    pub fn open<'b, S: ReceiverState + ?Sized>(
        &self,
        state: &mut S,
        topic: &'b str,
        now: Option<u64>,
        envelope: &'b mut [u8],
    ) -> Result<Opened<'b>> {
        if Message::read(envelope).is_ok() {
            return self.open_message(state, topic, now, envelope);
        }
        let mut unverified = self.look(topic, envelope)?;
        let sender = state.sender(&unverified.claimed_sender())?.ok_or(Error::UnknownSender)?;
        // Audience and topic are under the signature, so this checks both.
        let digest = unverified.check_signature(sender.id(), sender.key(), &self.me, topic)?;
        sender.check(now)?;
        let mut checked = unverified.check(state, sender.id(), &self.me)?;
        let stream = unverified.stream(sender.id(), &self.me);
        let (sequence, time) = (unverified.claimed_sequence(), unverified.claimed_time());
        self.acceptance.check(now, time, state.next(&stream)?, sequence)?;
        if let Checked::Keyframe(session, _) = &checked
            && let Err(error) = state.admits(session)
        {
            if error == Error::Equivocation {
                state.notice(&Event::Equivocation { id: *sender.id() })?;
            }
            return Err(error);
        }
        let arrival = opener::take(state, &stream, sequence, &digest)?;
        if let Checked::Keyframe(session, kept) = &mut checked {
            state.keep_session(session)?;
            *kept = state.session(&session.id())?.is_some();
            if let Some(keys) = unverified.take_keys().filter(|_| *kept) {
                state.hold_keys(keys);
            }
        }
        unverified.into_opened(stream, digest, arrival, checked, &self.me, topic)
    }
}
