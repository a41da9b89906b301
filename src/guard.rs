//! What outlives one envelope: who is trusted, which numbers were taken, and which were given out.
//! Each is a trait, with implementations for memory, with a heap and without.

#[cfg(feature = "alloc")]
pub(crate) mod exact;
pub(crate) mod replay;
pub(crate) mod sequence;
pub(crate) mod stream;
pub(crate) mod trust;
pub(crate) mod window;

use crate::error::Result;
use crate::guard::replay::{Arrival, ReplayGuard};
use crate::guard::stream::Stream;
use crate::guard::trust::{Sender, TrustStore};
use crate::key::id::Kid;

/// A receiver's state, where trust and replay are kept apart.
#[derive(Clone, Debug, Default)]
pub struct State<T, R> {
    /// Who is trusted.
    pub trust: T,
    /// Which numbers were taken.
    pub replay: R,
}

impl<T: TrustStore, R> TrustStore for State<T, R> {
    fn sender(&self, kid: &Kid) -> Result<Option<Sender>> {
        self.trust.sender(kid)
    }
}

impl<T, R: ReplayGuard> ReplayGuard for State<T, R> {
    fn take(&mut self, stream: &Stream, sequence: u64, digest: &[u8; 32]) -> Result<Arrival> {
        self.replay.take(stream, sequence, digest)
    }
}
