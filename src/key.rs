//! Who somebody is and which keys they hold: identities, KEM keys, the names made from them, and the
//! cards that carry the public halves.

pub(crate) mod card;
pub(crate) mod claims;
pub(crate) mod id;
pub(crate) mod identity;
pub(crate) mod kem;
pub(crate) mod published;

pub use crate::key::card::{Card, UnverifiedCard};
pub use crate::key::claims::{CardClaims, Status};
pub use crate::key::id::{Fingerprint, Id, Kid};
pub use crate::key::identity::{Identity, Sign};
pub use crate::key::kem::{Agree, KemKey, KemPublic};
