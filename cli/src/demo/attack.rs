//! The kinds of attack, each with the one error that it has to get.
//!
//! An attack that gets another error is counted as a fault of the demo: the right refusal for the wrong reason
//! is luck (SPEC §14).

use zegel::Error;

/// Who receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Role {
    Pgo,
    Gp,
}

impl Role {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pgo => "PGO",
            Self::Gp => "GP",
        }
    }
}

macro_rules! kinds {
    ($($kind:ident $error:ident $words:literal,)*) => {
        /// What the man in the middle tries.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(super) enum Kind { $($kind,)* }

        impl Kind {
            /// In the order of the table.
            pub(super) const ALL: &[Self] = &[$(Self::$kind,)*];

            /// What the table says.
            pub(super) const fn words(self) -> &'static str {
                match self { $(Self::$kind => $words,)* }
            }

            /// The only error that this attack may get.
            pub(super) const fn error(self) -> Error {
                match self { $(Self::$kind => Error::$error,)* }
            }
        }
    };
}

kinds! {
    FlipFrame Malformed "flips a bit of the frame",
    FlipKid NotForMe "flips a bit of the recipient's key id",
    FlipEk Rejected "flips a bit of the ephemeral key",
    FlipText Rejected "flips a bit of the ciphertext",
    Cut Malformed "cuts the end off",
    CutMended Rejected "cuts the end off and mends the length",
    Extend Malformed "appends bytes",
    Reencode Malformed "encodes the same message otherwise",
    Garbage Malformed "sends random bytes",
    Empty Malformed "sends an empty message",
    Huge Malformed "sends more than a mebibyte",
    Replay Duplicate "replays at once",
    ReplayRetained Duplicate "replays, for the broker to retain",
    ReplayAfterRestart Duplicate "replays after the PGO restarted",
    ReplayForward Duplicate "replays to the GP what the PGO sealed",
    MoveTopic Rejected "moves to another topic",
    RetargetPgo NotForMe "sends the GP's envelope to the PGO",
    RetargetGp NotForMe "sends the PGO's envelope to the GP",
    SwapKid Rejected "puts the other recipient's key id on it",
    SwapEk Rejected "swaps the ephemeral keys of two",
    ZeroEk Rejected "puts a low-order key in its place",
    OwnKey UnknownSender "seals under a key of his own",
    Resign Rejected "signs in the wearable's name",
    Readdress Rejected "a recipient hands a signature on as the GP's",
    Clone Conflict "clones the wearable from a backup",
    RevokedDevice Revoked "uses a device that was revoked",
    ExpiredDevice Expired "uses a device whose card expired",
}
