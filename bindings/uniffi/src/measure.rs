//! Measurements as SenML packs, and the policy that decides what of them may leave (SPEC §9).

use std::sync::Arc;

use zegel::measure;

use crate::failure::Failure;

/// What was measured.
#[derive(Clone, Debug, PartialEq, uniffi::Enum)]
pub enum Value {
    /// A finite number.
    Number {
        /// The number.
        number: f64,
    },
    /// A text.
    Text {
        /// The text.
        text: String,
    },
    /// Yes or no.
    Flag {
        /// Whether yes.
        flag: bool,
    },
    /// Bytes, such as a waveform.
    Data {
        /// The bytes.
        data: Vec<u8>,
    },
}

/// One record of a pack as its author writes it (RFC 8428 §4).
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct Record {
    /// `n`: the name, which follows the base name in force.
    pub name: String,
    /// `u`: the unit.
    pub unit: Option<String>,
    /// `v`, `vs`, `vb` or `vd`: the value.
    pub value: Option<Value>,
    /// `s`: the integral of the value over time.
    pub sum: Option<f64>,
    /// `t`: seconds, added to the base time.
    pub time: Option<f64>,
    /// `ut`: the most seconds until the sensor reports again.
    pub update_time: Option<f64>,
    /// `bn`: precedes the name of this and all later records.
    pub base_name: Option<String>,
    /// `bt`: seconds, added to the time of this and all later records.
    pub base_time: Option<f64>,
    /// `bu`: the unit of this and all later records that have none.
    pub base_unit: Option<String>,
    /// `bv`: added to the number of this and all later records.
    pub base_value: Option<f64>,
    /// `bs`: added to the sum of this and all later records.
    pub base_sum: Option<f64>,
    /// `bver`: the version of the pack, at most 10.
    pub base_version: Option<u64>,
}

/// One measurement on its own (RFC 8428 §4.6).
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct Reading {
    /// Base name and name, joined.
    pub name: String,
    /// The unit.
    pub unit: Option<String>,
    /// The value; absent when there is a sum alone.
    pub value: Option<Value>,
    /// The sum.
    pub sum: Option<f64>,
    /// Seconds since 1970 if at least 2^28, otherwise relative to now.
    pub time: f64,
    /// The most seconds until the sensor reports again.
    pub update_time: Option<f64>,
}

/// What may leave the device; what is not listed stays.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Policy {
    /// Names that leave, whatever their type, unless they are a location.
    pub names: Vec<String>,
    /// Beginnings of names of numbers and flags that leave.
    pub prefixes: Vec<String>,
    /// Names that leave even though they are a location.
    pub locations: Vec<String>,
    /// Whether the base name leaves with the measurements.
    pub keep_base_name: bool,
    /// Times are rounded down to a multiple of so many seconds; absent leaves them exact.
    pub resolution: Option<u32>,
}

/// A list of 1 to 1024 records in which every name, unit, number and time is in order.
#[derive(uniffi::Object)]
pub struct Pack(measure::Pack);

#[uniffi::export]
impl Pack {
    /// Checks the records; `Malformed`, `TooLarge`.
    #[uniffi::constructor]
    pub fn new(records: Vec<Record>) -> Result<Arc<Self>, Failure> {
        let records = records.into_iter().map(measure::Record::from).collect();
        Ok(Arc::new(Self(measure::Pack::new(records)?)))
    }

    /// Reads a pack that anybody wrote; `Malformed`, `TooLarge`.
    #[uniffi::constructor]
    pub fn decode(bytes: Vec<u8>) -> Result<Arc<Self>, Failure> {
        Ok(Arc::new(Self(measure::Pack::decode(&bytes)?)))
    }

    /// The one deterministic encoding.
    pub fn encode(&self) -> Result<Vec<u8>, Failure> {
        Ok(self.0.encode()?)
    }

    /// The records as they were written.
    pub fn records(&self) -> Vec<Record> {
        self.0.records().iter().cloned().map(Record::from).collect()
    }

    /// Each measurement on its own, oldest first. `now` makes relative times absolute.
    pub fn resolved(&self, now: Option<u64>) -> Vec<Reading> {
        self.0.resolved(now).into_iter().map(Reading::from).collect()
    }

    /// What `policy` lets leave; `NothingAllowed` when nothing is left.
    pub fn minimise(&self, policy: Policy) -> Result<Arc<Self>, Failure> {
        Ok(Arc::new(Self(policy.core().minimise(&self.0)?)))
    }

    /// The whole names of what `policy` keeps home, sorted.
    pub fn withheld(&self, policy: Policy) -> Vec<String> {
        policy.core().withheld(&self.0)
    }
}

impl Pack {
    pub(crate) const fn core(&self) -> &measure::Pack {
        &self.0
    }
}

impl Policy {
    pub(crate) fn core(&self) -> measure::Policy {
        let mut policy = measure::Policy::new();
        policy = self.names.iter().fold(policy, |policy, name| policy.allow(name));
        policy = self.prefixes.iter().fold(policy, |policy, prefix| policy.allow_prefix(prefix));
        policy = self.locations.iter().fold(policy, |policy, name| policy.allow_location(name));
        if self.keep_base_name {
            policy = policy.keep_base_name();
        }
        match self.resolution {
            Some(seconds) => policy.time_resolution(seconds),
            None => policy.exact_time(),
        }
    }
}

impl From<Value> for measure::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Number { number } => Self::Number(number),
            Value::Text { text } => Self::Text(text),
            Value::Flag { flag } => Self::Bool(flag),
            Value::Data { data } => Self::Data(data),
        }
    }
}

impl Value {
    /// `None` for a kind of value that came after this bridge.
    fn of(value: measure::Value) -> Option<Self> {
        match value {
            measure::Value::Number(number) => Some(Self::Number { number }),
            measure::Value::Text(text) => Some(Self::Text { text }),
            measure::Value::Bool(flag) => Some(Self::Flag { flag }),
            measure::Value::Data(data) => Some(Self::Data { data }),
            _ => None,
        }
    }
}

impl From<Record> for measure::Record {
    fn from(record: Record) -> Self {
        Self {
            name: record.name,
            unit: record.unit,
            value: record.value.map(measure::Value::from),
            sum: record.sum,
            time: record.time,
            update_time: record.update_time,
            base_name: record.base_name,
            base_time: record.base_time,
            base_unit: record.base_unit,
            base_value: record.base_value,
            base_sum: record.base_sum,
            base_version: record.base_version,
        }
    }
}

impl From<measure::Record> for Record {
    fn from(record: measure::Record) -> Self {
        Self {
            name: record.name,
            unit: record.unit,
            value: record.value.and_then(Value::of),
            sum: record.sum,
            time: record.time,
            update_time: record.update_time,
            base_name: record.base_name,
            base_time: record.base_time,
            base_unit: record.base_unit,
            base_value: record.base_value,
            base_sum: record.base_sum,
            base_version: record.base_version,
        }
    }
}

impl From<measure::Reading> for Reading {
    fn from(reading: measure::Reading) -> Self {
        Self {
            name: reading.name,
            unit: reading.unit,
            value: reading.value.and_then(Value::of),
            sum: reading.sum,
            time: reading.time,
            update_time: reading.update_time,
        }
    }
}
