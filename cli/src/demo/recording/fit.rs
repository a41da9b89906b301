//! A recording in a watch's own file: the `record` and `hrv` messages of Garmin's FIT protocol.
//!
//! The file's check sum is verified by the reader, so that a damaged file is refused as a whole.

use anyhow::{Result, anyhow};
use fitparser::profile::MesgNum;
use fitparser::{FitDataRecord, Value};

use super::column::Column;
use super::{Recording, Row};

/// Whether the bytes carry the FIT protocol's mark.
pub(super) fn recognised(bytes: &[u8]) -> bool {
    bytes.get(8..12) == Some(b".FIT")
}

/// Reads a .FIT file: one row a record, and one a beat where the watch kept the intervals.
pub(super) fn parse(name: &str, bytes: &[u8]) -> Result<Recording> {
    let messages =
        fitparser::from_bytes(bytes).map_err(|error| anyhow!("a damaged .FIT file: {}", one_line(&error)))?;
    let mut recording = Recording { name: name.into(), columns: Vec::new(), rows: Vec::new(), skipped: 0 };
    for message in &messages {
        match message.kind() {
            MesgNum::Record => recording.record(message),
            MesgNum::Hrv => recording.beats(message),
            _ => continue,
        }
    }
    recording.checked()
}

impl Recording {
    fn record(&mut self, message: &FitDataRecord) {
        let mut row = Row { time: None, values: Vec::new() };
        for field in message.fields() {
            if let Value::Timestamp(moment) = field.value() {
                row.time = Some(moment.timestamp() as f64);
            } else if let Some(value) = number(field.value()) {
                let place = self.place(Column::new(field.name(), field.units()));
                // A watch may write a field twice, the second time with more digits ("enhanced").
                if !row.values.iter().any(|(known, _)| *known == place) {
                    row.values.push((place, vec![self.columns[place].convert(value)]));
                }
            }
        }
        if row.values.is_empty() {
            self.skipped += 1;
        } else {
            self.rows.push(row);
        }
    }

    fn beats(&mut self, message: &FitDataRecord) {
        let times = message.fields().iter().filter(|field| field.name() == "time");
        for field in times {
            let Value::Array(intervals) = field.value() else { continue };
            for interval in intervals.iter().filter_map(number).filter(|seconds| *seconds < NO_BEAT) {
                let place = self.place(Column::new("rr", "s"));
                self.rows.push(Row { time: None, values: vec![(place, vec![interval])] });
            }
        }
    }

    fn place(&mut self, column: Column) -> usize {
        self.columns.iter().position(|known| known.name == column.name).unwrap_or_else(|| {
            self.columns.push(column);
            self.columns.len() - 1
        })
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(_) | Value::Array(_) | Value::Invalid | Value::Timestamp(_) | Value::Enum(_) => None,
        number => TryInto::<f64>::try_into(number.clone()).ok().filter(|value| value.is_finite()),
    }
}

fn one_line(error: &fitparser::Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The protocol's "no value" (0xffff milliseconds) in seconds.
const NO_BEAT: f64 = 65.0;

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with three fields a record: the time, a heart rate, a latitude.
    fn file(rows: &[(u32, u8, i32)]) -> Vec<u8> {
        let mut body = vec![0x40, 0, 0, 20, 0, 3, 253, 4, 0x86, 3, 1, 0x02, 0, 4, 0x85];
        for (time, rate, latitude) in rows {
            body.push(0);
            body.extend(time.to_le_bytes());
            body.push(*rate);
            body.extend(latitude.to_le_bytes());
        }
        let mut file = vec![12, 0x20, 0x54, 0x08];
        file.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
        file.extend(b".FIT");
        file.extend(body);
        let sum = check_sum(&file);
        file.extend(sum.to_le_bytes());
        file
    }

    fn check_sum(bytes: &[u8]) -> u16 {
        bytes.iter().fold(0_u16, |sum, byte| {
            (0..8).fold(
                sum ^ u16::from(*byte),
                |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xa001 } else { sum >> 1 },
            )
        })
    }

    #[test]
    fn a_watch_writes_records() {
        let bytes = file(&[(1_000_000_000, 69, 1_073_741_824), (1_000_000_001, 70, 0)]);
        assert!(recognised(&bytes));
        let recording = parse("run.fit", &bytes).unwrap();
        assert_eq!(recording.rows.len(), 2);
        assert_eq!(recording.rows[0].time, Some(1_631_065_600.0));
        let names: Vec<&str> = recording.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["latitude", "heart-rate"]);
        assert_eq!(recording.rows[0].values, [(0, vec![90.0]), (1, vec![69.0])]);
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let mut bytes = file(&[(1_000_000_000, 69, 0)]);
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        let line = format!("{:#}", parse("run.fit", &bytes).unwrap_err());
        assert!(line.starts_with("a damaged .FIT file: ") && !line.contains('\n'), "{line}");
    }
}
