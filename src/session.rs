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

pub use crate::session::fixed::FixedSessions;
pub use crate::session::keys::{SessionId, SessionKeys};
pub use crate::session::limits::SessionLimits;
pub use crate::session::manifest::Manifest;
#[cfg(feature = "alloc")]
pub use crate::session::memory::MemorySessions;
pub use crate::session::record::SessionRecord;
pub use crate::session::store::SessionStore;
