//! Who somebody is and which keys they hold: identities, KEM keys, the names made from them, and the
//! cards that carry the public halves.

pub(crate) mod card;
pub(crate) mod claims;
pub(crate) mod id;
pub(crate) mod identity;
pub(crate) mod kem;
pub(crate) mod published;
