//! E0599: a sender's session opens nothing.
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
    let _ = session.open(&mut state, "t", None, &mut bytes);
}
