//! What can be done to the messages of a session without its keys (SPEC §10.3).
//!
//! The places of the fields are those of the format; nothing here checks anything.

use std::ops::Range;

use bytes::Bytes;

use super::super::attack::Kind;
use super::super::run::Run;
use super::device::Twins;
use super::edit::random;
use super::{Seen, Shot};

/// The next attack of this kind; `None` when it is another kind, or he has not what it needs.
pub(super) fn shot(run: &Run, seen: &Seen, twins: &Twins, kind: Kind, turn: usize) -> Option<Shot> {
    let topics = &run.topics;
    let topic = &topics.pgo[0];
    let message = seen.messages.last();
    // Another session than that of the latest message; if there is none, that of the bad device.
    let other = |message: &Bytes| {
        let latest = message.get(SESSION)?;
        let all = seen.messages.iter().rev().map(|other| &other[..]).chain([&twins.message[..]]);
        all.filter_map(|other| other.get(SESSION)).find(|other| *other != latest)
    };
    Some(match kind {
        Kind::ReplayKeyframe => {
            Shot { retain: turn % 2 == 1, ..Shot::new(topic, seen.keyframes.last()?.clone()) }
        }
        Kind::ReplayMessage => Shot::new(topic, message?.clone()),
        Kind::ReplayManifest => Shot::new(topic, seen.manifests.last()?.clone()),
        Kind::FlipMessage => {
            let mut copy = message?.to_vec();
            let at = copy.len() - 1 - random(TAIL);
            copy[at] ^= 1 << (turn % 8);
            Shot::new(topic, copy)
        }
        Kind::MoveNumber => Shot::new(topic, renumbered(message?)),
        Kind::MoveSession => Shot::new(topic, with_session(message?, other(message?)?)),
        Kind::MoveMessage => Shot::new(&topics.pgo[1], message?.clone()),
        Kind::SwapManifest => {
            let manifest = seen.manifests.last()?;
            let message = seen.messages.iter().rev().find(|other| other[SESSION] != manifest[SESSION]);
            match message {
                Some(other) => Shot::new(topic, with_session(manifest, &other[SESSION])),
                None => Shot::new(topic, renumbered(manifest)),
            }
        }
        Kind::Early => {
            let unknown: Vec<u8> = SESSION.map(|_| random(256) as u8).collect();
            Shot::new(topic, with_session(message?, &unknown))
        }
        _ => return None,
    })
}

/// Whether it has the head of a session's message.
pub(super) fn is_message(message: &[u8]) -> bool {
    message.starts_with(HEAD)
}

/// Those of `messages` that are of the session of `like`.
pub(super) fn of_session(messages: &[Bytes], like: Option<&Bytes>) -> Vec<Bytes> {
    let session = like.and_then(|like| like.get(SESSION)).map(<[u8]>::to_vec);
    let theirs = |message: &&Bytes| message.get(SESSION) == session.as_deref();
    messages.iter().filter(theirs).cloned().collect()
}

fn with_session(message: &[u8], session: &[u8]) -> Vec<u8> {
    let mut copy = message.to_vec();
    copy[SESSION].copy_from_slice(session);
    copy
}

/// Under the number before it, or after it.
fn renumbered(message: &[u8]) -> Vec<u8> {
    let mut copy = message.to_vec();
    let length = usize::from(copy[NUMBER] & 0x0f);
    copy[NUMBER + length] ^= 1;
    copy
}

/// Tag, array, protected header, map, label and head of the session's identifier.
const HEAD: &[u8] = b"\xd0\x83\x44\xa1\x01\x18\x18\xa2\x04\x48";
/// Where the session's identifier stands.
const SESSION: Range<usize> = 10..18;
/// Where the head of the number stands; its bytes follow.
const NUMBER: usize = 19;
/// So many of the last bytes are ciphertext in every message.
const TAIL: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    /// The first message of SPEC §10.3.
    const MESSAGE: &[u8] =
        b"\xd0\x83\x44\xa1\x01\x18\x18\xa2\x04\x48\xcf\x87\x64\x14\xa4\x64\x4a\x54\x06\x41\x09\x58\x34";

    #[test]
    fn fields_stand_where_the_format_has_them() {
        assert!(is_message(MESSAGE));
        assert_eq!(&MESSAGE[SESSION], b"\xcf\x87\x64\x14\xa4\x64\x4a\x54");
        assert_eq!(renumbered(MESSAGE)[20], 8);
        assert_eq!(&with_session(MESSAGE, &[7; 8])[SESSION], &[7; 8]);
        let two = Bytes::from_static(MESSAGE);
        let other = Bytes::from(with_session(MESSAGE, &[7; 8]));
        assert_eq!(of_session(&[two.clone(), other], Some(&two)).len(), 1);
    }
}
