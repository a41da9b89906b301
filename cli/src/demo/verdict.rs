//! The verdict: what the stores hold in the end against what the wearable measured, and what the account says.
//!
//! Everything that counts is read again from the receivers' files, as somebody would who opens them tomorrow.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use serde::Serialize;
use zegel::Stream;
use zegel::measure::{Pack, Reading, Value};

use super::attack::Role;
use super::eavesdropper::Overheard;
use super::ledger::{Account, Attempts};
use super::receiver::Stored;
use super::recording::Recording;
use super::run::{Run, samples};
use super::wearable::Sizes;
use super::{gp, pgo};

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
    pub(super) gp: Received,
    pub(super) minimised: Minimised,
    pub(super) bytes: Bytes,
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

/// What became of the measurements at one receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Received {
    /// Genuine envelopes that were sent to it.
    pub(super) sent: usize,
    pub(super) opened_once: usize,
    pub(super) lost: usize,
    pub(super) doubled: usize,
    pub(super) altered: usize,
    /// Delivered again by QoS 1 and recognised.
    pub(super) redelivered: usize,
    /// Numbers that never came: first and last of each gap.
    pub(super) gaps: Vec<(u64, u64)>,
    /// Those of them that the sender never used, since it restarted.
    pub(super) skipped: u64,
}

/// What left the device, and what did not.
#[derive(Debug, Serialize)]
pub(super) struct Minimised {
    /// How often each name was opened.
    pub(super) opened: BTreeMap<String, usize>,
    pub(super) withheld: Vec<String>,
}

/// Bytes of the wearable's measurements and envelopes.
#[derive(Debug, Serialize)]
pub(super) struct Bytes {
    pub(super) measurements: usize,
    pub(super) envelopes: usize,
}

/// What the eavesdropper got.
#[derive(Debug, Serialize)]
pub(super) struct Heard {
    pub(super) messages: usize,
    pub(super) bytes: usize,
    pub(super) readable: usize,
    pub(super) bits_per_byte: f64,
    #[serde(skip)]
    pub(super) lengths: Vec<(usize, bool)>,
    #[serde(skip)]
    pub(super) histogram: Vec<usize>,
    #[serde(skip)]
    pub(super) sample: Vec<u8>,
}

/// A line of the attack table.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    pub(super) attack: &'static str,
    pub(super) at: &'static str,
    pub(super) attempts: usize,
    pub(super) refused: usize,
    #[serde(rename = "as")]
    pub(super) error: &'static str,
    pub(super) otherwise: BTreeMap<&'static str, usize>,
    pub(super) passed: usize,
}

/// A measurement that the PGO opened.
#[derive(Debug, Serialize)]
pub(super) struct Opened {
    pub(super) sequence: u64,
    pub(super) time: Option<u64>,
    pub(super) records: Vec<Record>,
}

/// A record of it, as SenML has it.
#[derive(Debug, Serialize)]
pub(super) struct Record {
    #[serde(rename = "n")]
    pub(super) name: String,
    #[serde(rename = "u", skip_serializing_if = "Option::is_none")]
    pub(super) unit: Option<String>,
    /// One number, or the samples of a wave.
    #[serde(rename = "v")]
    pub(super) values: Vec<f64>,
}

/// Judges a run that has ended.
pub(super) fn judge(
    run: &Run,
    recording: &Recording,
    sizes: &[Sizes],
    heard: Overheard,
    seconds: f64,
) -> Result<Verdict> {
    let account = run.ledger.lock();
    let (at_pgo, at_gp) = (Stored::all(&pgo::state(run)?)?, Stored::all(&gp::state(run)?)?);
    let cast = &run.cast;
    let to_pgo = Stream::new(*cast.wearable.card.id(), cast.pgo.card.id());
    let to_gp = Stream::new(*cast.pgo.card.id(), cast.gp.card.id());
    let gaps = (pgo::state(run)?.gaps(&to_pgo)?, gp::state(run)?.gaps(&to_gp)?);

    let mut failures = account.faults.clone();
    let pgo = received(run, &account, Role::Pgo, &at_pgo, gaps.0, |_| true);
    let gp = received(run, &account, Role::Gp, &at_gp, gaps.1, |number| account.forwarded.contains(&number));
    failures.extend(faults_of(&pgo, "PGO", run.script.measurements.len()));
    failures.extend(faults_of(&gp, "GP", run.script.measurements.len()));
    failures.extend(account.wronged());
    let attacks: Vec<Line> = account.attempts().into_iter().map(Line::from).collect();
    failures.extend(attacks.iter().filter_map(Line::fault));
    failures.extend(heard.fault(sizes.len() + pgo.sent));
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
        gp,
        minimised: Minimised { opened: names, withheld: run.script.withheld.clone() },
        bytes: Bytes {
            measurements: sizes.iter().map(|sizes| sizes.measurement).sum(),
            envelopes: sizes.iter().map(|sizes| sizes.envelope).sum(),
        },
        eavesdropper: heard.into(),
        attempts: attacks.iter().map(|line| line.attempts).sum(),
        passed: attacks.iter().map(|line| line.passed).sum(),
        attacks,
        opened,
    })
}

