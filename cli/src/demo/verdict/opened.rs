//! What the PGO has in its store, decoded.

use anyhow::Result;
use serde::Serialize;
use zegel::measure::{Pack, Reading, Value};

use super::super::script::samples;
use super::super::stored::Stored;

/// A measurement that the PGO opened.
#[derive(Debug, Serialize)]
pub(in super::super) struct Opened {
    pub(in super::super) sequence: u64,
    pub(in super::super) time: Option<u64>,
    pub(in super::super) records: Vec<Record>,
}

/// A record of it, as SenML has it.
#[derive(Debug, Serialize)]
pub(in super::super) struct Record {
    #[serde(rename = "n")]
    pub(in super::super) name: String,
    #[serde(rename = "u", skip_serializing_if = "Option::is_none")]
    pub(in super::super) unit: Option<String>,
    /// One number, or the samples of a wave.
    #[serde(rename = "v")]
    pub(in super::super) values: Vec<f64>,
}

impl Opened {
    pub(super) fn new(stored: &Stored) -> Result<Self> {
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
