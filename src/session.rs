//! Sessions: one key exchange and one signature for many messages (SPEC §10). What both ends share is here; the
//! sender's side is [`Session`](crate::seal::session::Session), the receiver's is in [`Opener`](crate::open::Opener).

pub(crate) mod fixed;
pub(crate) mod keys;
pub(crate) mod limits;
pub(crate) mod manifest;
#[cfg(feature = "alloc")]
pub(crate) mod memory;
pub(crate) mod merkle;
pub(crate) mod message;
pub(crate) mod record;
pub(crate) mod store;
