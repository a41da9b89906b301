//! What the wearable measured, what of it may leave, and by which way each measurement goes.
//!
//! The recording is moved in time so that it ends now: a receiver takes nothing that is older than its policy says
//! (SPEC §7.5, §9.2).

use anyhow::{Context as _, Result, bail};
use zegel::measure::{Pack, Policy, Record};

use super::recording::{Recording, Row};

/// What the wearable measured, and what of it may leave.
pub(super) struct Script {
    pub(super) policy: Policy,
    pub(super) measurements: Vec<Measured>,
    /// Names that stay on the device.
    pub(super) withheld: Vec<String>,
    /// Seconds between the oldest measurement and now.
    pub(super) oldest: u64,
}

/// One measurement, after minimisation.
pub(super) struct Measured {
    pub(super) way: Way,
    pub(super) time: Option<u64>,
    pub(super) pack: Pack,
    /// What has to come out at the other end, byte for byte.
    pub(super) body: Vec<u8>,
}

/// How a measurement goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// In an envelope of its own.
    Alone,
    /// In a session.
    Session,
    /// In one envelope for the PGO and the carer.
    Group,
    /// A week late, in a session.
    Backlog,
}

impl Way {
    pub(super) const ALL: [Self; 4] = [Self::Alone, Self::Session, Self::Group, Self::Backlog];

    /// What the table says.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Alone => "one at a time",
            Self::Session => "in a session",
            Self::Group => "for PGO and carer",
            Self::Backlog => "in a session, a week late",
        }
    }

    /// The way of measurement `place` of `count`: the first ones were kept back for a week, those after them go alone,
    /// and of the rest every tenth is the carer's too. Of five there is one of each.
    fn of(place: usize, count: usize) -> Self {
        let backlog = count / 5;
        let Some(place) = place.checked_sub(backlog) else { return Self::Backlog };
        let rest = count - backlog;
        let alone = (rest / 6).max(1);
        if place < alone {
            Self::Alone
        } else if (place - alone) % TENTH == TENTH / 2 || (rest - alone <= TENTH / 2 && place + 1 == rest) {
            Self::Group
        } else {
            Self::Session
        }
    }
}

impl Script {
    /// Minimises the recording, which is moved to end at `now`: what the policy lists leaves, and what does not is
    /// named.
    pub(super) fn new(recording: &Recording, allow: &[String], now: u64) -> Result<Self> {
        let policy = policy(allow);
        let mut left = Vec::new();
        let mut withheld = std::collections::BTreeSet::new();
        let end = recording.rows.iter().filter_map(|row| row.time).fold(f64::NEG_INFINITY, f64::max);
        let moved = if end.is_finite() { now as f64 - end.ceil() } else { 0.0 };
        for row in &recording.rows {
            let time = row.time.map(|time| time + moved);
            withheld.extend(policy.withheld(&pack(recording, row, time).context("a row is no SenML pack")?));
            if policy.minimise(&pack(recording, row, time)?).is_ok() {
                left.push((row, time));
            }
        }
        let names =
            || recording.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
        if left.is_empty() {
            bail!("{}: nothing in it may leave ({}): see --allow", recording.name, names());
        }
        if left.len() < FEWEST {
            bail!("{}: {} measurements may leave, and the demo needs {FEWEST}", recording.name, left.len());
        }
        let count = left.len();
        let mut measurements = Vec::with_capacity(count);
        for (place, (row, time)) in left.into_iter().enumerate() {
            let way = Way::of(place, count);
            let late = if way == Way::Backlog { WEEK } else { 0.0 };
            let time = time.map(|time| time - late);
            let pack = pack(recording, row, time)?;
            let body =
                policy.minimise(&pack).and_then(|left| left.encode()).context("a row is no SenML pack")?;
            // The seconds are whole and positive: the recording was checked.
            let time = time.map(|time| policy.coarsen(time as u64));
            measurements.push(Measured { way, time, pack, body });
        }
        let oldest = measurements.iter().filter_map(|measured| measured.time).min();
        let oldest = oldest.map_or(0, |oldest| now.saturating_sub(oldest));
        Ok(Self { policy, measurements, withheld: withheld.into_iter().collect(), oldest })
    }

    /// The measurements that go this way, with their places.
    pub(super) fn by(&self, way: Way) -> impl Iterator<Item = (usize, &Measured)> {
        self.measurements.iter().enumerate().filter(move |(_, measured)| measured.way == way)
    }
}

/// What a wearable may send by default: what a care provider asked for. Places never, times to the minute.
fn policy(allow: &[String]) -> Policy {
    let numbers = NUMBERS.iter().fold(Policy::new(), |policy, prefix| policy.allow_prefix(prefix));
    let waves = WAVES.iter().fold(numbers, |policy, name| policy.allow(name));
    allow.iter().fold(waves, |policy, name| policy.allow(name))
}

