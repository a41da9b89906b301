//! E0382: an open session owns its stream.
#![allow(unused, reason = "only one line matters")]
use zegel::*;

fn main() {}

fn misuse(
    identity: &Identity,
    card: &Card,
    keys: &SessionKeys,
    mut sealer: Sealer<'_, MemorySequence>,
    mut session: Session<'_, MemorySequence>,
    measurement: &Measurement<'_>,
    mut state: State<MemoryTrust, ExactGuard, MemorySessions, EventLog>,
    mut bytes: Vec<u8>,
) {
    let _ = Session::begin_to_vec(sealer, "t", None, SessionLimits::default(), &mut rng::SysRng);
    let _ = sealer.sealed_len(measurement);
}
