//! Attacks on envelopes that go alone, and on what the PGO hands on: changed, repeated, moved, forged.

use anyhow::Result;
use bytes::Bytes;

use super::super::attack::{Kind, Role};
use super::super::ledger::mark;
use super::super::run::Run;
use super::{Seen, Shot, edit, forge};

/// The next attack of this kind; `None` when it is another kind, or he has not what it needs.
pub(super) fn shot(run: &Run, seen: &Seen, kind: Kind, turn: usize) -> Result<Option<Shot>> {
    let (cast, topics) = (&run.cast, &run.topics);
    let (Some(latest), Some(measured)) = (seen.envelopes.last(), seen.measurements.last()) else {
        return Ok(None);
    };
    let (topic, forward) = (&topics.pgo[0], seen.forwards.last());
    let shot = match kind {
        Kind::Replay => Shot::new(topic, latest.clone()),
        Kind::ReplayRetained => Shot { retain: true, ..Shot::new(topic, measured.clone()) },
        Kind::ReplayForward => match forward {
            Some(forward) => Shot::new(&topics.gp, forward.clone()),
            None => return Ok(None),
        },
        Kind::MoveTopic => Shot::new(&topics.pgo[1], latest.clone()),
        Kind::RetargetPgo => match forward {
            Some(forward) => Shot::new(topic, forward.clone()),
            None => return Ok(None),
        },
        Kind::RetargetGp => Shot::new(&topics.gp, latest.clone()),
        Kind::SwapKid => match forward {
            Some(forward) if turn.is_multiple_of(2) => Shot::new(topic, edit::readdressed(forward, latest)),
            Some(forward) => Shot::new(&topics.gp, edit::readdressed(latest, forward)),
            None => return Ok(None),
        },
        Kind::OwnKey => Shot::new(topic, forge::sealed_by(&cast.mallory, run, turn)?),
        Kind::RevokedDevice => Shot::new(topic, forge::sealed_by(&cast.revoked, run, turn)?),
        Kind::ExpiredDevice => Shot::new(topic, forge::sealed_by(&cast.expired, run, turn)?),
        Kind::Clone => {
            // The number has to be one that the PGO has taken, or the clone would be the first to use it.
            let taken = |message: &Bytes| run.ledger.taken(Role::Pgo, &mark(topic, message));
            if !seen.all.get(turn).is_some_and(taken) {
                return Ok(None);
            }
            Shot::new(topic, forge::sealed_by(&cast.wearable, run, turn)?)
        }
        Kind::Resign => {
            Shot::new(topic, forge::signed_in_the_name_of(&cast.wearable, &cast.mallory, run, turn)?)
        }
        // A sender that the GP has not pinned is refused before anybody looks at its signature.
        Kind::Readdress if !run.ledger.lock().chain.met => return Ok(None),
        Kind::Readdress => Shot::new(&topics.gp, forge::handed_on(measured, topic, run)?),
        Kind::SwapEk => match seen.envelopes.iter().rev().nth(1) {
            Some(other) => Shot::new(topic, edit::alter(kind, latest, other, turn)),
            None => return Ok(None),
        },
        Kind::Huge if turn >= MOST_HUGE => return Ok(None),
        Kind::FlipFrame
        | Kind::FlipKid
        | Kind::FlipEk
        | Kind::FlipText
        | Kind::Cut
        | Kind::CutMended
        | Kind::Extend
        | Kind::Reencode
        | Kind::Garbage
        | Kind::Empty
        | Kind::Huge
        | Kind::ZeroEk => match (turn % 4, forward) {
            (3, Some(forward)) => Shot::new(&topics.gp, edit::alter(kind, forward, forward, turn)),
            _ => Shot::new(topic, edit::alter(kind, latest, latest, turn)),
        },
        _ => return Ok(None),
    };
    Ok(Some(shot))
}

const MOST_HUGE: usize = 3;
