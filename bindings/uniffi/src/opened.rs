//! What was opened, as records: it is the application's from here on (SPEC §7.1, §10.3).

use zegel::Provenance;

use crate::evidence::EvidenceFacts;

/// Something that was sealed for this identity, on this topic, by the sender it names, and that was not taken before.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Opened {
    /// Who sealed it: 32 bytes.
    pub sender: Vec<u8>,
    /// SHA-256 of the ids it is for: with the sender it names the stream.
    pub audience: Vec<u8>,
    /// Its number in the sender's stream.
    pub sequence: u64,
    /// The topic on which it came, and for which it was sealed.
    pub topic: String,
    /// Seconds since 1970 by the sender's clock.
    pub time: Option<u64>,
    /// Names it: a hash of what the sender said in its context, 32 bytes.
    pub digest: Vec<u8>,
    /// What was opened.
    pub content: Content,
    /// Whether the sender has signed it, so that others can be shown.
    pub is_signed: bool,
    /// The session in which it came: 8 bytes.
    pub session: Option<Vec<u8>>,
    /// The numbers that are signed and complete from now on.
    pub block: Option<Gap>,
    /// The numbers that are missing as of now.
    pub missing: Option<Gap>,
    /// Whether this number was missing before.
    pub late: bool,
    /// What can be shown to others since this arrived, where that was asked for.
    pub proven: Vec<Proven>,
}

/// A first and a last number, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Gap {
    /// The first number.
    pub first: u64,
    /// The last number.
    pub last: u64,
}

/// What was opened.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Content {
    /// A measurement.
    Measurement {
        /// A CoAP content format: 112 is SenML in CBOR.
        format: u16,
        /// The measurement itself.
        body: Vec<u8>,
    },
    /// A session has begun.
    Keyframe {
        /// Names it on the wire: 8 bytes.
        session: Vec<u8>,
        /// How long it is used.
        limits: SessionLimits,
        /// Whether its messages can be opened.
        kept: bool,
    },
    /// A block of a session was signed.
    Manifest {
        /// Its numbers.
        numbers: Gap,
        /// The Merkle root: 32 bytes.
        root: Vec<u8>,
    },
    /// A measurement that the sender hands on.
    Evidence {
        /// What its origin said.
        evidence: EvidenceFacts,
        /// Whether the receiver has pinned the origin itself; else the sender vouches for it.
        pinned: bool,
    },
    /// The devices that the sender vouches for. The store has taken them.
    Introduction {
        /// Their cards on the wire, in the order of their ids.
        cards: Vec<Vec<u8>>,
    },
}

/// How long a session is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct SessionLimits {
    /// Most messages that one manifest covers: 1 to 64.
    pub block: u64,
    /// Most messages: 1 to 65,536.
    pub messages: u64,
    /// Seconds of use: 1 to 86,400.
    pub seconds: u64,
}

/// A measurement that can be shown to others from now on.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Proven {
    /// Its number in its sender's stream.
    pub sequence: u64,
    /// Names it, as it did when it arrived.
    pub digest: Vec<u8>,
    /// What a sealer forwards.
    pub evidence: Vec<u8>,
}

impl From<(u64, u64)> for Gap {
    fn from((first, last): (u64, u64)) -> Self {
        Self { first, last }
    }
}

impl From<zegel::SessionLimits> for SessionLimits {
    fn from(limits: zegel::SessionLimits) -> Self {
        let zegel::SessionLimits { block, messages, seconds } = limits;
        Self { block, messages, seconds }
    }
}

impl From<SessionLimits> for zegel::SessionLimits {
    fn from(limits: SessionLimits) -> Self {
        let SessionLimits { block, messages, seconds } = limits;
        Self { block, messages, seconds }
    }
}

impl Opened {
    pub(crate) fn new(opened: &zegel::Opened<'_>, proven: Vec<Proven>) -> Self {
        Self {
            sender: opened.sender().0.to_vec(),
            audience: opened.stream().audience.to_vec(),
            sequence: opened.sequence(),
            topic: opened.topic().into(),
            time: opened.time(),
            digest: opened.digest().to_vec(),
            content: Content::new(opened.content()),
            is_signed: opened.provenance() == Provenance::Signed,
            session: opened.session().map(|id| id.0.to_vec()),
            block: opened.block().map(|block| block.numbers().into()),
            missing: opened.arrival().missing.map(Gap::from),
            late: opened.arrival().late,
            proven,
        }
    }
}

impl Content {
    fn new(content: &zegel::Content<'_>) -> Self {
        match content {
            zegel::Content::Measurement { format, body } => {
                Self::Measurement { format: format.0, body: body.to_vec() }
            }
            zegel::Content::Keyframe { session, limits, kept } => {
                Self::Keyframe { session: session.0.to_vec(), limits: (*limits).into(), kept: *kept }
            }
            zegel::Content::Manifest(manifest) => {
                Self::Manifest { numbers: manifest.numbers().into(), root: manifest.root().to_vec() }
            }
            zegel::Content::Evidence(custody) => Self::Evidence {
                evidence: EvidenceFacts::new(custody.evidence()),
                pinned: custody.known() == zegel::Origin::Pinned,
            },
            zegel::Content::Introduction(introduction) => {
                Self::Introduction { cards: introduction.wire().map(<[u8]>::to_vec).collect() }
            }
        }
    }
}
