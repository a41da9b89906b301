//! Byte strings of a fixed length, as the other side brings them: any other length is a mistake in the call.

use zegel::{Id, Kid, Secret, SessionId, Stream};
use zeroize::Zeroizing;

use crate::failure::Failure;

pub(crate) fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Failure> {
    bytes.try_into().map_err(|_| Failure::BAD_ARGUMENT)
}

pub(crate) fn id(bytes: &[u8]) -> Result<Id, Failure> {
    array(bytes).map(Id)
}

pub(crate) fn kid(bytes: &[u8]) -> Result<Kid, Failure> {
    array(bytes).map(Kid)
}

pub(crate) fn session_id(bytes: &[u8]) -> Result<SessionId, Failure> {
    array(bytes).map(SessionId)
}

/// A sender's id and the hash of its audience.
pub(crate) fn stream(sender: &[u8], audience: &[u8]) -> Result<Stream, Failure> {
    Ok(Stream { sender: id(sender)?, audience: array(audience)? })
}

/// Takes over secret bytes and wipes what they came in.
pub(crate) fn secret(bytes: Vec<u8>) -> Result<Secret<32>, Failure> {
    let bytes = Zeroizing::new(bytes);
    let fixed = Zeroizing::new(array::<32>(&bytes)?);
    Ok(Secret::new(*fixed))
}
