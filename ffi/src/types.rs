//! What C declares, as it lies in memory: the structs of `zegel.h`, in its order and under its names.

use core::ffi::{c_char, c_int, c_void};

use crate::bridge::ConstPointer;

/// Random bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zegel_entropy {
    /// Fills `out`; anything but 0 is a failure.
    pub fill: Option<extern "C" fn(user: *mut c_void, out: *mut u8, size: usize) -> c_int>,
    /// Handed to the function.
    pub user: *mut c_void,
}

/// Two slots of durable memory, for the numbers of one stream.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zegel_storage {
    /// Reads a slot, written or not.
    pub read: Option<extern "C" fn(user: *mut c_void, slot: u32, out: *mut u8, size: usize) -> c_int>,
    /// Erases and writes a slot, and returns when it is durable.
    pub write: Option<extern "C" fn(user: *mut c_void, slot: u32, bytes: *const u8, size: usize) -> c_int>,
    /// Handed to the functions.
    pub user: *mut c_void,
}

/// A piece of what is signed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zegel_part {
    /// Where it is.
    pub bytes: *const u8,
    /// How long it is.
    pub size: usize,
}

/// An identity key that something else holds.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zegel_signer {
    /// Signs the pieces, one after the other; `noise` are 32 fresh random bytes.
    pub sign: Option<
        extern "C" fn(
            user: *mut c_void,
            parts: *const zegel_part,
            count: usize,
            noise: *const u8,
            signature: *mut u8,
        ) -> c_int,
    >,
    /// Handed to the function.
    pub user: *mut c_void,
    /// The Ed25519 public key.
    pub public_key: [u8; 32],
    /// 32 secret bytes, drawn once.
    pub hedge: [u8; 32],
}

/// A KEM key that something else holds.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zegel_agreement {
    /// X25519 of the private key and `peer`.
    pub agree: Option<extern "C" fn(user: *mut c_void, peer: *const u8, shared: *mut u8) -> c_int>,
    /// Handed to the function.
    pub user: *mut c_void,
    /// The X25519 public key.
    pub public_key: [u8; 32],
}

/// One measurement, before it is sealed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zegel_measurement {
    /// Seconds since 1970, or `ZEGEL_NO_TIME`.
    pub time: u64,
    /// The body.
    pub body: ConstPointer<u8>,
    /// Its length.
    pub body_size: usize,
    /// CoAP content format of the body.
    pub format: u16,
}

/// How long a session is used.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zegel_limits {
    /// Most messages of a manifest.
    pub block: u64,
    /// Most messages of the session.
    pub messages: u64,
    /// Most seconds of it.
    pub seconds: u64,
}

/// What a card is to say.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zegel_claims {
    /// Counts up with each card.
    pub serial: u64,
    /// First second.
    pub not_before: u64,
    /// Last second.
    pub expires: u64,
    /// What people call the holder.
    pub label: ConstPointer<c_char>,
    /// Its length.
    pub label_size: usize,
    /// KEM public keys, 32 bytes each, the current one first.
    pub kem_keys: ConstPointer<[u8; 32]>,
    /// How many.
    pub kem_count: usize,
    /// Not 0 for a card that ends the identity.
    pub withdrawn: u8,
}

/// What a card says.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zegel_card_facts {
    /// Counts up with each card.
    pub serial: u64,
    /// First second.
    pub not_before: u64,
    /// Last second.
    pub expires: u64,
    /// Who holds it.
    pub id: [u8; 32],
    /// SHA-256 of the card.
    pub digest: [u8; 32],
    /// What people call the holder, and zeros.
    pub label: [c_char; 65],
    /// How many KEM keys there are.
    pub kem_count: u8,
    /// 1 for a card that ends the identity.
    pub withdrawn: u8,
}

/// What of the proven is taken.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zegel_acceptance {
    /// Most seconds between a measurement and its arrival.
    pub max_age: u64,
    /// Most seconds ahead of the clock.
    pub max_skew: u64,
    /// Most numbers passed over.
    pub max_jump: u64,
}

