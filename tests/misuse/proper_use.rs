//! compiles: the same names and types, used as they are meant.
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
    let envelope = sealer.seal_to_vec("t", measurement, &mut rng::SysRng);
    let keys = [key];
    let _ = Opener::new(identity.id(), &keys).open(&mut state, "t", None, &mut bytes);
    let _: Result<Card> = Card::parse(&[]).and_then(|card| card.verify());
    let _ = format!("{secret:?}");
}
