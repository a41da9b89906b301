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
    mut state: State<MemoryTrust, ExactGuard, MemorySessions, EventLog>,
) {
    let stream = Stream::new(identity.id(), card.id());
    let (time, digest, arrival) = (None, [0; 32], Arrival::default());
    let content = Content::Measurement { format: Format::CBOR, body: &[] };
    let (topic, statement, proof, session, block) = ("t", &[][..], None, None, None);
    let _ = Opened { stream, sequence: 0, time, digest, arrival, content, topic, statement, proof, session, block };
}
