//! One error type for every language: each variant has a number, and none carries data.
//!
//! Public facts are told precisely; every outcome that depends on a secret is the one word
//! [`Error::Rejected`], so that an error is no oracle (SPEC §14).

/// Why a call was refused. The number is the same in Rust, C, Swift, Kotlin and SPEC §14.
#[repr(u8)]
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Error {
    /// The bytes are not the one deterministic encoding of an object that this version knows.
    Malformed = 1,
    /// The envelope names a KEM key that this opener does not hold.
    NotForMe = 2,
    /// Key agreement, decryption, padding, inner shape, signature, topic or audience: one word for all.
    Rejected = 3,
    /// No pinned card has the sender's key identifier.
    UnknownSender = 4,
    /// The sender, or the card, was withdrawn or revoked.
    Revoked = 5,
    /// The card's last day of validity is past.
    Expired = 6,
    /// The card is not valid yet.
    NotYetValid = 7,
    /// This very statement was taken before: nothing to do, and nothing to worry about.
    Duplicate = 8,
    /// The number lies before the replay window, so nobody can tell whether it was taken.
    TooOld = 9,
    /// Another statement was taken under this number: a cloned key or a restored backup.
    Conflict = 10,
    /// The card is older than the one that is pinned.
    Rollback = 11,
    /// Two cards, or two identities, claim one place: an alarm.
    Equivocation = 12,
    /// The key is of low order, not canonical, all one byte, or published.
    WeakKey = 13,
    /// The topic is empty, too long, or holds a control character or a wildcard.
    InvalidTopic = 14,
    /// A length, number or time exceeds the limits of SPEC §3.3.
    TooLarge = 15,
    /// The caller's buffer cannot hold the result.
    BufferTooSmall = 16,
    /// The random generator failed or returned zeros.
    Entropy = 17,
    /// Durable state could not be read or written.
    Storage = 18,
    /// The stream has no number left.
    Exhausted = 19,
    /// The key's holder (a secure element, a keystore) did not answer, or its answer failed a check.
    KeyUnavailable = 20,
    /// A store of fixed size has no room.
    Full = 21,
    /// The content format is reserved for Zegel itself.
    Reserved = 22,
    /// The policy lets nothing of this pack leave.
    NothingAllowed = 23,
    /// No keyframe with this session identifier was taken: the message may have overtaken it.
    UnknownSession = 24,
    /// The session has reached a limit, or its numbers no longer follow one another: begin a new one.
    SessionOver = 25,
    /// The block is full: seal its manifest first.
    ManifestDue = 26,
    /// Measured longer ago than the policy takes.
    Stale = 27,
    /// Measured later than the receiver's clock allows.
    Ahead = 28,
    /// The number lies further ahead than the policy takes.
    Jump = 29,
    /// The pairing code has served.
    CodeUsed = 30,
}

/// The outcome of every fallible call of this crate.
pub type Result<T, E = Error> = core::result::Result<T, E>;

impl Error {
    /// All errors, in the order of their numbers.
    pub const ALL: [Self; 30] = [
        Self::Malformed,
        Self::NotForMe,
        Self::Rejected,
        Self::UnknownSender,
        Self::Revoked,
        Self::Expired,
        Self::NotYetValid,
        Self::Duplicate,
        Self::TooOld,
        Self::Conflict,
        Self::Rollback,
        Self::Equivocation,
        Self::WeakKey,
        Self::InvalidTopic,
        Self::TooLarge,
        Self::BufferTooSmall,
        Self::Entropy,
        Self::Storage,
        Self::Exhausted,
        Self::KeyUnavailable,
        Self::Full,
        Self::Reserved,
        Self::NothingAllowed,
        Self::UnknownSession,
        Self::SessionOver,
        Self::ManifestDue,
        Self::Stale,
        Self::Ahead,
        Self::Jump,
        Self::CodeUsed,
    ];

    /// The number on the wire of every binding, 1 to 30 (SPEC §14). Zero is success in C.
    #[expect(clippy::as_conversions, reason = "the discriminant of a repr(u8) enum has no other spelling")]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The name that SPEC §14 and the test vectors use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "Malformed",
            Self::NotForMe => "NotForMe",
            Self::Rejected => "Rejected",
            Self::UnknownSender => "UnknownSender",
            Self::Revoked => "Revoked",
            Self::Expired => "Expired",
            Self::NotYetValid => "NotYetValid",
            Self::Duplicate => "Duplicate",
            Self::TooOld => "TooOld",
            Self::Conflict => "Conflict",
            Self::Rollback => "Rollback",
            Self::Equivocation => "Equivocation",
            Self::WeakKey => "WeakKey",
            Self::InvalidTopic => "InvalidTopic",
            Self::TooLarge => "TooLarge",
            Self::BufferTooSmall => "BufferTooSmall",
            Self::Entropy => "Entropy",
            Self::Storage => "Storage",
            Self::Exhausted => "Exhausted",
            Self::KeyUnavailable => "KeyUnavailable",
            Self::Full => "Full",
            Self::Reserved => "Reserved",
            Self::NothingAllowed => "NothingAllowed",
            Self::UnknownSession => "UnknownSession",
            Self::SessionOver => "SessionOver",
            Self::ManifestDue => "ManifestDue",
            Self::Stale => "Stale",
            Self::Ahead => "Ahead",
            Self::Jump => "Jump",
            Self::CodeUsed => "CodeUsed",
        }
    }
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} ({})", self.name(), self.code())
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_run_from_one_without_holes() {
        for (i, error) in Error::ALL.iter().enumerate() {
            assert_eq!(usize::from(error.code()), i + 1, "{error}");
        }
    }
}
