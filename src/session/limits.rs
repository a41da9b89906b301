//! What a keyframe says: how long its session is used, and how often it is signed (SPEC §10.1).

use crate::cbor::{Reader, Writer};
use crate::error::{Error, Result};
use crate::limits::{MAX_BLOCK, MAX_SESSION, MAX_SESSION_SECONDS};

/// How long a session is used. The defaults are the longest, with a signature for every 32 messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// Most messages that one manifest covers: 1 to 64.
    pub block: u64,
    /// Most messages after the keyframe, manifests included: 1 to 65,536.
    pub messages: u64,
    /// Seconds of use: 1 to 86,400.
    pub seconds: u64,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self { block: 32, messages: MAX_SESSION, seconds: MAX_SESSION_SECONDS }
    }
}

impl SessionLimits {
    /// [`Error::TooLarge`] where a receiver would have to refuse them.
    pub(crate) fn check(&self) -> Result<()> {
        let within = |value, most| (1..=most).contains(&value);
        let all = within(self.block, MAX_BLOCK)
            && within(self.messages, MAX_SESSION)
            && within(self.seconds, MAX_SESSION_SECONDS);
        if all { Ok(()) } else { Err(Error::TooLarge) }
    }

    /// Writes the body of a keyframe.
    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        writer.array(3);
        writer.uint(self.block);
        writer.uint(self.messages);
        writer.uint(self.seconds);
    }

    /// Reads the body of a keyframe: the exact shape, or `Malformed`.
    pub(crate) fn read(body: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(body);
        reader.array(3);
        let limits = Self { block: reader.uint(), messages: reader.uint(), seconds: reader.uint() };
        reader.end()?;
        limits.check().map_err(|_| Error::Malformed)?;
        Ok(limits)
    }
}

/// Room for the body of a keyframe.
pub(crate) const KEYFRAME_BODY: usize = 16;
