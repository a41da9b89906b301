//! The kinds of attack, each with the one error that it has to get.
//!
//! An attack that gets another error is counted as a fault of the demo: the right refusal for the wrong reason
//! is luck (SPEC §14).

use zegel::Error;

/// Who receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Role {
    Pgo,
    Carer,
    Gp,
    Wearable,
}

impl Role {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pgo => "PGO",
            Self::Carer => "carer",
            Self::Gp => "GP",
            Self::Wearable => "wearable",
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
    PairGarbage Malformed "says random bytes in a pairing",
    PairInvent Rejected "says a word of his own making",
    PairMix Malformed "mixes a word of another pairing in",
    PairMixMended Rejected "mixes it in under this one's name",
    PairReflect Malformed "says somebody's own word back",
    PairReflectMended Rejected "says it back as the word that is due",
    PairFlip Rejected "flips a bit of a word",
    PairSwap Rejected "says one word in another's place",
    PairAgain Duplicate "says a word again",
    PairSecond CodeUsed "scans the same code, photographed",
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
    ReplayKeyframe Duplicate "replays a keyframe, also retained",
    ReplayMessage Duplicate "replays a message of a session",
    ReplayManifest Duplicate "replays a manifest",
    FlipMessage Rejected "flips a bit of a message",
    MoveNumber Rejected "moves a message to another number",
    MoveSession Rejected "moves a message to another session",
    MoveMessage Rejected "moves a message to another topic",
    SwapManifest Rejected "swaps the manifests of two sessions",
    Early UnknownSession "sends a message without a keyframe",
    Stale Stale "a device measures what is long past",
    Ahead Ahead "a device measures what is to come",
    Jump Jump "a device jumps far ahead in its numbers",
    TwinMessage Conflict "a device's twin says otherwise in its session",
    TwinManifest Conflict "a device signs a block that it did not send",
    ForgeManifest Rejected "sends a manifest without a signature",
    ErasedKey NotForMe "replays what an erased key opened",
    ErasedSession UnknownSession "replays a message of an erased key's session",
    GroupReplay Duplicate "replays what was sealed for two",
    GroupFlip Rejected "flips a bit of it",
    GroupRemove Malformed "takes one of the two recipients out",
    GroupAdd Rejected "puts a third recipient in",
    GroupReorder Rejected "turns the recipients round",
    GroupDouble Malformed "puts a recipient in twice",
    GroupMove Rejected "moves it to another topic",
    GroupResign Rejected "a recipient writes to both as the wearable",
    EvidenceStranger Rejected "hands evidence on that was meant for another",
    EvidenceAltered Rejected "alters evidence",
    EvidenceUnknown UnknownSender "hands on what a device of his measured",
    EvidenceRevoked Revoked "hands on what a revoked device measured",
    IntroductionReplay Duplicate "replays an introduction",
    CardRollback Rollback "puts an older card on the card topic",
    CardEquivocation Equivocation "a thief issues a second card of one serial",
    CardStranger UnknownSender "puts a stranger's card there",
    CardForged Rejected "puts his key into the PGO's card",
    CardUndo Revoked "undoes a withdrawal with an older card",
    CardOutrun Revoked "outruns a withdrawal with a newer card",
}