/// Durable state of a receiver.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zegel_state {
    /// Takes a number, durably.
    pub take: Option<
        extern "C" fn(
            user: *mut c_void,
            stream: *const u8,
            sequence: u64,
            digest: *const u8,
            missing: *mut u64,
            late: *mut u8,
        ) -> c_int,
    >,
    /// The first number above all that were taken.
    pub next: Option<extern "C" fn(user: *mut c_void, stream: *const u8, next: *mut u64) -> c_int>,
    /// Keeps a session.
    pub keep:
        Option<extern "C" fn(user: *mut c_void, session: *const u8, record: *const u8, size: usize) -> c_int>,
    /// Finds a session that was kept.
    pub find:
        Option<extern "C" fn(user: *mut c_void, session: *const u8, record: *mut u8, size: usize) -> c_int>,
    /// Whether the forwarder's latest introduction has the origin in it.
    pub vouches: Option<extern "C" fn(user: *mut c_void, forwarder: *const u8, origin: *const u8) -> c_int>,
    /// Handed to the functions.
    pub user: *mut c_void,
}

/// What was opened.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zegel_opened {
    /// Its number.
    pub sequence: u64,
    /// When it was measured.
    pub time: u64,
    /// What it is about, in the buffer that was opened.
    pub body: *const u8,
    /// Its length.
    pub body_size: usize,
    /// What the sender signs.
    pub statement: *const u8,
    /// Its length.
    pub statement_size: usize,
    /// The first and last number that are missing now, where `missing` is 1.
    pub missing_first: u64,
    /// See above.
    pub missing_last: u64,
    /// The first and last number that are signed from now on, where `block` is 1.
    pub block_first: u64,
    /// See above.
    pub block_last: u64,
    /// Limits of the session that a keyframe begins.
    pub limits: zegel_limits,
    /// Who sealed it.
    pub sender: [u8; 32],
    /// Names what the sender said.
    pub digest: [u8; 32],
    /// The audience of the stream.
    pub audience: [u8; 32],
    /// The session that a keyframe begins.
    pub session: [u8; 8],
    /// CoAP content format of a measurement.
    pub format: u16,
    /// What it is.
    pub kind: u8,
    /// 1 when anybody can be shown that the sender said it.
    pub is_signed: u8,
    /// 1 when numbers are missing.
    pub missing: u8,
    /// 1 when the number was missing before.
    pub late: u8,
    /// 1 when a block is signed from now on.
    pub block: u8,
    /// Of evidence: 1 when the receiver has pinned the origin, 0 when the sender vouches for it.
    pub origin_pinned: u8,
    /// Of a keyframe: 1 when the messages of its session can be opened.
    pub kept: u8,
}

/// Evidence, verified.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zegel_evidence {
    /// Its number.
    pub sequence: u64,
    /// When it was measured.
    pub time: u64,
    /// The measurement.
    pub body: *const u8,
    /// Its length.
    pub body_size: usize,
    /// Where it was published.
    pub topic: *const c_char,
    /// Its length.
    pub topic_size: usize,
    /// The origin's card.
    pub card: *const u8,
    /// Its length.
    pub card_size: usize,
    /// The first number under the same signature.
    pub signed_first: u64,
    /// The last one.
    pub signed_last: u64,
    /// Who measured.
    pub origin: [u8; 32],
    /// Names what the origin said.
    pub digest: [u8; 32],
    /// CoAP content format of the body.
    pub format: u16,
}

/// Something that a person has to see.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zegel_event {
    /// The number, or the serial of a card.
    pub number: u64,
    /// Whose.
    pub id: [u8; 32],
    /// What happened: an error's number, or 0 when a newer card brought other keys.
    pub what: u8,
}

macro_rules! contexts {
    ($($(#[$doc:meta])* $name:ident: $small:literal, $large:literal;)*) => {
        $(
            $(#[$doc])*
            #[repr(C)]
            pub struct $name {
                opaque: [u64; if size_of::<usize>() == 4 { $small } else { $large }],
            }
        )*
    };
}

contexts! {
    /// Who signs.
    zegel_identity: 44, 44;
    /// What opens.
    zegel_kem_key: 14, 16;
    /// Somebody's public keys.
    zegel_card: 68, 68;
    /// What seals for one recipient.
    zegel_sealer: 132, 132;
    /// What seals for several recipients.
    zegel_group: 700, 720;
    /// One sender that a receiver trusts.
    zegel_peer: 160, 160;
    /// One session that a receiver follows.
    zegel_session: 724, 724;
    /// What opens for one identity.
    zegel_receiver: 66, 76;
    /// What can be handed on of what was opened.
    zegel_proof: 56, 58;
    /// One end of a pairing.
    zegel_pairing: 250, 250;
}
