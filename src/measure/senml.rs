//! SenML packs: lists of records whose base fields carry over to the records behind them
//! (RFC 8428 §4, SPEC §9.1).

use alloc::string::String;
use alloc::vec::Vec;

use crate::error::{Error, Result};
use crate::measure::record::{Record, Value};
use crate::measure::resolve::{Bases, Reading, check_name_bytes, check_time};
use crate::measure::{decode, encode, shape};

/// A list of 1 to 1024 records in which every name, unit, number and time is in order.
///
/// ```
/// use zegel::measure::{Pack, Record};
///
/// let pack = Pack::builder("urn:dev:mac:0024befffe804ff1:")
///     .base_time(1_764_000_000.0)
///     .record(Record::number("heart-rate", "beat/min", 69.0))
///     .record(Record::number("skin-temperature", "Cel", 33.4).at(5.0))
///     .build()?;
/// assert_eq!(Pack::decode(&pack.encode()?)?, pack);
/// # Ok::<(), zegel::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    records: Vec<Record>,
}

impl Pack {
    /// The most records in a pack.
    pub const MAX_RECORDS: usize = shape::MAX_RECORDS;

    /// Checks the records.
    ///
    /// # Errors
    /// [`Error::Malformed`] if there is none, if a name, unit, version or number breaks a rule of RFC 8428 §4,
    /// or if a record has neither value nor sum and yet more than base fields; [`Error::TooLarge`] beyond 1024
    /// records, 255 bytes of name, 32 bytes of unit or 2^53 seconds.
    pub fn new(records: Vec<Record>) -> Result<Self> {
        if records.len() > shape::MAX_RECORDS {
            return Err(Error::TooLarge);
        }
        check_version(&records)?;
        let mut bases = Bases::default();
        for record in &records {
            check_record(record)?;
            bases.read(record).map_or(Ok(()), |reading| reading.check())?;
        }
        Ok(Self { records })
    }

    /// A pack whose names all begin with `base_name`; an empty one adds nothing.
    pub fn builder(base_name: &str) -> Builder {
        let base_name = Some(base_name).filter(|name| !name.is_empty()).map(String::from);
        Builder { bases: Record { base_name, ..Record::default() }, records: Vec::new() }
    }

    /// The one deterministic encoding (application/senml+cbor, content format 112).
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond 1 MiB.
    pub fn encode(&self) -> Result<Vec<u8>> {
        encode::write(&self.records)
    }

    /// Reads a pack that anybody wrote, in any well-formed CBOR of definite lengths. Fields that RFC 8428 does
    /// not know are dropped.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a field that insists on being understood (its label ends with `_`), a field or
    /// a value twice, bytes behind the pack, and whatever [`Pack::new`] refuses; [`Error::TooLarge`] beyond a
    /// limit (SPEC §9.1).
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        Self::new(decode::read(bytes)?)
    }

    /// The records as they were written.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Each measurement on its own, oldest first (RFC 8428 §4.6). `now`, in seconds since 1970, makes relative
    /// times absolute; the envelope's time is the one to give. Without it they stay relative.
    #[must_use]
    pub fn resolved(&self, now: Option<u64>) -> Vec<Reading> {
        let mut bases = Bases::default();
        let mut readings: Vec<Reading> =
            self.records.iter().filter_map(|record| bases.read(record)).collect();
        if let Some(now) = now {
            for reading in readings.iter_mut().filter(|reading| !reading.is_absolute()) {
                reading.time += decode::float(now);
            }
        }
        readings.sort_by(|a, b| a.time.total_cmp(&b.time));
        readings
    }
}

/// Collects records behind one base name. See [`Pack::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    bases: Record,
    records: Vec<Record>,
}

impl Builder {
    /// Seconds since 1970 that the records' times are added to.
    pub fn base_time(mut self, seconds: f64) -> Self {
        self.bases.base_time = Some(seconds);
        self
    }

    /// The unit of the records that have none.
    pub fn base_unit(mut self, unit: &str) -> Self {
        self.bases.base_unit = Some(unit.into());
        self
    }

    /// Adds a record.
    pub fn record(mut self, record: Record) -> Self {
        self.records.push(record);
        self
    }

    /// Adds records.
    pub fn records(mut self, records: impl IntoIterator<Item = Record>) -> Self {
        self.records.extend(records);
        self
    }

    /// Puts the base fields into the first record.
    ///
    /// # Errors
    /// Those of [`Pack::new`].
    pub fn build(self) -> Result<Pack> {
        let Self { bases, mut records } = self;
        if let Some(first) = records.first_mut() {
            first.base_name = first.base_name.take().or(bases.base_name);
            first.base_time = first.base_time.or(bases.base_time);
            first.base_unit = first.base_unit.take().or(bases.base_unit);
        }
        Pack::new(records)
    }
}

