//! The bridge from [`zegel`] to Swift and Kotlin, through UniFFI. It is no API: each language has a hand-made face
//! over what is generated from here, and that face is the product.
//!
//! - **Secrets** are objects, for records are copied; every byte of the heap is zeroed when it is freed, also those
//!   in which UniFFI carried a secret across.
//! - **Objects** may be shared by threads. A call into an object from a callback that this object made is refused
//!   ([`Failure::BUSY`]), and does not wait for itself.
//! - **Failures** are numbers: those of SPEC §14, negative ones for mistakes in the call. Nothing of what was
//!   measured is in them.
//! - **Panics** unwind into an error that a face does not catch: each is a bug of ours.
#![deny(missing_docs)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions
    )
)]

mod bytes;
mod card;
mod evidence;
mod failure;
mod gate;
mod group;
mod identity;
mod inspect;
mod kem;
mod measure;
mod memory;
mod numbers;
mod opened;
mod opener;
mod outside;
mod overlay;
mod pairing;
mod rng;
mod rows;
mod sealer;
mod secret;
mod store;
mod taking;

pub use card::{Card, CardClaims, CardFacts, ClaimedCard};
pub use evidence::{EvidenceFacts, Introduced};
pub use failure::{ErrorName, Failure, Trouble};
pub use group::GroupSealer;
pub use identity::Identity;
pub use inspect::Sight;
pub use kem::KemKey;
pub use measure::{Pack, Policy, Reading, Record, Value};
pub use memory::MemoryDatabase;
pub use opened::{Content, Gap, Opened, Proven, SessionLimits};
pub use opener::{Acceptance, Opener, Received, Taker, Unproven};
pub use outside::{Database, KeyAgreement, Row, Signer};
pub use pairing::{Pairing, PairingCode, Step};
pub use sealer::{Measurement, Sealer, SealerOptions, Succession};
pub use secret::Secret;
pub use store::{Event, OwnKey, Peer, Store};

uniffi::setup_scaffolding!("zegel");

/// What is freed is zeroed first: UniFFI's buffers too, which carried keys and measurements to and fro.
#[global_allocator]
static HEAP: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);
