//! Who takes part in the benches: a device that seals, a PGO that opens, and one measurement of 100 bytes.

#![allow(dead_code, reason = "each bench uses its own part")]

use zegel::rng::SysRng;
use zegel::{
    Card, CardClaims, Error, EventLog, ExactGuard, Format, Identity, KemKey, Measurement, MemorySequence,
    MemorySessions, MemoryTrust, Opener, Padding, Sealer, State, Status,
};

pub(crate) const TOPIC: &str = "zegel/7f3a/1";
pub(crate) const NOW: Option<u64> = Some(1_790_000_000);
pub(crate) const BODY: [u8; 100] = [0x5a; 100];
pub(crate) const MEASUREMENT: Measurement<'_> =
    Measurement { time: NOW, format: Format::OCTET_STREAM, body: &BODY };

pub(crate) type Memory = State<MemoryTrust, ExactGuard, MemorySessions, EventLog>;

/// The same trust and numbers, and no sessions: those have keys, which are not copied.
pub(crate) fn copy(state: &Memory) -> Memory {
    Memory { trust: state.trust.clone(), replay: state.replay.clone(), ..Memory::default() }
}

pub(crate) struct World {
    pub(crate) device: Identity,
    /// The device's card on the wire.
    pub(crate) device_card: Vec<u8>,
    pub(crate) pgo_card: Card,
    /// The PGO trusts the device and has taken nothing yet.
    pub(crate) state: Memory,
    pgo: Identity,
    kem_keys: [KemKey; 1],
}

impl World {
    pub(crate) fn new() -> Result<Self, Error> {
        let (device, pgo) = (Identity::generate(&mut SysRng)?, Identity::generate(&mut SysRng)?);
        let kem_keys = [KemKey::generate(&mut SysRng)?];
        let pgo_card = Card::from_bytes(&card(&pgo, &kem_keys)?)?;
        let device_card = card(&device, &[])?;
        let mut state = Memory::default();
        state.trust.pin(&Card::from_bytes(&device_card)?)?;
        Ok(Self { device, device_card, pgo_card, state, pgo, kem_keys })
    }

    /// Seals without padding.
    pub(crate) fn sealer(&self) -> Result<Sealer<'_, MemorySequence>, Error> {
        let sealer = Sealer::new(&self.device, &self.pgo_card, NOW, MemorySequence::default())?;
        Ok(sealer.with_padding(Padding::None))
    }

    /// The PGO's card and those of others, `count` in all.
    pub(crate) fn with_others(&self, count: usize) -> Result<Vec<Card>, Error> {
        let mut cards = vec![self.pgo_card.clone()];
        while cards.len() < count {
            let (other, key) = (Identity::generate(&mut SysRng)?, KemKey::generate(&mut SysRng)?);
            cards.push(Card::from_bytes(&card(&other, &[key])?)?);
        }
        Ok(cards)
    }

    pub(crate) fn opener(&self) -> Opener<'_> {
        Opener::new(self.pgo.id(), &self.kem_keys)
    }
}

fn card(identity: &Identity, kem_keys: &[KemKey]) -> Result<Vec<u8>, Error> {
    let kem_keys: Vec<_> = kem_keys.iter().map(KemKey::public).collect();
    let claims = CardClaims {
        serial: 1,
        not_before: 0,
        expires: 4_000_000_000,
        label: "",
        kem_keys: &kem_keys,
        status: Status::Active,
    };
    Card::issue_to_vec(&claims, identity, &mut SysRng)
}
