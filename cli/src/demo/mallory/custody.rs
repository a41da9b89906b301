//! What somebody does whom the GP trusts and ought not to: he hands on what he has no business with (SPEC §11.2).

use anyhow::{Context as _, Result};
use zegel::{EventLog, ExactGuard, MemorySessions, MemoryTrust, Opener, Sealer, State, rng::SysRng};

use super::super::attack::Kind;
use super::super::cast::Holder;
use super::super::run::{Run, now};
use super::forge::{From, lie, sealed};
use super::{Seen, Shot};

/// The next attack of this kind; `None` when it is another kind, or he has not what it needs.
pub(super) fn shot(run: &Run, seen: &Seen, kind: Kind, turn: usize) -> Result<Option<Shot>> {
    let shown = || run.ledger.shown();
    let evidence = match kind {
        Kind::IntroductionReplay => {
            let introduction = seen.forwards.first();
            return Ok(introduction.map(|message| Shot::new(&run.topics.gp, message.clone())));
        }
        Kind::EvidenceStranger => shown(),
        Kind::EvidenceAltered => shown().map(altered),
        Kind::EvidenceUnknown => Some(measured_for_him(run, &run.cast.mallory)?),
        Kind::EvidenceRevoked => Some(measured_for_him(run, &run.cast.revoked)?),
        _ => None,
    };
    let Some(evidence) = evidence else { return Ok(None) };
    let (rival, gp) = (&run.cast.rival, &run.cast.gp);
    let mut sealer = Sealer::new(&rival.identity, &gp.card, Some(now()), From(turn as u64))?;
    let envelope = sealer.forward_to_vec(&run.topics.gp, Some(now()), &evidence, &mut SysRng)?;
    Ok(Some(Shot::new(&run.topics.gp, envelope)))
}

/// True evidence of what `device` measured, for him.
fn measured_for_him(run: &Run, device: &Holder) -> Result<Vec<u8>> {
    let rival = &run.cast.rival;
    let topic = &run.topics.gp;
    let mut envelope = sealed(&device.identity, &rival.card, topic, 0, &lie())?;
    let mut state = State {
        trust: MemoryTrust::new(),
        replay: ExactGuard::default(),
        sessions: MemorySessions::default(),
        events: EventLog::<8>::new(),
    };
    state.trust.pin(&device.card)?;
    let opener = Opener::new(*rival.card.id(), std::slice::from_ref(&rival.kem));
    let opened = opener.open(&mut state, topic, Some(now()), &mut envelope)?;
    Ok(opened.testimony().context("no testimony")?.to_vec(&device.encoded)?)
}

/// With another signature: whatever else is changed, the signature is what does not fit.
fn altered(mut evidence: Vec<u8>) -> Vec<u8> {
    let place = evidence.len() - SIGNATURE;
    evidence[place] ^= 1;
    evidence
}

/// Within the signature, which ends all evidence.
const SIGNATURE: usize = 40;
