//! E0451: testimony comes from what was signed alone.
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
    let (sender, topic, statement) = (identity.id(), "t", &[][..]);
    let _ = Testimony { sender, audience: panic!(), topic, statement, proof: panic!() };
}
