//! E0596: two threads cannot seal with one sealer.
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
    let shared = &sealer;
    let _ = shared.seal_to_vec("t", measurement, &mut rng::SysRng);
}
