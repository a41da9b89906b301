//! E0599: a private KEM key has one place.
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
    let key = KemKey::from_bytes(secret).unwrap();
    let _ = key.clone();
}
