//! The chain: sessions and their blocks, the PGO's two keys, two hands at the GP, and what somebody has to look at.

use anyhow::Result;
use serde::Serialize;
use zegel::{Event, Id, Origin, Stream, UnverifiedEvidence};
use zegel_store::Store;

use super::super::ledger;
use super::super::run::Run;
use super::super::script::Way;
use super::super::stored::Handed;
use super::super::wearable::Spent;
use super::super::{gp, pgo, wearable};

/// What happened beside single messages.
#[derive(Debug, Serialize)]
pub(in super::super) struct Chain {
    /// Pairings by a code, over the broker.
    pub(in super::super) pairings: usize,
    pub(in super::super) sessions: usize,
    pub(in super::super) manifests: usize,
    /// Blocks that the PGO could prove, and the measurements in them.
    pub(in super::super) blocks: usize,
    pub(in super::super) proven: u64,
    /// Messages that overtook their keyframe, and opened after it.
    pub(in super::super) overtook: usize,
    /// Messages that wait for a keyframe that never came, and those that found no room.
    pub(in super::super) shelved: u64,
    pub(in super::super) no_room: usize,
    /// New KEM keys of the PGO, what was under way to the old one, and old ones erased.
    pub(in super::super) rotations: usize,
    pub(in super::super) held_over: usize,
    pub(in super::super) erased: usize,
    /// Numbers that the wearable had reserved when it was switched off: first and last.
    pub(in super::super) skipped: Option<(u64, u64)>,
    /// Measurements that came a week late.
    pub(in super::super) backlog: usize,
    pub(in super::super) hands: Hands,
    pub(in super::super) events: Vec<Noted>,
}

/// Evidence in the GP's store, verified again as a third party would.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(in super::super) struct Hands {
    pub(in super::super) origin: String,
    pub(in super::super) forwarder: String,
    pub(in super::super) verified: usize,
    /// How the GP knew the origin: by the PGO's introduction, or of its own.
    pub(in super::super) vouched: usize,
    pub(in super::super) pinned: usize,
}

/// A security event that waits to be seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(in super::super) struct Noted {
    pub(in super::super) at: &'static str,
    pub(in super::super) event: &'static str,
    pub(in super::super) about: String,
    pub(in super::super) times: u64,
}

impl Chain {
    pub(super) fn read(run: &Run, counted: &ledger::Chain, spent: &[Spent]) -> Result<Self> {
        let stores = [pgo::state(run)?, gp::state(run)?, wearable::state(run, false)?];
        let [pgo, gp, wearable] = &stores;
        let off = spent.first().map_or(0, |spent| spent.left_off);
        let on = spent.get(1).map_or(0, |spent| spent.went_on);
        let mut events = noted(run, "PGO", pgo)?;
        events.extend(noted(run, "GP", gp)?);
        events.extend(noted(run, "wearable", wearable)?);
        Ok(Self {
            pairings: counted.paired,
            sessions: counted.sessions,
            manifests: spent.iter().map(|spent| spent.manifests.len()).sum(),
            blocks: counted.blocks,
            proven: counted.proven,
            overtook: counted.waited,
            shelved: pgo.shelved()?,
            no_room: counted.no_room,
            rotations: counted.rotated,
            held_over: spent.iter().map(|spent| spent.held).sum(),
            erased: counted.erased,
            skipped: (off < on).then(|| (off, on - 1)),
            backlog: run.script.by(Way::Backlog).count(),
            hands: hands(run, gp)?,
            events,
        })
    }

