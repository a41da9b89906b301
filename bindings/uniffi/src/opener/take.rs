//! Taking: what is opened, what the application stores of it, and the number, together or not at all (SPEC §7.3).

use std::sync::Arc;

use zegel::{Content, Error, SessionId};
use zegel_store::Awaited;

use crate::failure::Failure;
use crate::opened::Opened;
use crate::opener::Opener;
use crate::opener::place::Place;
use crate::store::Kind;

/// Stores what was opened, durably, or fails. It runs in the middle of the transaction that takes the number, so it
/// makes no call to the same store, nor to an opener or a sealer of it.
#[uniffi::export(with_foreign)]
pub trait Taker: Send + Sync {
    /// Stores it. The digest names it: what was stored and yet not taken, because the power went, comes once more.
    fn take(&self, opened: Opened) -> Result<(), Failure>;
}

/// What became of a message that was not refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct Received {
    /// How many were opened: the message, and what had waited for it.
    pub taken: u64,
    /// Whether it came too early, and is kept until it can be opened.
    pub early: bool,
    /// How many that had waited were refused now: noise, duplicates, or of somebody who has ended.
    pub refused: u64,
}

/// How messages are taken.
pub(super) struct Manner {
    pub(super) now: Option<u64>,
    pub(super) proven: bool,
    pub(super) taker: Option<Arc<dyn Taker>>,
}

/// Why a message was not taken: its own fault, or ours.
enum Not {
    Refused(Error),
    Broken(Failure),
}

pub(super) fn open(
    opener: &Opener,
    manner: &Manner,
    topic: &str,
    message: Vec<u8>,
) -> Result<Opened, Failure> {
    within(opener, |place| {
        open_in(opener, place, manner, topic, message).map_err(|not| match not {
            Not::Refused(error) => error.into(),
            Not::Broken(failure) => failure,
        })
    })
}

pub(super) fn receive(
    opener: &Opener,
    manner: &Manner,
    topic: &str,
    message: Vec<u8>,
) -> Result<Received, Failure> {
    within(opener, |place| match open_in(opener, place, manner, topic, message.clone()) {
        Ok(opened) => {
            let mut received = Received { taken: 1, ..Received::default() };
            if let crate::opened::Content::Keyframe { session, .. } = &opened.content {
                let session: SessionId = crate::bytes::session_id(session)?;
                again(opener, place, manner, Awaited::Keyframe(session), &mut received)?;
            }
            Ok(received)
        }
        Err(Not::Refused(error)) => match Awaited::after(error, &message) {
            Some(awaited) if shelved(place, awaited, topic, &message, manner.now)? => {
                Ok(Received { early: true, ..Received::default() })
            }
            _ => Err(error.into()),
        },
        Err(Not::Broken(failure)) => Err(failure),
    })
}

pub(super) fn retry(opener: &Opener, manner: &Manner) -> Result<Received, Failure> {
    within(opener, |place| {
        let mut received = Received::default();
        again(opener, place, manner, Awaited::Card, &mut received)?;
        Ok(received)
    })
}

/// Opens what waited, in the order in which it came: a keyframe among it brings what waited for it in turn.
fn again(
    opener: &Opener,
    place: &mut dyn Place,
    manner: &Manner,
    awaited: Awaited,
    received: &mut Received,
) -> Result<(), Failure> {
    let mut waiting = std::collections::VecDeque::from(place.unshelve(awaited)?);
    while let Some((topic, message, since)) = waiting.pop_front() {
        match open_in(opener, place, manner, &topic, message.clone()) {
            Ok(opened) => {
                received.taken = received.taken.saturating_add(1);
                if let crate::opened::Content::Keyframe { session, .. } = &opened.content {
                    let session = crate::bytes::session_id(session)?;
                    waiting.extend(place.unshelve(Awaited::Keyframe(session))?);
                }
            }
            Err(Not::Refused(error)) => match Awaited::after(error, &message) {
                Some(still) if shelved(place, still, &topic, &message, since)? => {}
                _ => received.refused = received.refused.saturating_add(1),
            },
            Err(Not::Broken(failure)) => return Err(failure),
        }
    }
    Ok(())
}

/// Whether there was room. Where there was none the message is refused for what it lacks, and lost: left with the broker
/// it would hold up all that come after it, and anybody can fill the shelf.
fn shelved(
    place: &mut dyn Place,
    awaited: Awaited,
    topic: &str,
    message: &[u8],
    since: Option<u64>,
) -> Result<bool, Failure> {
    match place.shelve(awaited, topic, message, since) {
        Ok(()) => Ok(true),
        Err(failure) if failure == Error::Full.into() => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// One message, and all that follows from it.
fn open_in(
    opener: &Opener,
    place: &mut dyn Place,
    manner: &Manner,
    topic: &str,
    mut message: Vec<u8>,
) -> Result<Opened, Not> {
    let opened = match opener.core().open(place, topic, manner.now, &mut message) {
        Ok(opened) => opened,
        // Our own trouble is no fault of the message: it is left with the broker.
        Err(error @ (Error::Storage | Error::Full | Error::KeyUnavailable | Error::Entropy)) => {
            return Err(Not::Broken(place.told(error)));
        }
        Err(error) => return Err(Not::Refused(error)),
    };
    follow(place, manner, &opened).map_err(Not::Broken)
}

fn follow(place: &mut dyn Place, manner: &Manner, opened: &zegel::Opened<'_>) -> Result<Opened, Failure> {
    if let Content::Introduction(introduction) = opened.content() {
        place.introduce(opened.sender(), opened.sequence(), introduction)?;
    }
    let mut proven = Vec::new();
    if manner.proven {
        proven = place.evidence(opened)?;
    } else if let Some(block) = opened.block() {
        block.release(place).map_err(|error| place.told(error))?;
    }
    let opened = Opened::new(opened, proven);
    if let Some(taker) = &manner.taker {
        taker.take(opened.clone()).map_err(|_| Failure::CALLBACK)?;
    }
    Ok(opened)
}

/// Works on the state, all of it or none; an alarm is kept in any case, before anybody hears of a refusal.
fn within<T>(opener: &Opener, work: impl FnOnce(&mut dyn Place) -> Result<T, Failure>) -> Result<T, Failure> {
    let _taking = opener.store.mark().taking();
    match opener.kind() {
        Kind::File(store) => {
            let mut transaction = store.begin()?;
            match work(&mut transaction) {
                Ok(outcome) => {
                    transaction.commit()?;
                    Ok(outcome)
                }
                Err(failure) => {
                    transaction.refuse()?;
                    Err(failure)
                }
            }
        }
        Kind::Rows(shelter) => shelter.with(|rows| work(rows)),
    }
}
