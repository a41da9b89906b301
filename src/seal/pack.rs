//! What leaves of a SenML pack: the one way from a pack to a measurement, whatever seals it (SPEC §9.2).

use alloc::vec::Vec;

use crate::envelope::statement::{Format, Measurement};
use crate::error::Result;
use crate::measure::{Pack, Policy};
use crate::secret::Wipe;

/// Seals what `policy` lets leave of `pack`; `time` is coarsened as the pack's own times are.
pub(crate) fn minimised(
    pack: &Pack,
    policy: &Policy,
    time: Option<u64>,
    seal: impl FnOnce(&Measurement<'_>) -> Result<Vec<u8>>,
) -> Result<Vec<u8>> {
    let mut body = policy.minimise(pack)?.encode()?;
    let body = Wipe::new(&mut body);
    let time = time.map(|time| policy.coarsen(time));
    seal(&Measurement { time, format: Format::SENML_CBOR, body: body.bytes() })
}
