//! E0382: a session that has ended seals nothing.
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
    let _ = session.end();
    let _ = session.seal_to_vec("t", measurement, None);
}
