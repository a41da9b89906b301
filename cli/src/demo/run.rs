//! What all roles of one run share: the script, the topics, the account, and who is who.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;
use zegel::measure::{Pack, Policy, Record};
use zegel::{Card, CardClaims, Identity, KemKey, Secret, Status, rng::SysRng};

use super::broker::Address;
use super::ledger::Ledger;
use super::recording::{Recording, Row};

/// One run of the demo.
pub(super) struct Run {
    pub(super) broker: Address,
    pub(super) topics: Topics,
    pub(super) cast: Cast,
    pub(super) script: Script,
    pub(super) ledger: Ledger,
    state: TempDir,
}

/// The topics of a run; what stands in them tells nothing about anybody.
pub(super) struct Topics {
    /// Nobody else's: new for each run.
    pub(super) prefix: String,
    /// Where the wearable publishes, and another topic that the PGO reads too.
    pub(super) pgo: [String; 2],
    /// Where the PGO publishes what it hands on.
    pub(super) gp: String,
}

/// Everybody's keys. In the process of the demo they are all at hand; on the wire only cards are.
pub(super) struct Cast {
    pub(super) wearable: Holder,
    pub(super) pgo: Holder,
    pub(super) gp: Holder,
    /// Was trusted, and is not any more.
    pub(super) revoked: Holder,
    /// Trusted, with a card that has run out.
    pub(super) expired: Holder,
    /// Nobody trusts him.
    pub(super) mallory: Holder,
}

/// One role's keys.
pub(super) struct Holder {
    pub(super) identity: Identity,
    pub(super) kem: KemKey,
    pub(super) card: Card,
    /// The card on the wire.
    pub(super) encoded: Vec<u8>,
}

/// What the wearable measured, and what of it may leave.
pub(super) struct Script {
    pub(super) policy: Policy,
    pub(super) measurements: Vec<Measured>,
    /// Names that stay on the device.
    pub(super) withheld: Vec<String>,
}

/// One measurement, before and after minimisation.
pub(super) struct Measured {
    pub(super) time: Option<u64>,
    pub(super) pack: Pack,
    /// What has to come out at the other end, byte for byte.
    pub(super) body: Vec<u8>,
}

impl Run {
    pub(super) fn new(broker: Address, script: Script) -> Result<Arc<Self>> {
        let state = TempDir::with_prefix("zegel-demo-").context("cannot make a directory for the state")?;
        let tag = Secret::<4>::random(&mut SysRng)?;
        let prefix = format!("zegel-demo/{:08x}", u32::from_be_bytes(*tag.expose()));
        let topics = Topics {
            pgo: [format!("{prefix}/a/1"), format!("{prefix}/a/2")],
            gp: format!("{prefix}/b/1"),
            prefix,
        };
        Ok(Arc::new(Self { broker, topics, cast: Cast::new()?, script, ledger: Ledger::default(), state }))
    }

    /// Where a role keeps its state.
    pub(super) fn state(&self, name: &str) -> PathBuf {
        self.state.path().join(name)
    }

    /// A name for the broker.
    pub(super) fn client(&self, role: &str) -> String {
        format!("{}-{role}", self.topics.prefix.replace('/', "-"))
    }
}

impl Cast {
    fn new() -> Result<Self> {
        let now = now();
        let valid = (now - 3600, now + 86_400);
        Ok(Self {
            wearable: Holder::new("Wearable", valid)?,
            pgo: Holder::new("PGO", valid)?,
            gp: Holder::new("GP", valid)?,
            revoked: Holder::new("Lost wearable", valid)?,
            expired: Holder::new("Old wearable", (now - 7200, now - 3600))?,
            mallory: Holder::new("Wearable", valid)?,
        })
    }
}

impl Holder {
    fn new(label: &str, (not_before, expires): (u64, u64)) -> Result<Self> {
        let identity = Identity::generate(&mut SysRng)?;
        let kem = KemKey::generate(&mut SysRng)?;
        let kem_keys = [*zegel::Agree::public(&kem)];
        let claims =
            CardClaims { serial: 1, not_before, expires, label, kem_keys: &kem_keys, status: Status::Active };
        let encoded = Card::issue_to_vec(&claims, &identity, &mut SysRng)?;
        let card = Card::from_bytes(&encoded)?;
        Ok(Self { identity, kem, card, encoded })
    }
}

impl Script {
    /// Minimises the recording: what the policy lists leaves, and what does not is named.
    pub(super) fn new(recording: &Recording, allow: &[String]) -> Result<Self> {
        let policy = policy(allow);
        let mut measurements = Vec::new();
        let mut withheld = std::collections::BTreeSet::new();
        for row in &recording.rows {
            let pack = pack(recording, row).context("a row is no SenML pack")?;
            withheld.extend(policy.withheld(&pack));
            let body = match policy.minimise(&pack) {
                Ok(left) => left.encode()?,
                Err(zegel::Error::NothingAllowed) => continue,
                Err(error) => return Err(error).context("a row is no SenML pack"),
            };
            // The seconds are whole and positive: the recording was checked.
            let time = row.time.map(|time| policy.coarsen(time as u64));
            measurements.push(Measured { time, pack, body });
        }
        if measurements.is_empty() {
            let names: Vec<&str> = recording.columns.iter().map(|column| column.name.as_str()).collect();
            bail!("{}: nothing in it may leave ({}): see --allow", recording.name, names.join(", "));
        }
        Ok(Self { policy, measurements, withheld: withheld.into_iter().collect() })
    }
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What a wearable may send by default: what a care provider asked for. Places never, times to the minute.
fn policy(allow: &[String]) -> Policy {
    let numbers = NUMBERS.iter().fold(Policy::new(), |policy, prefix| policy.allow_prefix(prefix));
    let waves = WAVES.iter().fold(numbers, |policy, name| policy.allow(name));
    allow.iter().fold(waves, |policy, name| policy.allow(name))
}

/// A row as SenML: a number a column, and a wave as the bytes of its samples, two each, big-endian.
fn pack(recording: &Recording, row: &Row) -> Result<Pack, zegel::Error> {
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
        record.time = row.time;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_stay_home_even_when_they_are_asked_for() {
        let recording = Recording::parse_for_tests(
            "time,heart_rate_bpm,latitude_deg,longitude_deg,altitude_m\n1439649908,69,0.5,0.5,55\n",
        );
        let script = Script::new(&recording, &["latitude".into()]).unwrap();
        assert_eq!(script.withheld, ["altitude", "latitude", "longitude"]);
        let left = Pack::decode(&script.measurements[0].body).unwrap().resolved(None);
        assert_eq!(left.len(), 1);
        assert_eq!((left[0].name.as_str(), left[0].time), ("heart-rate", 1_439_649_900.0));
    }

    #[test]
    fn nothing_that_may_leave_is_an_error() {
        let recording = Recording::parse_for_tests("time,latitude_deg\n1439649908,0.5\n");
        let error = Script::new(&recording, &[]).err().unwrap().to_string();
        assert_eq!(error, "test: nothing in it may leave (latitude): see --allow");
    }

    #[test]
    fn a_wave_is_two_bytes_a_sample() {
        assert_eq!(samples(&wave(&[0.0, 513.4, 70_000.0])), [0.0, 513.0, 65_535.0]);
    }
}