    /// What is wrong with it, in words. `gaps` are those that the PGO reports of the wearable's stream.
    pub(super) fn faults(&self, run: &Run, spent: &[Spent], gaps: &[(u64, u64)]) -> Vec<String> {
        let mut faults = Vec::new();
        let in_sessions = run.script.by(Way::Session).count() + self.backlog;
        let overtook = spent.iter().filter(|spent| spent.overtook).count();
        for (found, expected, what) in [
            (self.pairings, 3, "pairings"),
            (self.sessions, spent.iter().map(|spent| spent.keyframes.len()).sum(), "sessions"),
            (self.blocks, self.manifests, "proven blocks"),
            (self.proven as usize, in_sessions, "proven measurements of sessions"),
            (self.overtook, overtook, "messages that had to wait for their keyframe"),
            (self.no_room, 0, "messages without room on the shelf"),
            (self.rotations, 1, "changes of the PGO's key"),
            (self.erased, 1, "erased keys"),
            (self.hands.verified, run.script.measurements.len(), "verified pieces of evidence"),
        ] {
            if found != expected {
                faults.push(format!("{found} {what}, where there should be {expected}"));
            }
        }
        if !gaps.iter().copied().eq(self.skipped) {
            let skipped = self.skipped;
            faults.push(format!("the PGO reports the gaps {gaps:?}, where the wearable skipped {skipped:?}"));
        }
        faults.extend(self.alarms(run));
        faults
    }

    /// Events that nobody expected, and those that should be there and are not.
    fn alarms(&self, run: &Run) -> Vec<String> {
        let cast = &run.cast;
        let expected = [
            ("PGO", "Conflict", cast.wearable.card.label()),
            ("PGO", "Conflict", cast.bad.card.label()),
            ("wearable", "KeyChanged", cast.pgo.card.label()),
            ("wearable", "Equivocation", cast.pgo.card.label()),
        ];
        let same = |noted: &Noted, (at, event, about): &(&str, &str, &str)| {
            noted.at == *at && noted.event == *event && noted.about == *about
        };
        let unexpected = self.events.iter().filter(|noted| !expected.iter().any(|one| same(noted, one)));
        let missing = expected.iter().filter(|one| !self.events.iter().any(|noted| same(noted, one)));
        unexpected
            .map(|noted| format!("the {} noted {} about the {}", noted.at, noted.event, noted.about))
            .chain(
                missing.map(|(at, event, about)| format!("the {at} did not note {event} about the {about}")),
            )
            .collect()
    }
}

fn hands(run: &Run, gp: &Store) -> Result<Hands> {
    let cast = &run.cast;
    let mut hands = Hands {
        origin: cast.wearable.card.id().fingerprint().to_string(),
        forwarder: cast.pgo.card.id().fingerprint().to_string(),
        ..Hands::default()
    };
    for handed in Handed::all(gp)? {
        // As somebody would who has these bytes alone, and looks who is behind them.
        let evidence = UnverifiedEvidence::parse(&handed.evidence)?.verify()?;
        let meant = evidence.audience().any(|id| id == handed.forwarder);
        if evidence.origin() == cast.wearable.card.id() && handed.forwarder == *cast.pgo.card.id() && meant {
            hands.verified += 1;
        }
        match handed.known {
            Origin::Vouched => hands.vouched += 1,
            Origin::Pinned => hands.pinned += 1,
        }
    }
    Ok(hands)
}

fn noted(run: &Run, at: &'static str, store: &Store) -> Result<Vec<Noted>> {
    let events = store.events()?.into_iter().map(|noted| {
        let (event, id) = match &noted.event {
            Event::Conflict { stream: Stream { sender, .. }, .. } => ("Conflict", sender),
            Event::Equivocation { id } => ("Equivocation", id),
            Event::KeyChanged { id, .. } => ("KeyChanged", id),
        };
        Noted { at, event, about: label(run, id), times: noted.times }
    });
    Ok(events.collect())
}

fn label(run: &Run, id: &Id) -> String {
    let cast = &run.cast;
    let all = [&cast.wearable, &cast.pgo, &cast.carer, &cast.bad, &cast.former, &cast.rival, &cast.gp];
    let known = all.iter().find(|holder| holder.card.id() == id);
    known.map_or_else(|| id.to_string(), |holder| holder.card.label().to_owned())
}