/// All records have one version, and it is one we understand (RFC 8428 §4.4). A larger number would promise
/// features (RFC 9100), such as secondary units, that we do not have.
fn check_version(records: &[Record]) -> Result<()> {
    let first = records.first().ok_or(Error::Malformed)?.base_version.unwrap_or(VERSION);
    let one = records.iter().all(|record| record.base_version.is_none_or(|version| version == first));
    if one && (1..=VERSION).contains(&first) { Ok(()) } else { Err(Error::Malformed) }
}

fn check_record(record: &Record) -> Result<()> {
    for unit in [&record.unit, &record.base_unit].into_iter().flatten() {
        check_unit(unit)?;
    }
    check_name_bytes(record.base_name.as_deref().unwrap_or_default())?;
    for time in [record.time, record.base_time, record.update_time].into_iter().flatten() {
        check_time(time)?;
    }
    let value = record.value.as_ref().and_then(Value::as_number);
    let numbers = [value, record.sum, record.base_value, record.base_sum];
    let finite = numbers.into_iter().flatten().all(f64::is_finite);
    let period = record.update_time.is_none_or(|period| period >= 0.0);
    if finite && period && (measures(record) || only_prepares(record)) {
        Ok(())
    } else {
        Err(Error::Malformed)
    }
}

/// RFC 8428 §4.2: a value, or a sum without one.
const fn measures(record: &Record) -> bool {
    record.value.is_some() || record.sum.is_some()
}

/// RFC 8428 §5.1.7 opens a pack with a record of base fields alone.
fn only_prepares(record: &Record) -> bool {
    let own = [record.unit.is_some(), record.time.is_some(), record.update_time.is_some()];
    record.name.is_empty() && own == [false; 3] && *record != Record::default()
}

fn check_unit(unit: &str) -> Result<()> {
    if unit.len() > MAX_UNIT {
        return Err(Error::TooLarge);
    }
    let legible = !unit.chars().any(|c| c.is_control() || c.is_whitespace());
    if legible && !unit.is_empty() { Ok(()) } else { Err(Error::Malformed) }
}

