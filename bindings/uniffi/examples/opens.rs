//! Opens a second in Rust: the crate by itself, and through the bridge, both with their state in memory.
//!
//!     cargo xtask kotlin bench

use std::time::Instant;

use zegel::rng::SysRng;
use zegel::{
    Acceptance, Card, CardClaims, Error, EventLog, ExactGuard, Format, Identity, KemKey, Measurement,
    MemorySequence, MemorySessions, MemoryTrust, Opener, Sealer, Session, SessionLimits, State, Status,
};

const TOPIC: &str = "zegel/7f3a/1";
const COUNT: usize = 10_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (device, pgo) = (Identity::generate(&mut SysRng)?, Identity::generate(&mut SysRng)?);
    let secret = zegel::Secret::random(&mut SysRng)?;
    let keys = [KemKey::from_bytes(&secret)?];
    let (device_card, pgo_card) = (card(&device, &[])?, card(&pgo, &[keys[0].public()])?);
    let measured = Measurement { time: None, format: Format::OCTET_STREAM, body: &[7; 100] };

    let mut sealer = Sealer::new(&device, &Card::from_bytes(&pgo_card)?, None, MemorySequence::default())?;
    let mut envelopes = Vec::new();
    for _ in 0..COUNT {
        envelopes.push(sealer.seal_to_vec(TOPIC, &measured, &mut SysRng)?);
    }
    let limits = SessionLimits { block: 64, ..SessionLimits::default() };
    let begun = Session::begin_to_vec(sealer, TOPIC, None, limits, &mut SysRng);
    let (mut session, keyframe) = begun.map_err(Error::from)?;
    let mut messages = vec![keyframe];
    for _ in 0..COUNT {
        messages.push(match session.manifest_due() {
            true => session.manifest_to_vec(TOPIC, &mut SysRng)?,
            false => session.seal_to_vec(TOPIC, &measured, None)?,
        });
    }

    let opener = Opener::new(pgo.id(), &keys).with_acceptance(Acceptance::ANYTHING);
    let mut state = State::<MemoryTrust, ExactGuard, MemorySessions, EventLog>::default();
    state.trust.pin(&Card::from_bytes(&device_card)?)?;
    for (what, messages) in [("the crate, envelopes", &envelopes), ("the crate, session messages", &messages)]
    {
        let mut copies = messages.clone();
        rate(what, copies.iter_mut(), |message| {
            let opened = opener.open(&mut state, TOPIC, None, message)?;
            if let Some(block) = opened.block().copied() {
                block.release(&mut state)?;
            }
            Ok(())
        })?;
    }

    let store = zegel_uniffi::Store::memory();
    store.pin(&*zegel_uniffi::Card::read(device_card)?)?;
    let key = zegel_uniffi::KemKey::from_secret(&*zegel_uniffi::Secret::of(secret.expose().to_vec())?)?;
    let anything = zegel_uniffi::Acceptance { max_age: None, max_skew: None, max_jump: None };
    let opener = zegel_uniffi::Opener::new(pgo.id().0.to_vec(), vec![key], store, anything)?;
    for (what, messages) in [("the bridge, envelopes", envelopes), ("the bridge, session messages", messages)]
    {
        rate(what, messages.into_iter(), |message| {
            opener.open(TOPIC.into(), None, message, false, None)?;
            Ok(())
        })?;
    }
    Ok(())
}

fn rate<M>(
    what: &str,
    messages: impl ExactSizeIterator<Item = M>,
    mut open: impl FnMut(M) -> Result<(), Box<dyn std::error::Error>>,
) -> Result<(), Box<dyn std::error::Error>> {
    let (count, start) = (messages.len(), Instant::now());
    for message in messages {
        open(message)?;
    }
    println!("{what:<28} {:>8.0} opens a second", count as f64 / start.elapsed().as_secs_f64());
    Ok(())
}

fn card(identity: &Identity, kem_keys: &[zegel::KemPublic]) -> Result<Vec<u8>, Error> {
    let (serial, not_before, expires, label) = (1, 0, 4_000_000_000, "");
    let claims = CardClaims { serial, not_before, expires, label, kem_keys, status: Status::Active };
    Card::issue_to_vec(&claims, identity, &mut SysRng)
}