/// A row as SenML: a number a column, and a wave as the bytes of its samples, two each, big-endian.
fn pack(recording: &Recording, row: &Row, time: Option<f64>) -> Result<Pack, zegel::Error> {
    let mut records = Vec::new();
    for (place, samples) in &row.values {
        let Some(column) = recording.columns.get(*place) else { continue };
        let mut record = match samples.as_slice() {
            [value] => Record {
                name: column.name.clone(),
                value: Some(zegel::measure::Value::Number(*value)),
                ..Record::default()
            },
            samples => Record::data(&column.name, &wave(samples)),
        };
        record.unit = column.unit.map(Into::into);
        record.time = time;
        records.push(record);
    }
    Pack::new(records)
}

/// Samples as a sensor's converter gives them: 16 bits, without a sign.
fn wave(samples: &[f64]) -> Vec<u8> {
    samples.iter().flat_map(|sample| (sample.round().clamp(0.0, 65_535.0) as u16).to_be_bytes()).collect()
}

/// The samples of a wave.
pub(super) fn samples(wave: &[u8]) -> Vec<f64> {
    wave.chunks_exact(2).map(|pair| f64::from(u16::from_be_bytes([pair[0], pair[1]]))).collect()
}

/// Numbers whose names begin like this may leave.
const NUMBERS: &[&str] = &[
    "heart",
    "pulse",
    "hr",
    "rr-",
    "glucose",
    "spo2",
    "oxygen",
    "temperature",
    "skin",
    "body",
    "steps",
    "sleep",
    "respirat",
    "breath",
    "blood",
    "systolic",
    "diastolic",
    "weight",
    "cadence",
    "speed",
    "distance",
    "power",
    "energy",
    "calories",
    "stress",
];
/// Waves of these names may leave.
const WAVES: &[&str] = &["ppg", "ecg"];

/// One of each way but the backlog has to be there.
const FEWEST: usize = 3;
const TENTH: usize = 10;
const WEEK: f64 = 7.0 * 86_400.0;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_764_000_000;

    #[test]
    fn places_stay_home_even_when_they_are_asked_for() {
        let row = "1439649908,69,0.5,0.5,55\n";
        let recording = Recording::parse_for_tests(&format!(
            "time,heart_rate_bpm,latitude_deg,longitude_deg,altitude_m\n{row}{row}{row}"
        ));
        let script = Script::new(&recording, &["latitude".into()], NOW).unwrap();
        assert_eq!(script.withheld, ["altitude", "latitude", "longitude"]);
        let left = Pack::decode(&script.measurements[2].body).unwrap().resolved(None);
        assert_eq!(left.len(), 1);
        assert_eq!((left[0].name.as_str(), left[0].time), ("heart-rate", NOW as f64));
    }

    #[test]
    fn nothing_that_may_leave_is_an_error() {
        let recording = Recording::parse_for_tests("time,latitude_deg\n1439649908,0.5\n");
        let error = Script::new(&recording, &[], NOW).err().unwrap().to_string();
        assert_eq!(error, "test: nothing in it may leave (latitude): see --allow");
        let recording = Recording::parse_for_tests("time,heart_rate_bpm\n1439649908,60\n");
        let error = Script::new(&recording, &[], NOW).err().unwrap().to_string();
        assert_eq!(error, "test: 1 measurements may leave, and the demo needs 3");
    }

    #[test]
    fn the_recording_ends_now_and_its_beginning_is_a_week_late() {
        let text = "time,heart_rate_bpm\n1000,60\n1600,61\n2200,62\n2800,63\n3400,64\n";
        let script = Script::new(&Recording::parse_for_tests(text), &[], NOW).unwrap();
        let times: Vec<_> = script.measurements.iter().filter_map(|measured| measured.time).collect();
        let week = 7 * 86_400;
        assert_eq!(times, [NOW - 2400 - week, NOW - 1800, NOW - 1200, NOW - 600, NOW]);
        assert_eq!(script.oldest, 2400 + week);
        let without = Script::new(&Recording::parse_for_tests("rr_ms\n800\n810\n820\n"), &[], NOW).unwrap();
        assert_eq!((without.measurements[0].time, without.oldest), (None, 0));
    }

    #[test]
    fn every_way_is_taken_however_few_there_are() {
        for count in FEWEST..200 {
            let ways: Vec<Way> = (0..count).map(|place| Way::of(place, count)).collect();
            for way in Way::ALL {
                assert!(count < 5 && way == Way::Backlog || ways.contains(&way), "{way:?} of {count}");
            }
        }
    }

    #[test]
    fn a_wave_is_two_bytes_a_sample() {
        assert_eq!(samples(&wave(&[0.0, 513.4, 70_000.0])), [0.0, 513.0, 65_535.0]);
    }
}