fn received(
    run: &Run,
    account: &Account,
    role: Role,
    stored: &[Stored],
    gaps: Vec<(u64, u64)>,
    used: impl Fn(u64) -> bool,
) -> Received {
    let expected: Vec<_> =
        run.script.measurements.iter().map(|measured| (measured.time, measured.body.as_slice())).collect();
    let in_store = compare(&expected, stored);
    let genuine = account.genuine(role);
    let skipped =
        gaps.iter().flat_map(|(first, last)| *first..=*last).filter(|number| !used(*number)).count();
    Received {
        sent: genuine.sent,
        opened_once: in_store.opened_once.min(genuine.once),
        lost: in_store.lost.max(genuine.lost),
        doubled: in_store.doubled.max(genuine.doubled),
        altered: in_store.altered,
        redelivered: genuine.redelivered,
        gaps,
        skipped: skipped as u64,
    }
}

/// Compares what was measured with what is in a store, both with their numbers: equal measurements are no
/// doubles as long as there are as many of them on both sides.
fn compare(expected: &[(Option<u64>, &[u8])], stored: &[Stored]) -> Received {
    let mut left: HashMap<(Option<u64>, &[u8]), i64> = HashMap::new();
    for measured in expected {
        *left.entry(*measured).or_default() += 1;
    }
    let mut result = Received::default();
    for row in stored {
        match left.get_mut(&(row.time, row.body.as_slice())) {
            Some(count) if *count > 0 => {
                *count -= 1;
                result.opened_once += 1;
            }
            Some(_) => result.doubled += 1,
            None => result.altered += 1,
        }
    }
    result.lost = expected.len() - result.opened_once;
    result
}

fn faults_of(received: &Received, who: &str, expected: usize) -> Vec<String> {
    let mut faults = Vec::new();
    for (count, what) in
        [(received.lost, "lost"), (received.doubled, "doubled"), (received.altered, "altered")]
    {
        if count > 0 {
            faults.push(format!("{count} of {expected} measurements were {what} on the way to the {who}"));
        }
    }
    if received.opened_once != expected {
        faults.push(format!("the {who} opened {} of {expected} measurements once", received.opened_once));
    }
    let missing: u64 = received.gaps.iter().map(|(first, last)| last - first + 1).sum();
    if missing != received.skipped {
        faults.push(format!("the {who} misses {} numbers", missing - received.skipped));
    }
    faults
}

impl Overheard {
    fn fault(&self, at_least: usize) -> Option<String> {
        if !self.search_works {
            Some("the search for plain text does not find plain text".into())
        } else if self.readable_count > 0 {
            let shown = self.readable.join(", ");
            Some(format!("{} messages were readable on the broker: {shown}", self.readable_count))
        } else if self.messages < at_least {
            Some(format!("the eavesdropper saw {} of at least {at_least} messages", self.messages))
        } else {
            None
        }
    }
}

impl Line {
    fn fault(&self) -> Option<String> {
        let Self { attack, at, attempts, refused, error, .. } = self;
        if self.passed > 0 {
            Some(format!("an attack passed at the {at}: {attack}, {} times", self.passed))
        } else if refused != attempts || !self.otherwise.is_empty() {
            let otherwise = &self.otherwise;
            Some(format!(
                "{attack} ({at}): {refused} of {attempts} refused as {error}, others as {otherwise:?}"
            ))
        } else {
            None
        }
    }
}

