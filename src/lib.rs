//! Zegel (Dutch: a seal) wraps each health measurement in a signed, sealed CBOR envelope, so that it stays
//! confidential and provable over an MQTT broker that nobody trusts.
//!
//! A wearable seals, whoever its card names opens, and each end brings its own state:
//!
#![cfg_attr(feature = "std", doc = "```")]
#![cfg_attr(not(feature = "std"), doc = "```ignore")]
//! use zegel::{Card, Format, Id, Identity, KemKey, Measurement, Opener, Result, Sealer, rng::SysRng};
//! use zegel::{ReceiverState, SequenceStore};
//!
//! fn seal(device: &Identity, pgo: &Card, numbers: impl SequenceStore) -> Result<Vec<u8>> {
//!     let beat = Measurement { time: None, format: Format::OCTET_STREAM, body: b"61 beat/min" };
//!     Sealer::new(device, pgo, None, numbers)?.seal_to_vec("zegel/7f3a/1", &beat, &mut SysRng)
//! }
//!
//! fn open(me: Id, keys: &[KemKey], state: &mut impl ReceiverState, bytes: &mut [u8]) -> Result<Option<Vec<u8>>> {
//!     let opened = Opener::new(me, keys).open(state, "zegel/7f3a/1", None, bytes)?;
//!     Ok(opened.body().map(<[u8]>::to_vec))
//! }
//! ```
//!
//! - **Keys.** An [`Identity`] signs, a [`KemKey`] opens, a [`Card`] publishes both for others to pin. Nobody is
//!   trusted on first use: two people compare a [`Fingerprint`].
//! - **State.** A [`SequenceStore`] reserves a sender's numbers before they are used; a [`TrustStore`] and a
//!   [`ReplayGuard`] say who is trusted and which numbers were taken. There are ones for memory here, and durable
//!   ones in `zegel-store`.
//! - **Failure.** An [`Error`] is one number, the same in every language. The buffer is wiped, and no state has
//!   moved.
//! - **Nothing else.** No clock, network, file or global state: the caller passes time and randomness. Without
//!   features there is no heap either.
//!
//! SPEC.md, in the repository, says all of it normatively.
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
#[cfg(any(test, feature = "std"))]
extern crate std;

mod bytes;
mod cbor;
mod cose;
mod crypto;
pub mod envelope;
mod error;
mod evidence;
mod guard;
pub mod hpke;
mod key;
mod limits;
#[cfg(feature = "measure")]
pub mod measure;
mod open;
pub mod pairing;
mod process;
mod refused;
mod seal;
mod secret;
mod session;

/// The operating system's random generator.
#[cfg(feature = "std")]
pub mod rng {
    pub use getrandom::SysRng;
}

// Two nouns that act, and what they act on.
pub use envelope::{Format, Measurement, Padding};
pub use open::{
    Content, Custody, Opened, Opener, Origin, Provenance, ReceiverState, SignedBlock, Unverified,
};
pub use seal::{Sealer, group::GroupSealer, session::Beginning, session::Renewed, session::Session};

// Who somebody is.
pub use key::{Agree, Card, CardClaims, Fingerprint, Id, Identity, KemKey, KemPublic, Kid, Sign};
pub use key::{Status, UnverifiedCard};

// What outlives an envelope: stores and guards, sessions of others, and proofs.
pub use evidence::{Evidence, Introduction, Testimony, UnverifiedEvidence, UnverifiedIntroduction};
pub use guard::*;
pub use session::*;

// What can go wrong, and how large things get.
pub use error::{Error, Result};
pub use limits::*;
pub use refused::Refused;
pub use secret::Secret;
