//! E0451: an opened measurement comes from an envelope alone.
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
    mut state: State<MemoryTrust, ExactGuard>,
) {
    let _ = Opened {
        sender: identity.id(),
        sequence: 0,
        time: None,
        format: Format::CBOR,
        body: &[],
        digest: [0; 32],
        arrival: Arrival::default(),
    };
}
