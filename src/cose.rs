//! The COSE objects of RFC 9052 in the one form that Zegel uses of each: every header a constant, so
//! that there is no algorithm to choose and none to confuse (SPEC §4).

pub(crate) mod encrypt;
pub(crate) mod encrypt0;
pub(crate) mod header;
pub(crate) mod message;
pub(crate) mod sign1;
pub(crate) mod structure;