impl From<Attempts> for Line {
    fn from(attempts: Attempts) -> Self {
        Self {
            attack: attempts.kind.words(),
            at: attempts.at.name(),
            attempts: attempts.sent,
            refused: attempts.refused,
            error: attempts.kind.error().name(),
            otherwise: attempts.otherwise.iter().map(|(error, times)| (error.name(), *times)).collect(),
            passed: attempts.passed,
        }
    }
}

impl From<Overheard> for Heard {
    fn from(heard: Overheard) -> Self {
        Self {
            bits_per_byte: heard.entropy(),
            messages: heard.messages,
            bytes: heard.bytes,
            readable: heard.readable_count,
            lengths: heard.lengths,
            histogram: heard.histogram,
            sample: heard.sample,
        }
    }
}

impl Opened {
    fn new(stored: &Stored) -> Result<Self> {
        let readings = Pack::decode(&stored.body)?.resolved(stored.time);
        let records = readings.into_iter().map(Record::from).collect();
        Ok(Self { sequence: stored.sequence, time: stored.time, records })
    }
}

impl From<Reading> for Record {
    fn from(reading: Reading) -> Self {
        let values = match &reading.value {
            Some(Value::Number(number)) => vec![*number],
            Some(Value::Data(wave)) => samples(wave),
            _ => Vec::new(),
        };
        Self { name: reading.name, unit: reading.unit, values }
    }
}

#[cfg(test)]
mod tests {
    use super::super::attack::Kind;
    use super::*;

    fn stored(sequence: u64, body: &[u8]) -> Stored {
        Stored { sequence, time: Some(60), body: body.to_vec() }
    }

    #[test]
    fn lost_doubled_and_altered_are_told_apart() {
        let expected: [(Option<u64>, &[u8]); 3] = [(Some(60), b"a"), (Some(60), b"a"), (Some(60), b"b")];
        let whole = [stored(0, b"a"), stored(1, b"a"), stored(2, b"b")];
        let fine = Received { opened_once: 3, ..Received::default() };
        assert_eq!(compare(&expected, &whole), fine);
        assert!(faults_of(&fine, "PGO", 3).is_empty());

        let lost = compare(&expected, &whole[..2]);
        assert_eq!((lost.opened_once, lost.lost), (2, 1));
        let doubled = compare(&expected, &[&whole[..], &[stored(2, b"b")]].concat());
        assert_eq!((doubled.opened_once, doubled.doubled), (3, 1));
        let altered = compare(&expected, &[stored(0, b"a"), stored(1, b"a"), stored(2, b"c")]);
        assert_eq!((altered.lost, altered.altered), (1, 1));
        for wrong in [lost, doubled, altered] {
            assert!(!faults_of(&wrong, "PGO", 3).is_empty());
        }
        let gap = Received { opened_once: 3, gaps: vec![(1, 2)], skipped: 1, ..Received::default() };
        assert_eq!(faults_of(&gap, "GP", 3), ["the GP misses 1 numbers"]);
    }

    #[test]
    fn an_attack_that_passes_or_gets_another_error_is_a_fault() {
        let line = |refused, passed, otherwise: &[(zegel::Error, usize)]| {
            Line::from(Attempts {
                kind: Kind::FlipText,
                at: Role::Pgo,
                sent: 2,
                refused,
                otherwise: otherwise.iter().copied().collect(),
                passed,
            })
        };
        assert_eq!(line(2, 0, &[]).fault(), None);
        assert!(line(1, 1, &[]).fault().unwrap().starts_with("an attack passed at the PGO"));
        assert!(line(1, 0, &[]).fault().is_some(), "one that was never received");
        assert!(line(1, 0, &[(zegel::Error::Malformed, 1)]).fault().is_some());
    }

    #[test]
    fn what_is_readable_is_a_fault() {
        let mut heard = Overheard { search_works: true, messages: 4, ..Overheard::default() };
        assert_eq!(heard.fault(4), None);
        assert!(heard.fault(5).is_some());
        heard.readable_count = 1;
        assert!(heard.fault(4).is_some());
        heard = Overheard { messages: 4, ..Overheard::default() };
        assert!(heard.fault(4).is_some());
    }
}
