//! Each number of a stream is taken at most once (SPEC §7.3).

use crate::error::Result;
use crate::guard::stream::Stream;

/// Remembers which numbers of which streams were taken. An implementation takes the number in the same
/// transaction in which the application stores the measurement.
pub trait ReplayGuard {
    /// Takes `sequence`, or says why not; on any error nothing has changed. `digest` is SHA-256 of what
    /// the sender signed.
    ///
    /// # Errors
    /// [`Duplicate`](crate::error::Error::Duplicate): taken before with this digest.
    /// [`Conflict`](crate::error::Error::Conflict): taken before with another.
    /// [`TooOld`](crate::error::Error::TooOld): before the window, where there is one.
    /// [`Full`](crate::error::Error::Full) and [`Storage`](crate::error::Error::Storage): nothing was taken.
    fn take(&mut self, stream: &Stream, sequence: u64, digest: &[u8; 32]) -> Result<Arrival>;

    /// The first number above all that were taken of `stream`, 0 when there are none.
    fn next(&self, stream: &Stream) -> Result<u64>;
}

impl<R: ReplayGuard + ?Sized> ReplayGuard for &mut R {
    fn take(&mut self, stream: &Stream, sequence: u64, digest: &[u8; 32]) -> Result<Arrival> {
        (**self).take(stream, sequence, digest)
    }

    fn next(&self, stream: &Stream) -> Result<u64> {
        (**self).next(stream)
    }
}

/// What the taking of a number says about the others of its stream.
#[must_use = "a gap means that measurements are missing"]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// First and last number, both included, that this arrival shows to be missing so far.
    pub missing: Option<(u64, u64)>,
    /// Whether the number itself was missing before: it came late.
    pub late: bool,
}

impl Arrival {
    /// The arrival of `sequence` at or after `next`, the first number that never arrived.
    pub(crate) fn ahead(next: u64, sequence: u64) -> Self {
        let missing = sequence.checked_sub(1).filter(|last| *last >= next).map(|last| (next, last));
        Self { missing, late: false }
    }

    /// The arrival of a number that was known to be missing.
    pub(crate) const LATE: Self = Self { missing: None, late: true };
}
