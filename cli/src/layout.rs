//! Any bytes as a table of fields: offset, length, bytes and meaning, adding up to the whole (SPEC §4, §8.1).
//!
//! This reads for people. It believes nothing, decides nothing, and stops at the first byte that does not fit.

mod card;
mod envelope;
mod walk;

pub(crate) use card::card;
pub(crate) use envelope::{envelope, inside};
pub(crate) use walk::Layout;
