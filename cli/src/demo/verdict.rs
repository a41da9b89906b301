//! The verdict: what the stores hold in the end against what the wearable measured, and what the account says.
//!
//! Everything that counts is read again from the receivers' files, as somebody would who opens them tomorrow.

mod chain;
mod heard;
mod line;
mod opened;
mod received;

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;
use zegel::Stream;

use super::attack::Role;
use super::eavesdropper::Overheard;
use super::recording::Recording;
use super::run::Run;
use super::script::Way;
use super::stored::Stored;
use super::wearable::Spent;
use super::{carer, gp, pgo};

pub(super) use chain::Chain;
pub(super) use heard::Heard;
pub(super) use line::Line;
pub(super) use opened::Opened;
pub(super) use received::Received;

/// The whole result of a run.
#[derive(Debug, Serialize)]
pub(super) struct Verdict {
    /// Everything arrived, once and unaltered; nothing was readable; no attack passed.
    pub(super) ok: bool,
    pub(super) failures: Vec<String>,
    pub(super) recording: Source,
    pub(super) broker: String,
    pub(super) seconds: f64,
    pub(super) pgo: Received,
    pub(super) carer: Received,
    pub(super) gp: Received,
    pub(super) chain: Chain,
    pub(super) minimised: Minimised,
    pub(super) bytes: Vec<Bytes>,
    pub(super) eavesdropper: Heard,
    pub(super) attacks: Vec<Line>,
    pub(super) attempts: usize,
    pub(super) passed: usize,
    /// What the PGO has in its store.
    pub(super) opened: Vec<Opened>,
}

/// Where the measurements came from.
#[derive(Debug, Serialize)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) rows: usize,
    pub(super) skipped: usize,
    pub(super) columns: Vec<String>,
}

/// What left the device, and what did not.
#[derive(Debug, Serialize)]
pub(super) struct Minimised {
    /// How often each name was opened.
    pub(super) opened: BTreeMap<String, usize>,
    pub(super) withheld: Vec<String>,
}

/// Bytes of the wearable's measurements that went one way.
#[derive(Debug, Serialize)]
pub(super) struct Bytes {
    pub(super) way: &'static str,
    pub(super) count: usize,
    pub(super) measurements: usize,
    /// On the wire, with keyframes and manifests where these belong to it.
    pub(super) wire: usize,
}

/// Judges a run that has ended.
pub(super) fn judge(
    run: &Run,
    recording: &Recording,
    spent: &[Spent],
    heard: Overheard,
    seconds: f64,
) -> Result<Verdict> {
    let account = run.ledger.lock();
    let cast = &run.cast;
    let wearable = cast.wearable.card.id();
    let stores = (pgo::state(run)?, carer::state(run)?, gp::state(run)?);
    let at_pgo = Stored::all(&stores.0, wearable)?;
    let gaps = stores.0.gaps(&Stream::new(*wearable, cast.pgo.card.id()))?;
    let to_gp = stores.2.gaps(&Stream::new(*cast.pgo.card.id(), cast.gp.card.id()))?;
    let (all, for_two) =
        (run.script.measurements.iter(), || run.script.by(Way::Group).map(|(_, measured)| measured));
    // Numbers that were skipped are weighed apart.
    let pgo = Received::count(&account, Role::Pgo, all.clone(), &at_pgo, gaps.clone(), |_| false);
    let at_carer = Stored::all(&stores.1, wearable)?;
    let missing =
        stores.1.streams()?.iter().map(|(stream, _)| stores.1.gaps(stream)).collect::<Result<Vec<_>, _>>()?;
    let carer = Received::count(&account, Role::Carer, for_two(), &at_carer, missing.concat(), |_| true);
    let at_gp = Stored::all(&stores.2, wearable)?;
    let gp =
        Received::count(&account, Role::Gp, all, &at_gp, to_gp, |number| account.forwarded.contains(&number));
    drop(stores);
    let chain = Chain::read(run, &account.chain, spent)?;

    let mut failures = account.faults.clone();
    let count = run.script.measurements.len();
    failures.extend(pgo.faults("PGO", count));
    failures.extend(carer.faults("carer", for_two().count()));
    failures.extend(gp.faults("GP", count));
    failures.extend(chain.faults(run, spent, &gaps));
    failures.extend(account.wronged());
    let attempts = account.attempts();
    failures.extend(line::untried(&attempts));
    let attacks: Vec<Line> = attempts.into_iter().map(Line::from).collect();
    failures.extend(attacks.iter().filter_map(Line::fault));
    failures.extend(heard.fault(count + chain.manifests + gp.sent));
    let opened = at_pgo.iter().map(Opened::new).collect::<Result<Vec<_>>>()?;
    let mut names = BTreeMap::new();
    for record in opened.iter().flat_map(|opened| &opened.records) {
        *names.entry(record.name.clone()).or_default() += 1;
    }
    for name in run.script.withheld.iter().filter(|name| names.contains_key(*name)) {
        failures.push(format!("{name} left the device"));
    }
    Ok(Verdict {
        ok: failures.is_empty(),
        failures,
        recording: Source {
            name: recording.name.clone(),
            rows: recording.rows.len(),
            skipped: recording.skipped,
            columns: recording.columns.iter().map(|column| column.name.clone()).collect(),
        },
        broker: run.broker.to_string(),
        seconds,
        pgo,
        carer,
        gp,
        chain,
        minimised: Minimised { opened: names, withheld: run.script.withheld.clone() },
        bytes: Way::ALL.iter().map(|way| Bytes::sum(*way, spent)).collect(),
        eavesdropper: heard.into(),
        attempts: attacks.iter().map(|line| line.attempts).sum(),
        passed: attacks.iter().map(|line| line.passed).sum(),
        attacks,
        opened,
    })
}

impl Bytes {
    fn sum(way: Way, spent: &[Spent]) -> Self {
        let sizes = || spent.iter().flat_map(|spent| &spent.sizes).filter(|sizes| sizes.way == way);
        // What keeps a session going is the share of what goes in sessions, by count.
        let in_sessions = |way: Way| matches!(way, Way::Session | Way::Backlog);
        let all = spent.iter().flat_map(|spent| &spent.sizes).filter(|sizes| in_sessions(sizes.way)).count();
        let extra: usize =
            spent.iter().flat_map(|spent| spent.keyframes.iter().chain(&spent.manifests)).sum();
        let share = if in_sessions(way) { extra * sizes().count() / all.max(1) } else { 0 };
        Self {
            way: way.words(),
            count: sizes().count(),
            measurements: sizes().map(|sizes| sizes.measurement).sum(),
            wire: sizes().map(|sizes| sizes.envelope).sum::<usize>() + share,
        }
    }
}
