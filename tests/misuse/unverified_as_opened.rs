//! E0308: a decrypted envelope whose signature nobody checked is no measurement.
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
    let keys = [key];
    let opened: Opened<'_> = Opener::new(identity.id(), &keys).look("t", &mut bytes).unwrap();
}
