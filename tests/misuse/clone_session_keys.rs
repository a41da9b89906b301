//! E0277: the keys of a session have one place.
#![allow(unused, reason = "only one line matters")]
use zegel::*;

fn main() {}

fn misuse(
    identity: &Identity,
    card: &Card,
    keys: &SessionKeys,
    sealer: Sealer<'_, MemorySequence>,
    mut session: Session<'_, MemorySequence>,
    measurement: &Measurement<'_>,
    mut state: State<MemoryTrust, ExactGuard, MemorySessions, EventLog>,
    mut bytes: Vec<u8>,
) {
    let _ = SessionKeys::clone(keys);
}
