//! One SenML record as its author writes it: plain data, checked when it enters a
//! [`Pack`](crate::measure::Pack) and not before (RFC 8428 §4, SPEC §9.1).

use alloc::string::String;
use alloc::vec::Vec;

/// One measurement and the base fields it sets; a field that is `None`, or an empty `name`, is absent.
///
/// ```
/// use zegel::measure::Record;
///
/// let rate = Record::number("heart-rate", "beat/min", 69.0).at(-5.0);
/// assert_eq!(rate.time, Some(-5.0));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// `n`: the name, which follows the base name in force.
    pub name: String,
    /// `u`: the unit, a symbol of the SenML units registry (see [`unit`](crate::measure::unit)).
    pub unit: Option<String>,
    /// `v`, `vs`, `vb` or `vd`: the value.
    pub value: Option<Value>,
    /// `s`: the integral of the value over time, in the unit times seconds.
    pub sum: Option<f64>,
    /// `t`: seconds, added to the base time. A total below 2^28 is relative to now, otherwise it counts
    /// from 1970 (RFC 8428 §4.5.3).
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
    /// `bver`: the version of the pack, at most 10; absent is 10.
    pub base_version: Option<u64>,
}

/// What was measured.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `v`: a finite number. A negative zero counts, and is written, as zero.
    Number(f64),
    /// `vs`: a text.
    Text(String),
    /// `vb`: yes or no.
    Bool(bool),
    /// `vd`: bytes, such as a waveform.
    Data(Vec<u8>),
}

impl Record {
    /// A number in a unit of the SenML registry.
    #[must_use]
    pub fn number(name: &str, unit: &str, value: f64) -> Self {
        Self { unit: Some(unit.into()), ..Self::named(name, Value::Number(value)) }
    }

    /// Yes or no.
    #[must_use]
    pub fn flag(name: &str, value: bool) -> Self {
        Self::named(name, Value::Bool(value))
    }

    /// A text. No prefix of a policy lets one leave: its name has to be listed.
    #[must_use]
    pub fn text(name: &str, value: &str) -> Self {
        Self::named(name, Value::Text(value.into()))
    }

    /// Bytes. No prefix of a policy lets them leave: their name has to be listed.
    #[must_use]
    pub fn data(name: &str, value: &[u8]) -> Self {
        Self::named(name, Value::Data(value.into()))
    }

    /// Sets the time in seconds, relative to the base time where there is one.
    #[must_use]
    pub fn at(self, time: f64) -> Self {
        Self { time: Some(time), ..self }
    }

    /// Sets the most seconds until the next reading, so that a silent sensor can be told from a slow one.
    #[must_use]
    pub fn again_within(self, seconds: f64) -> Self {
        Self { update_time: Some(seconds), ..self }
    }

    fn named(name: &str, value: Value) -> Self {
        Self { name: name.into(), value: Some(value), ..Self::default() }
    }
}

impl Value {
    /// The number, if it is one.
    #[must_use]
    pub const fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }
}
