//! Custody: whose measurement it is, and who hands it on (SPEC §11.2).

use crate::error::{Error, Result};
use crate::evidence::{Evidence, Proven, UnverifiedEvidence};
use crate::guard::trust::TrustStore;
use crate::key::id::Id;

/// A measurement that was handed on, with both hands verified.
#[must_use]
#[derive(Clone, Debug)]
pub struct Custody<'b> {
    evidence: Evidence<'b>,
    forwarder: Id,
    origin: Origin,
}

/// How the receiver knows who measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It has pinned them itself.
    Pinned,
    /// The forwarder vouches for them, in its latest introduction.
    Vouched,
}

/// Checks evidence that `forwarder` hands on: what it proves, and how the origin is known.
///
/// # Errors
/// [`Error::Rejected`] when the evidence does not hold, or was not meant for the forwarder; [`Error::Revoked`] when the
/// origin was; [`Error::UnknownSender`] when nobody here knows it; [`Error::Storage`].
pub(super) fn check<S: TrustStore + ?Sized>(
    state: &S,
    forwarder: &Id,
    bytes: &[u8],
) -> Result<(Proven, Origin)> {
    let evidence = UnverifiedEvidence::parse(bytes).map_err(|_| Error::Rejected)?;
    let proven = evidence.proven().map_err(|_| Error::Rejected)?;
    // Whoever it was not meant for has it from somebody else's context.
    if !evidence.is_for(forwarder) {
        return Err(Error::Rejected);
    }
    Ok((proven, known(state, forwarder, &proven.origin)?))
}

impl<'b> Custody<'b> {
    pub(super) const fn new(evidence: Evidence<'b>, forwarder: Id, origin: Origin) -> Self {
        Self { evidence, forwarder, origin }
    }

    /// The measurement, with its origin's proof.
    pub const fn evidence(&self) -> &Evidence<'b> {
        &self.evidence
    }

    /// Who measured.
    pub const fn origin(&self) -> &Id {
        self.evidence.origin()
    }

    /// How the receiver knows who measured.
    pub const fn known(&self) -> Origin {
        self.origin
    }

    /// Who hands it on.
    pub const fn forwarder(&self) -> &Id {
        &self.forwarder
    }
}

fn known<S: TrustStore + ?Sized>(state: &S, forwarder: &Id, origin: &Id) -> Result<Origin> {
    if let Some(sender) = state.sender(&origin.kid())?.filter(|sender| sender.id() == origin) {
        // How long a card holds says nothing about what was measured while it did.
        return sender.check(None).map(|()| Origin::Pinned);
    }
    if state.vouches(forwarder, origin)? { Ok(Origin::Vouched) } else { Err(Error::UnknownSender) }
}
