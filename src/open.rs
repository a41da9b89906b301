//! Opening: from an envelope to a measurement, in one visible sequence (SPEC §7.1).

pub(crate) mod block;
pub(crate) mod custody;
pub(crate) mod message;
pub(crate) mod opened;
pub(crate) mod unverified;

use crate::cose::message::Message;
use crate::error::{Error, Result};
use crate::guard::policy::Acceptance;
use crate::guard::replay::{Arrival, ReplayGuard};
use crate::guard::stream::Stream;
use crate::guard::trust::TrustStore;
use crate::guard::watch::{Event, Watch};
use crate::key::id::Id;
use crate::key::kem::{Agree, KemKey};
use crate::open::opened::Opened;
use crate::open::unverified::Checked;
use crate::session::store::SessionStore;

/// All that a receiver keeps: who is trusted, which numbers were taken, the sessions of others, and what somebody has
/// to look at.
pub trait ReceiverState: TrustStore + ReplayGuard + SessionStore + Watch {}

impl<S: TrustStore + ReplayGuard + SessionStore + Watch + ?Sized> ReceiverState for S {}

/// Opens what was sealed for one identity. It has no state of its own, and it cannot seal.
pub struct Opener<'k, K: Agree = KemKey> {
    me: Id,
    keys: &'k [K],
    acceptance: Acceptance,
}

impl<'k, K: Agree> Opener<'k, K> {
    /// Opens for `me` with any of `keys`: the current one, and older ones in their grace period.
    pub fn new(me: Id, keys: &'k [K]) -> Self {
        Self { me, keys, acceptance: Acceptance::default() }
    }

    /// Takes what is within these limits; the defaults unless this says otherwise.
    #[must_use]
    pub const fn with_acceptance(mut self, acceptance: Acceptance) -> Self {
        self.acceptance = acceptance;
        self
    }

    /// Opens what arrived on `topic`, in place: an envelope for one or for several, or a session's message. `now` is
    /// seconds since 1970, `None` without a clock. `state` says who is trusted, and takes the number.
    ///
    /// # Errors
    /// In this order: [`Error::InvalidTopic`], [`Error::Malformed`], [`Error::NotForMe`] or
    /// [`Error::UnknownSession`], [`Error::Rejected`], [`Error::KeyUnavailable`] when the key's holder does not
    /// answer, [`Error::UnknownSender`], [`Error::Storage`], [`Error::Rejected`] for the signature,
    /// [`Error::Revoked`], [`Error::NotYetValid`], [`Error::Expired`], [`Error::Stale`], [`Error::Ahead`],
    /// [`Error::Jump`], and what the replay guard says. On any of them the buffer is wiped and no state has
    /// moved, but that an event was noted.
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
        let checked = unverified.check(state, sender.id())?;
        let stream = unverified.stream(sender.id(), &self.me);
        let (sequence, time) = (unverified.claimed_sequence(), unverified.claimed_time());
        self.acceptance.check(now, time, state.next(&stream)?, sequence)?;
        if let Checked::Keyframe(session) = &checked
            && let Err(error) = state.admits(session)
        {
            if error == Error::Equivocation {
                state.notice(&Event::Equivocation { id: *sender.id() })?;
            }
            return Err(error);
        }
        let arrival = take(state, &stream, sequence, &digest)?;
        if let Checked::Keyframe(session) = &checked {
            state.keep_session(session)?;
            if let Some(keys) = unverified.take_keys() {
                state.hold_keys(keys);
            }
        }
        unverified.into_opened(stream, digest, arrival, checked, &self.me, topic)
    }
}

/// Takes a number, and notes a conflict.
fn take<S: ReplayGuard + Watch + ?Sized>(
    state: &mut S,
    stream: &Stream,
    sequence: u64,
    digest: &[u8; 32],
) -> Result<Arrival> {
    let taken = state.take(stream, sequence, digest);
    if taken == Err(Error::Conflict) {
        state.notice(&Event::Conflict { stream: *stream, sequence })?;
    }
    taken
}
