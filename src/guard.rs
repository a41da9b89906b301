//! What outlives one envelope: who is trusted, which numbers were taken, which were given out, and what somebody
//! has to look at. Each is a trait, with implementations for memory, with a heap and without.

#[cfg(feature = "alloc")]
pub(crate) mod exact;
pub(crate) mod policy;
pub(crate) mod replay;
pub(crate) mod sequence;
pub(crate) mod stream;
pub(crate) mod trust;
pub(crate) mod watch;
pub(crate) mod window;

#[cfg(feature = "alloc")]
pub use crate::guard::exact::ExactGuard;
pub use crate::guard::policy::Acceptance;
pub use crate::guard::replay::{Arrival, ReplayGuard};
pub use crate::guard::sequence::{MemorySequence, SequenceStore};
pub use crate::guard::stream::Stream;
#[cfg(feature = "alloc")]
pub use crate::guard::trust::MemoryTrust;
pub use crate::guard::trust::{FixedTrust, Pinned, Renew, Sender, Succession, TrustStore, succeed};
pub use crate::guard::watch::{Event, EventLog, Watch};
pub use crate::guard::window::{WINDOW, WindowGuard};

use crate::error::{Error, Result};
use crate::key::card::Card;
use crate::key::id::{Id, Kid};

/// A receiver's state, where its parts are kept apart.
#[derive(Clone, Debug, Default)]
pub struct State<T, R, X, W> {
    /// Who is trusted.
    pub trust: T,
    /// Which numbers were taken.
    pub replay: R,
    /// The sessions of others.
    pub sessions: X,
    /// What somebody has to look at.
    pub events: W,
}

impl<T: Renew, R, X, W: Watch> State<T, R, X, W> {
    /// Takes a newer card of somebody pinned, as the broker delivered it, and notes what somebody has to see: other
    /// keys, or two cards for one place.
    ///
    /// # Errors
    /// [`Error::UnknownSender`] when nobody is pinned under this id; those of [`succeed`](trust::succeed).
    pub fn renew(&mut self, card: &Card) -> Result<Succession> {
        let changed = |before: &Card| !before.kem_keys().eq(card.kem_keys());
        // What cannot be noted does not happen.
        match self.trust.judge(card) {
            Ok(Succession::Newer) if self.trust.pinned(card.id()).is_some_and(changed) => {
                self.events.notice(&Event::KeyChanged { id: *card.id(), serial: card.serial() })?;
            }
            Err(Error::Equivocation) => self.events.notice(&Event::Equivocation { id: *card.id() })?,
            _ => {}
        }
        self.trust.renew(card)
    }
}

impl<T: TrustStore, R, X, W> TrustStore for State<T, R, X, W> {
    fn sender(&self, kid: &Kid) -> Result<Option<Sender>> {
        self.trust.sender(kid)
    }

    fn vouches(&self, forwarder: &Id, origin: &Id) -> Result<bool> {
        self.trust.vouches(forwarder, origin)
    }
}

impl<T, R: ReplayGuard, X, W> ReplayGuard for State<T, R, X, W> {
    fn take(&mut self, stream: &Stream, sequence: u64, digest: &[u8; 32]) -> Result<Arrival> {
        self.replay.take(stream, sequence, digest)
    }

    fn next(&self, stream: &Stream) -> Result<u64> {
        self.replay.next(stream)
    }
}

impl<T, R, X, W: Watch> Watch for State<T, R, X, W> {
    fn notice(&mut self, event: &Event) -> Result<()> {
        self.events.notice(event)
    }
}