/// The version of RFC 8428.
const VERSION: u64 = 10;
const MAX_UNIT: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn number(value: f64) -> Record {
        Record { value: Some(Value::Number(value)), ..Record::default() }
    }

    /// RFC 8428 §5.1.3: humidity from a moving device.
    fn moving_device() -> Pack {
        let with = |unit: &str, time: f64, value: f64| Record {
            unit: Some(unit).filter(|unit| !unit.is_empty()).map(String::from),
            time: Some(time).filter(|time| *time != 0.0),
            ..number(value)
        };
        let records = [
            with("", 0.0, 20.0),
            with("lon", 0.0, 24.30621),
            with("lat", 0.0, 60.07965),
            with("", 60.0, 20.3),
            with("lon", 60.0, 24.30622),
            with("lat", 60.0, 60.07965),
            with("", 120.0, 20.7),
            with("lon", 120.0, 24.30623),
            with("lat", 120.0, 60.07966),
            with("%EL", 150.0, 98.0),
            with("", 180.0, 21.2),
            with("lon", 180.0, 24.30628),
            with("lat", 180.0, 60.07967),
        ];
        let builder = Pack::builder("urn:dev:ow:10e2073a01080063").base_time(1.320_067_464e9);
        builder.base_unit("%RH").records(records).build().unwrap()
    }

    #[test]
    fn resolves_as_rfc_8428_does() {
        let resolved = moving_device().resolved(None);
        let figures: Vec<_> = resolved
            .iter()
            .map(|reading| {
                assert_eq!(reading.name, "urn:dev:ow:10e2073a01080063");
                (
                    reading.unit.as_deref().unwrap(),
                    reading.time,
                    reading.value.as_ref().unwrap().as_number().unwrap(),
                )
            })
            .collect();
        // RFC 8428 §5.1.4.
        let expected = [
            ("%RH", 1.320067464e+09, 20.0),
            ("lon", 1.320067464e+09, 24.30621),
            ("lat", 1.320067464e+09, 60.07965),
            ("%RH", 1.320067524e+09, 20.3),
            ("lon", 1.320067524e+09, 24.30622),
            ("lat", 1.320067524e+09, 60.07965),
            ("%RH", 1.320067584e+09, 20.7),
            ("lon", 1.320067584e+09, 24.30623),
            ("lat", 1.320067584e+09, 60.07966),
            ("%EL", 1.320067614e+09, 98.0),
            ("%RH", 1.320067644e+09, 21.2),
            ("lon", 1.320067644e+09, 24.30628),
            ("lat", 1.320067644e+09, 60.07967),
        ];
        assert_eq!(figures, expected);
    }

    #[test]
    fn a_later_base_replaces_only_its_own_kind() {
        // RFC 8428 §5.1.6: two devices behind one time.
        let second =
            Record { base_name: Some("2001:db8::1/".into()), ..Record::number("temperature", "Cel", 12.3) };
        let pack = Pack::builder("2001:db8::2/")
            .base_time(1.320_078_429e9)
            .record(Record::number("temperature", "Cel", 25.2))
            .record(Record::number("humidity", "%RH", 30.0))
            .record(second)
            .record(Record::number("humidity", "%RH", 67.0))
            .build()
            .unwrap();
        let last = pack.resolved(None).pop().unwrap();
        assert_eq!((last.name.as_str(), last.time), ("2001:db8::1/humidity", 1.320_078_429e9));
    }

    #[test]
    fn base_value_and_sum_are_added() {
        let first = Record { base_value: Some(20.0), base_sum: Some(100.0), sum: Some(1.0), ..number(0.5) };
        let pack = Pack::builder("temp").record(first).record(number(0.75)).build().unwrap();
        let resolved = pack.resolved(None);
        assert_eq!(resolved[0].value, Some(Value::Number(20.5)));
        assert_eq!(resolved[0].sum, Some(101.0));
        assert_eq!(resolved[1].value, Some(Value::Number(20.75)));
        assert_eq!(resolved[1].sum, Some(100.0));
    }

    #[test]
    fn now_makes_relative_times_absolute_and_the_oldest_comes_first() {
        let pack = Pack::builder("urn:dev:1:")
            .record(Record::flag("worn", true))
            .record(Record::number("heart-rate", "beat/min", 61.0).at(-5.0))
            .build()
            .unwrap();
        let times = |now| pack.resolved(now).iter().map(|reading| reading.time).collect::<Vec<_>>();
        assert_eq!(times(None), [-5.0, 0.0]);
        assert_eq!(times(Some(1_764_000_000)), [1_763_999_995.0, 1_764_000_000.0]);
        assert_eq!(moving_device().resolved(Some(1)), moving_device().resolved(None), "absolute ones stay");
    }

    #[test]
    fn a_record_may_prepare_for_those_behind_it() {
        // RFC 8428 §5.1.7.
        let bases = Record { base_name: Some("urn:dev:ow:10e2073a01080063:".into()), ..Record::default() };
        let pack = Pack::new(vec![bases, Record::number("temp", "Cel", 23.1)]).unwrap();
        assert_eq!(pack.resolved(None).len(), 1);
        assert_eq!(pack.resolved(None)[0].name, "urn:dev:ow:10e2073a01080063:temp");
    }

    #[test]
    fn broken_rules_are_malformed() {
        let named = |name: &str| Record { name: name.into(), ..number(1.0) };
        let valued = |value: f64| Record { name: "a".into(), ..number(value) };
        for (records, why) in [
            (vec![], "no record"),
            (vec![number(1.0)], "no name"),
            (vec![named("-a")], "a first character that is not a letter or digit"),
            (vec![named("a b")], "a blank"),
            (vec![named("naïve")], "a letter beyond ASCII"),
            (vec![named("a\0")], "a control character"),
            (vec![Record::default()], "nothing at all"),
            (vec![Record { name: "a".into(), ..Record::default() }], "a name without a value"),
            (vec![Record { base_name: Some("a b".into()), ..Record::default() }], "a blank in a base name"),
            (vec![valued(f64::NAN)], "not a number"),
            (vec![valued(f64::INFINITY)], "no finite number"),
            (vec![Record { base_value: Some(f64::MAX), ..valued(f64::MAX) }], "a total that is not finite"),
            (vec![valued(1.0).at(f64::NEG_INFINITY)], "no finite time"),
            (vec![valued(1.0).again_within(-1.0)], "a negative period"),
            (vec![Record::number("a", "", 1.0)], "an empty unit"),
            (vec![Record::number("a", "beat / min", 1.0)], "a blank in a unit"),
            (vec![Record { base_version: Some(0), ..valued(1.0) }], "version 0"),
            (vec![Record { base_version: Some(26), ..valued(1.0) }], "features that we do not have"),
            (vec![valued(1.0), Record { base_version: Some(5), ..valued(1.0) }], "two versions"),
        ] {
            assert_eq!(Pack::new(records), Err(Error::Malformed), "{why}");
        }
    }

    #[test]
    fn limits_are_told_apart() {
        let long = |length: usize| Record { name: "a".repeat(length), ..number(1.0) };
        assert!(Pack::new(vec![long(255); 1024]).is_ok());
        for (records, why) in [
            (vec![long(1); 1025], "records"),
            (vec![long(256)], "name"),
            (vec![Record { base_name: Some("a".into()), ..long(255) }], "name and base name"),
            (vec![Record::number("a", &"m".repeat(33), 1.0)], "unit"),
            (vec![long(1).at(9_007_199_254_740_992.0)], "time"),
            (vec![Record { base_time: Some(9e15), ..long(1).at(9e15) }], "time and base time"),
        ] {
            assert_eq!(Pack::new(records), Err(Error::TooLarge), "{why}");
        }
        let pack = Pack::new(vec![Record::data("ecg", &vec![0; 1 << 20])]).unwrap();
        assert_eq!(pack.encode(), Err(Error::TooLarge));
    }
}
