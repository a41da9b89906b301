//! The keys of a session, which both ends export from the HPKE context of its keyframe (SPEC §10.2).

use core::fmt;

use crate::cose::message::Message;
use crate::crypto::schedule::{Keys, Schedule};
use crate::envelope::CONTEXT;
use crate::error::Result;
use crate::secret::Secret;

/// Names a session on the wire: 8 bytes that follow from its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub [u8; 8]);

impl SessionId {
    /// The session that a sealed message names, `None` when it is no message of a session. A claim: it says where a
    /// message that came before its keyframe may wait for it.
    pub fn claimed(message: &[u8]) -> Option<Self> {
        Message::read(message).ok().map(|message| Self(message.kid))
    }
}

/// The keys of one session. They live in memory alone: they cannot be cloned, stored or printed.
pub struct SessionKeys {
    id: SessionId,
    keys: Keys,
}

impl SessionKeys {
    /// Exports the keys from what the keyframe's encapsulation shares.
    pub(crate) fn derive(shared: &Secret<32>) -> Result<Self> {
        let schedule = Schedule::base(shared, &CONTEXT);
        let (mut key, mut iv, mut id) = (Secret::zeroed(), Secret::zeroed(), SessionId([0; 8]));
        schedule.export(b"zegel-session-key-1", key.expose_mut())?;
        schedule.export(b"zegel-session-iv-1", iv.expose_mut())?;
        schedule.export(b"zegel-session-id-1", &mut id.0)?;
        Ok(Self { id, keys: Keys::from_parts(key, iv) })
    }

    /// Which session's keys these are.
    pub const fn id(&self) -> SessionId {
        self.id
    }

    pub(crate) fn seal(&self, sequence: u64, aad: &[u8], buffer: &mut [u8]) -> Result<()> {
        self.keys.seal(sequence, aad, buffer)
    }

    pub(crate) fn open<'b>(&self, sequence: u64, aad: &[u8], buffer: &'b mut [u8]) -> Result<&'b mut [u8]> {
        self.keys.open(sequence, aad, buffer)
    }
}

impl fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKeys({:?}, ..)", self.id)
    }
}
