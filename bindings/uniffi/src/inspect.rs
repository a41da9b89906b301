//! What the broker sees of a message: shape and names, no keys. Nothing of it is proven.

use zegel::SessionId;
use zegel::envelope::{Envelope, GroupEnvelope};

use crate::failure::Failure;

/// What bytes are, by their shape.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Sight {
    /// An envelope for one.
    Envelope {
        /// The KEM key it names: 8 bytes.
        recipient: Vec<u8>,
        /// A fresh X25519 key: 32 bytes.
        ek: Vec<u8>,
        /// Bytes of the ciphertext, its tag included.
        ciphertext: u64,
    },
    /// An envelope for several.
    Group {
        /// The KEM keys it names: 8 bytes each.
        recipients: Vec<Vec<u8>>,
        /// Bytes of the ciphertext, its tag included.
        ciphertext: u64,
    },
    /// A message of a session.
    Message {
        /// The session it names: 8 bytes.
        session: Vec<u8>,
    },
}

/// Looks at a message as the broker does; `Malformed` when it is none of Zegel's.
#[uniffi::export]
fn inspect(message: Vec<u8>) -> Result<Sight, Failure> {
    let length = |bytes: &[u8]| u64::try_from(bytes.len()).map_err(|_| Failure::BAD_ARGUMENT);
    if let Some(session) = SessionId::claimed(&message) {
        return Ok(Sight::Message { session: session.0.to_vec() });
    }
    if let Ok(envelope) = Envelope::parse(&message) {
        let (recipient, ek) = (envelope.claimed_recipient().0.to_vec(), envelope.ek().to_vec());
        return Ok(Sight::Envelope { recipient, ek, ciphertext: length(envelope.ciphertext())? });
    }
    let group = GroupEnvelope::parse(&message)?;
    let recipients = group.claimed_recipients().map(|kid| kid.0.to_vec()).collect();
    Ok(Sight::Group { recipients, ciphertext: length(group.ciphertext())? })
}
