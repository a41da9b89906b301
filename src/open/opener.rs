//! Who opens, and with what: an identity, its keys, and its policy (SPEC §7.1).

use crate::error::{Error, Result};
use crate::guard::policy::Acceptance;
use crate::guard::replay::{Arrival, ReplayGuard};
use crate::guard::stream::Stream;
use crate::guard::trust::TrustStore;
use crate::guard::watch::{Event, Watch};
use crate::key::id::{Id, Kid};
use crate::key::kem::{Agree, KemKey};
use crate::session::store::SessionStore;

/// All that a receiver keeps: who is trusted, which numbers were taken, the sessions of others, and what somebody has
/// to look at.
pub trait ReceiverState: TrustStore + ReplayGuard + SessionStore + Watch {}

impl<S: TrustStore + ReplayGuard + SessionStore + Watch + ?Sized> ReceiverState for S {}

/// Opens what was sealed for one identity. It has no state of its own, and it cannot seal.
pub struct Opener<'k, K: Agree = KemKey> {
    pub(super) me: Id,
    keys: &'k [K],
    pub(super) acceptance: Acceptance,
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

    pub(super) fn key(&self, kid: Kid) -> Option<&K> {
        self.keys.iter().find(|key| key.public().kid() == kid)
    }
}

/// Takes a number, and notes a conflict.
pub(super) fn take<S: ReplayGuard + Watch + ?Sized>(
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
