//! A stream: one sender to one audience, in which sequence numbers count (SPEC §6.2).

use crate::crypto::kdf::sha256;
use crate::envelope::audience::{Audience, One, Several};
use crate::error::Result;
use crate::key::id::Id;

/// Names one sender's numbers for one audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stream {
    /// Who sends.
    pub sender: Id,
    /// SHA-256 of the CBOR array that holds the audience's ids, 32 bytes.
    pub audience: [u8; 32],
}

impl Stream {
    /// The stream from `sender` to one recipient.
    pub fn new(sender: Id, recipient: &Id) -> Self {
        Self::to(sender, One::new(recipient).audience())
    }

    /// The stream from `sender` to several recipients. [`Error::TooLarge`] unless there are 1 to 16,
    /// [`Error::Equivocation`](crate::error::Error::Equivocation) unless they ascend.
    ///
    /// [`Error::TooLarge`]: crate::error::Error::TooLarge
    pub fn to_several(sender: Id, recipients: &[Id]) -> Result<Self> {
        Ok(Self::to(sender, Several::new(recipients.len(), recipients.iter().copied())?.audience()))
    }

    pub(crate) fn to(sender: Id, audience: Audience<'_>) -> Self {
        Self { sender, audience: sha256(&[audience.encoded()]) }
    }
}
