//! E0308: nobody is trusted on a claim.
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
    let unverified = Card::parse(&[]).unwrap();
    let _ = state.trust.pin(&unverified);
}
