//! Base values applied to the records behind them, which gives each measurement a meaning of its own
//! (RFC 8428 §4.5 and §4.6, SPEC §9.1).

use alloc::string::String;

use crate::error::{Error, Result};
use crate::measure::record::{Record, Value};

/// One measurement on its own: nothing before it in the pack is needed to read it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Base name and name, joined.
    pub name: String,
    /// The record's unit, or else the base unit.
    pub unit: Option<String>,
    /// The value, the base value added if it is a number. Absent when there is a sum alone.
    pub value: Option<Value>,
    /// Base sum and sum, added.
    pub sum: Option<f64>,
    /// Base time and time, added: seconds since 1970 if at least 2^28, otherwise relative to now.
    pub time: f64,
    /// The most seconds until the sensor reports again.
    pub update_time: Option<f64>,
}

/// From here on a time counts from 1970, below it is relative to now (RFC 8428 §4.5.3).
pub(super) const ABSOLUTE: f64 = 268_435_456.0;

/// The base values in force at one place of a pack.
#[derive(Clone, Debug, Default)]
pub(super) struct Bases<'p> {
    pub(super) name: &'p str,
    unit: Option<&'p str>,
    time: f64,
    value: f64,
    sum: Option<f64>,
}

impl<'p> Bases<'p> {
    /// Takes over the base fields of a record and returns its reading, if it holds one: a record of base
    /// fields alone only prepares for those behind it (RFC 8428 §5.1.7).
    pub(super) fn read(&mut self, record: &'p Record) -> Option<Reading> {
        self.name = record.base_name.as_deref().unwrap_or(self.name);
        self.unit = record.base_unit.as_deref().or(self.unit);
        self.time = record.base_time.unwrap_or(self.time);
        self.value = record.base_value.unwrap_or(self.value);
        self.sum = record.base_sum.or(self.sum);
        if record.value.is_none() && record.sum.is_none() {
            return None;
        }
        let mut name = String::from(self.name);
        name.push_str(&record.name);
        Some(Reading {
            name,
            unit: record.unit.as_deref().or(self.unit).map(String::from),
            value: record.value.clone().map(|value| match value {
                Value::Number(number) => Value::Number(self.value + number),
                other => other,
            }),
            sum: match (self.sum, record.sum) {
                (None, None) => None,
                (base, sum) => Some(base.unwrap_or(0.0) + sum.unwrap_or(0.0)),
            },
            time: self.time + record.time.unwrap_or(0.0),
            update_time: record.update_time,
        })
    }
}

impl Reading {
    /// Whether the time counts from 1970.
    #[must_use]
    pub fn is_absolute(&self) -> bool {
        self.time >= ABSOLUTE
    }

    /// Names by the character rules of RFC 8428 §4.5.1, numbers finite, times in range.
    pub(super) fn check(&self) -> Result<()> {
        check_name_bytes(&self.name)?;
        if !self.name.starts_with(|first: char| first.is_ascii_alphanumeric()) {
            return Err(Error::Malformed);
        }
        let number = self.value.as_ref().and_then(Value::as_number);
        if [number, self.sum].into_iter().flatten().any(|number| !number.is_finite()) {
            return Err(Error::Malformed);
        }
        check_time(self.time)
    }
}

/// Seconds are finite and below 2^53 on either side, so that whole ones are exact.
pub(super) fn check_time(time: f64) -> Result<()> {
    if !time.is_finite() {
        return Err(Error::Malformed);
    }
    if time.abs() < MAX_TIME { Ok(()) } else { Err(Error::TooLarge) }
}

/// The characters and the length that a name, or its beginning, may have.
pub(super) fn check_name_bytes(name: &str) -> Result<()> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b':' | b'.' | b'/' | b'_');
    if name.len() > MAX_NAME {
        return Err(Error::TooLarge);
    }
    if name.bytes().all(fits) { Ok(()) } else { Err(Error::Malformed) }
}

/// The longest name, base name included, in bytes.
const MAX_NAME: usize = 255;

const MAX_TIME: f64 = 9_007_199_254_740_992.0;
