//! What can be put on a card topic, by anybody who may publish there, and by a thief of an identity (SPEC §8.3).

use anyhow::Result;
use zegel::{Card, KemKey, Status, rng::SysRng};

use super::super::attack::{Kind, Role};
use super::super::ledger::mark;
use super::super::run::Run;
use super::{Seen, Shot};

/// The next attack of this kind; `None` when it is another kind, or he has not what it needs.
pub(super) fn shot(run: &Run, seen: &Seen, kind: Kind) -> Result<Option<Shot>> {
    let (cast, topic) = (&run.cast, &run.topics.cards[0]);
    let (Some(first), Some(latest)) = (seen.cards.first(), seen.cards.last()) else { return Ok(None) };
    let fresh = || KemKey::generate(&mut SysRng);
    Ok(Some(match kind {
        Kind::CardRollback if first != latest => Shot::new(topic, first.clone()),
        // Not of a serial that may be past when his card arrives.
        Kind::CardEquivocation if first != latest => {
            let serial = Card::from_bytes(latest)?.serial();
            Shot::new(topic, cast.pgo.reissue(serial, &[fresh()?.public()], Status::Active)?)
        }
        Kind::CardStranger => Shot::new(topic, cast.mallory.encoded.clone()),
        Kind::CardForged => Shot::new(topic, forged(latest, &fresh()?)?),
        Kind::CardUndo if withdrawn(run, seen) => {
            Shot::new(&run.topics.cards[1], cast.former.encoded.clone())
        }
        Kind::CardOutrun if withdrawn(run, seen) => {
            let card = cast.former.reissue(9, &[fresh()?.public()], Status::Active)?;
            Shot::new(&run.topics.cards[1], card)
        }
        _ => return Ok(None),
    }))
}

/// Whether the wearable knows that the former carer has given up his keys.
fn withdrawn(run: &Run, seen: &Seen) -> bool {
    let topic = &run.topics.cards[1];
    seen.withdrawals.iter().any(|card| run.ledger.taken(Role::Wearable, &mark(topic, card)))
}

/// The card with his key in the place of its first one, and that key's identifier.
fn forged(card: &[u8], key: &KemKey) -> Result<Vec<u8>> {
    let verified = Card::from_bytes(card)?;
    let mut copy = card.to_vec();
    if let Some(old) = verified.kem_keys().next() {
        for (old, new) in
            [(&old.kid().0[..], &key.public().kid().0[..]), (old.as_bytes(), key.public().as_bytes())]
        {
            if let Some(at) = copy.windows(old.len()).position(|window| window == old) {
                copy[at..at + new.len()].copy_from_slice(new);
            }
        }
    }
    Ok(copy)
}
