//! The limits of SPEC §3.3: what no encoding exceeds, so that work and memory are bounded.

/// Largest sequence number, time and serial: 2^53 - 1, which every language holds exactly.
pub const MAX_NUMBER: u64 = (1 << 53) - 1;
/// Most bytes of an envelope: 1 MiB.
pub const MAX_ENVELOPE: usize = 1 << 20;
/// Most bytes of a topic.
pub const MAX_TOPIC: usize = 255;
/// Most bytes of a card.
pub const MAX_CARD: usize = 512;
/// Most bytes of a card's label.
pub const MAX_LABEL: usize = 64;
/// Most KEM keys on one card: the current one first, then older ones in their grace period.
pub const MAX_KEM_KEYS: usize = 4;
/// Most recipients of one envelope.
pub const MAX_RECIPIENTS: usize = 16;
/// Most messages that one manifest of a session covers.
pub const MAX_BLOCK: u64 = 64;
/// Most numbers of a session after its keyframe's.
pub const MAX_SESSION: u64 = 1 << 16;
/// Most seconds that a sender uses a session: a day.
pub const MAX_SESSION_SECONDS: u64 = 86_400;
/// Most cards of an introduction.
pub const MAX_INTRODUCED: usize = 64;
