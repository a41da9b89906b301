//! E0599: a sender cannot open what it sealed.
#![allow(unused, reason = "only one line matters")]
use zegel::*;

fn main() {}

fn misuse(
    identity: &Identity,
    card: &Card,
    key: &KemKey,
    secret: &Secret<32>,
    mut sealer: Sealer<'_, MemorySequence>,
    measurement: &Measurement<'_>,
    mut bytes: Vec<u8>,
    mut state: State<MemoryTrust, ExactGuard, MemorySessions, EventLog>,
) {
    let _ = sealer.open(&mut state, "t", None, &mut bytes);
}
