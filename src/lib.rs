//! Zegel (Dutch: a seal) wraps each health measurement in a signed, sealed CBOR envelope, so that it stays
//! confidential and provable over an MQTT broker that nobody trusts.
//!
//! ```
//! use zegel::{Card, CardClaims, Format, Identity, KemKey, Measurement, MemorySequence, Opener, Sealer, State, Status};
//! use zegel::{ExactGuard, MemoryTrust, rng::SysRng};
//! # fn main() -> Result<(), zegel::Error> {
//! let (device, pgo, kem) = (Identity::generate(&mut SysRng)?, Identity::generate(&mut SysRng)?, KemKey::generate(&mut SysRng)?);
//! # let card = |identity: &Identity, kem_keys: &[_]| {
//! #     let claims = CardClaims { serial: 1, not_before: 0, expires: 4_000_000_000, label: "", kem_keys, status: Status::Active };
//! #     Card::from_bytes(&Card::issue_to_vec(&claims, identity, &mut SysRng)?)
//! # };
//! # let (device_card, pgo_card) = (card(&device, &[])?, card(&pgo, &[kem.public()])?);
//! # let now = Some(1_700_000_000);
//! let mut sealer = Sealer::new(&device, &pgo_card, now, MemorySequence::default())?;
//! let beat = Measurement { time: now, format: Format::OCTET_STREAM, body: b"61 beat/min" };
//! let mut envelope = sealer.seal_to_vec("zegel/7f3a/1", &beat, &mut SysRng)?;
//!
//! let mut state = State { trust: MemoryTrust::new(), replay: ExactGuard::new() };
//! state.trust.pin(&device_card)?;
//! let opened = Opener::new(pgo.id(), &[kem]).open(&mut state, "zegel/7f3a/1", now, &mut envelope)?;
//! assert_eq!((opened.sender(), opened.body()), (&device.id(), &b"61 beat/min"[..]));
//! # Ok(())
//! # }
//! ```
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
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

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(test)]
extern crate std;

mod cbor;
mod cose;
mod crypto;
pub mod envelope;
mod error;
mod guard;
pub mod hpke;
mod key;
mod limits;
#[cfg(feature = "measure")]
pub mod measure;
mod open;
mod seal;
mod secret;

/// The operating system's random generator.
#[cfg(feature = "std")]
pub mod rng {
    pub use getrandom::SysRng;
}

// Two nouns that act, and what they act on.
pub use envelope::padding::Padding;
pub use envelope::statement::{Format, Measurement};
pub use open::{Opened, Opener, Unverified};
pub use seal::Sealer;

// Who somebody is.
pub use key::card::{Card, UnverifiedCard};
pub use key::claims::{CardClaims, Status};
pub use key::id::{Fingerprint, Id, Kid};
pub use key::identity::{Identity, Sign};
pub use key::kem::{Agree, KemKey, KemPublic};
pub use secret::Secret;

// What outlives an envelope.
pub use guard::State;
#[cfg(feature = "alloc")]
pub use guard::exact::ExactGuard;
pub use guard::replay::{Arrival, ReplayGuard};
pub use guard::sequence::{MemorySequence, SequenceStore};
pub use guard::stream::Stream;
#[cfg(feature = "alloc")]
pub use guard::trust::MemoryTrust;
pub use guard::trust::{FixedTrust, Pinned, Sender, Succession, TrustStore, succeed};
pub use guard::window::{WINDOW, WindowGuard};

// What can go wrong, and how large things get.
pub use error::{Error, Result};
pub use limits::{MAX_CARD, MAX_ENVELOPE, MAX_KEM_KEYS, MAX_LABEL, MAX_NUMBER, MAX_TOPIC};
