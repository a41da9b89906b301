//! What was opened: proven facts, and what they are about (SPEC §7.1, §10.3).

use core::fmt;

use crate::crypto::sign::SIGNATURE;
use crate::envelope::audience::Held;
use crate::envelope::statement::Format;
use crate::evidence::introduction::Introduction;
use crate::evidence::testimony::{Proof, Testimony};
use crate::guard::replay::Arrival;
use crate::guard::stream::Stream;
use crate::key::id::Id;
use crate::open::block::SignedBlock;
use crate::open::custody::Custody;
use crate::session::keys::SessionId;
use crate::session::limits::SessionLimits;
use crate::session::manifest::Manifest;

/// Something that was sealed for this identity, on this topic, by the sender it names, and that was not taken before.
/// There is no other way to make one.
#[must_use]
#[derive(Clone)]
pub struct Opened<'b> {
    pub(super) stream: Stream,
    pub(super) sequence: u64,
    pub(super) time: Option<u64>,
    pub(super) digest: [u8; 32],
    pub(super) arrival: Arrival,
    pub(super) content: Content<'b>,
    pub(super) topic: &'b str,
    pub(super) statement: &'b [u8],
    pub(super) proof: Option<Signature<'b>>,
    pub(super) session: Option<SessionId>,
    pub(super) block: Option<SignedBlock>,
}

/// The signature under a statement, and for whom it was made.
#[derive(Clone, Copy)]
pub(super) struct Signature<'b> {
    pub(super) audience: Held<'b>,
    pub(super) signature: &'b [u8; SIGNATURE],
}

/// What was opened.
#[derive(Clone, Debug)]
pub enum Content<'b> {
    /// A measurement: what all of this is for.
    Measurement {
        /// What the body is.
        format: Format,
        /// The measurement itself, in the buffer that held the envelope.
        body: &'b [u8],
    },
    /// A session has begun; its messages open from now on.
    Keyframe {
        /// Names the session on the wire.
        session: SessionId,
        /// How long it is used.
        limits: SessionLimits,
    },
    /// A block of a session was signed; [`Opened::block`] says whether all of it is here.
    Manifest(Manifest),
    /// A measurement that somebody hands on: it names both hands.
    Evidence(Custody<'b>),
    /// The devices that the sender vouches for, for a trust store to take.
    Introduction(Introduction<'b>),
}

/// Who can be shown that the sender said this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// Nobody yet: sender and receiver alone have the keys. A manifest may follow.
    Session,
    /// Everybody: the sender has signed it.
    Signed,
}

impl<'b> Opened<'b> {
    /// Who sealed it.
    pub const fn sender(&self) -> &Id {
        &self.stream.sender
    }

    /// The sender's stream to this audience.
    pub const fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Its number in the sender's stream.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The topic on which it came, and for which it was sealed.
    pub const fn topic(&self) -> &'b str {
        self.topic
    }

    /// When it was taken, seconds since 1970, by the sender's clock; `None` where it has none.
    pub const fn time(&self) -> Option<u64> {
        self.time
    }

    /// What was opened.
    pub const fn content(&self) -> &Content<'b> {
        &self.content
    }

    /// The measurement, `None` when it is something else.
    pub const fn body(&self) -> Option<&'b [u8]> {
        match &self.content {
            Content::Measurement { body, .. } => Some(body),
            _ => None,
        }
    }

    /// What the measurement is, `None` when it is something else.
    pub const fn format(&self) -> Option<Format> {
        match &self.content {
            Content::Measurement { format, .. } => Some(*format),
            _ => None,
        }
    }

    /// Who can be shown that the sender said this. A session's message that completes a signed block is signed at once.
    pub const fn provenance(&self) -> Provenance {
        let in_block = self.block.is_some() && matches!(self.content, Content::Measurement { .. });
        if self.proof.is_some() || in_block { Provenance::Signed } else { Provenance::Session }
    }

    /// The measurement with the sender's own signature, for evidence to be written from it. `None` for a session's message,
    /// for then [`Opened::block`], of this or of a later arrival, has it; and when it is no measurement.
    pub fn testimony(&self) -> Option<Testimony<'b>> {
        self.body()?;
        let Signature { audience, signature } = self.proof?;
        let (sender, proof) = (self.stream.sender, Proof::Signature(*signature));
        Some(Testimony { sender, audience, topic: self.topic, statement: self.statement, proof })
    }

    /// The encoded statement (SPEC §4.3). An application keeps that of a session's measurement until its block is signed.
    pub const fn statement(&self) -> &'b [u8] {
        self.statement
    }

    /// The session in which it came, `None` when it came alone.
    pub const fn session(&self) -> Option<SessionId> {
        self.session
    }

    /// The block of a session that is signed and complete from now on, if this arrival made it so.
    pub const fn block(&self) -> Option<&SignedBlock> {
        self.block.as_ref()
    }

    /// A hash of what the sender said in its context, by which the replay guard knows it.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// What the number says about the others of its stream.
    pub const fn arrival(&self) -> Arrival {
        self.arrival
    }
}

impl fmt::Debug for Opened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.content {
            Content::Measurement { body, .. } => {
                return write!(
                    f,
                    "Opened({}, number {}, {} bytes)",
                    self.sender(),
                    self.sequence,
                    body.len()
                );
            }
            Content::Keyframe { .. } => "keyframe",
            Content::Manifest(_) => "manifest",
            Content::Evidence(_) => "evidence",
            Content::Introduction(_) => "introduction",
        };
        write!(f, "Opened({}, number {}, {kind})", self.sender(), self.sequence)
    }
}
