//! A recording in a CSV file: a heading row, then one row a measurement.
//!
//! Rows without a time (a monitor's settings and alarms stand above its readings) are counted and skipped; a
//! cell that should be a number and is not stops the reading with its line.

use anyhow::{Context as _, Result, bail};
use chrono::NaiveDateTime;
use csv::{Position, ReaderBuilder, StringRecord};

use super::column::{self, Column};
use super::{Recording, Row};

/// Reads a table; a byte order mark is allowed, and a file that is not text is not.
pub(super) fn parse(name: &str, bytes: &[u8]) -> Result<Recording> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
    let Some(text) = text.map(|text| text.trim_start_matches('\u{feff}')) else {
        bail!("neither a CSV table (it is no text) nor a .FIT file");
    };
    if text.trim().is_empty() {
        bail!("the file is empty");
    }
    let mut reader = ReaderBuilder::new().from_reader(text.as_bytes());
    let headings = reader.headers().context("the heading row")?.clone();
    let lines = reader.records().collect::<Result<Vec<_>, _>>().map_err(|error| plain(&error))?;

    let time = headings.iter().position(column::is_time);
    let skip = |line: &StringRecord| time.is_some_and(|at| line.get(at).is_some_and(str::is_empty));
    let measured: Vec<&StringRecord> = lines.iter().filter(|line| !skip(line)).collect();
    let places: Vec<usize> = (0..headings.len())
        .filter(|at| Some(*at) != time && !headings.get(*at).is_none_or(column::is_index))
        .filter(|at| holds_numbers(*at, &measured))
        .collect();
    let columns = places.iter().map(|at| Column::from_heading(headings.get(*at).unwrap_or(""))).collect();

    let mut recording = Recording { name: name.into(), columns, rows: Vec::new(), skipped: 0 };
    recording.skipped = lines.len() - measured.len();
    for line in measured {
        let row = row(line, time, &places, &recording.columns)
            .with_context(|| format!("line {}", line.position().map_or(0, Position::line)))?;
        if row.values.is_empty() {
            recording.skipped += 1;
        } else {
            recording.rows.push(row);
        }
    }
    recording.checked()
}

fn row(line: &StringRecord, time: Option<usize>, places: &[usize], columns: &[Column]) -> Result<Row> {
    let time = time.and_then(|at| line.get(at)).map(moment).transpose()?;
    let mut values = Vec::new();
    for (place, (at, column)) in places.iter().zip(columns).enumerate() {
        let cell = line.get(*at).unwrap_or("").trim();
        if cell.is_empty() || OUT_OF_RANGE.contains(&cell) {
            continue;
        }
        let Some(samples) = numbers(cell) else {
            bail!("column {:?}: {cell:?} is not a number", column.name)
        };
        values.push((place, samples.into_iter().map(|value| column.convert(value)).collect()));
    }
    Ok(Row { time, values })
}

/// Most of a column's cells decide what it is, so that one bad cell is an error and not another column.
fn holds_numbers(at: usize, lines: &[&StringRecord]) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for cell in lines.iter().filter_map(|line| line.get(at)).map(str::trim) {
        match numbers(cell) {
            Some(_) => good += 1,
            None if cell.is_empty() || OUT_OF_RANGE.contains(&cell) => {}
            None => bad += 1,
        }
    }
    good > bad
}

/// A number, or several with spaces between them.
fn numbers(cell: &str) -> Option<Vec<f64>> {
    let samples: Option<Vec<f64>> = cell
        .split_whitespace()
        .map(|word| word.parse().ok().filter(|value: &f64| value.is_finite()))
        .collect();
    samples.filter(|samples| !samples.is_empty())
}

/// Seconds since 1970, also written in milliseconds or as a date; a date without a zone is read as UTC.
fn moment(cell: &str) -> Result<f64> {
    let cell = cell.trim();
    let seconds = match cell.parse::<f64>() {
        Ok(number) if number.abs() > MILLISECONDS_FROM => Some(number / 1000.0),
        Ok(number) => Some(number),
        Err(_) => {
            let text = cell.trim_end_matches('Z').replacen(' ', "T", 1);
            let date = NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f").ok();
            date.map(|date| date.and_utc().timestamp_micros() as f64 / 1e6)
        }
    };
    match seconds.filter(|seconds| seconds.is_finite() && *seconds >= 0.0) {
        Some(seconds) => Ok(seconds),
        None => bail!("{cell:?} is not a time since 1970 (seconds, or like 2026-11-24T13:58:59)"),
    }
}

/// One line, without the byte offsets that the reader adds.
fn plain(error: &csv::Error) -> anyhow::Error {
    let line = error.position().map_or(0, Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            anyhow::anyhow!("line {line}: {len} cells, where the heading row has {expected_len}")
        }
        _ => anyhow::anyhow!("line {line}: not a table row"),
    }
}

/// What glucose monitors write instead of a value.
const OUT_OF_RANGE: [&str; 4] = ["Low", "High", "LOW", "HIGH"];
/// As seconds, this is past the year 5000.
const MILLISECONDS_FROM: f64 = 1e11;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_and_a_strap() {
        let watch = "time,heart_rate_bpm,latitude_deg\n1439649908,69,0.5\n1439649910,,\n1439649911,70,0.6\n";
        let watch = parse("watch", watch.as_bytes()).unwrap();
        assert_eq!((watch.rows.len(), watch.skipped), (2, 1));
        assert_eq!(watch.rows[1].time, Some(1_439_649_911.0));
        assert_eq!(watch.columns[1].name, "latitude");

        let strap = parse("strap", b"rr_ms\n467\n464\n").unwrap();
        assert_eq!(strap.rows[0], Row { time: None, values: vec![(0, vec![0.467])] });
    }

    #[test]
    fn a_glucose_monitor_with_preamble() {
        let text = "\u{feff}Index,Timestamp (YYYY-MM-DDThh:mm:ss),Event,Glucose Value (mg/dL),Rate\n\
                    1,,FirstName,,\n6,,Alert,200,3\n12,2016-10-24T11:24:17,EGV,103,\n13,2016-10-24T11:29:17,EGV,Low,\n";
        let recording = parse("cgm", text.as_bytes()).unwrap();
        assert_eq!((recording.rows.len(), recording.skipped, recording.columns.len()), (1, 3, 1));
        assert_eq!(recording.rows[0].time, Some(1_477_308_257.0));
        assert_eq!(recording.rows[0].values, [(0, vec![1.03])]);
    }

    #[test]
    fn what_is_wrong_is_one_clear_line() {
        let wrong: [(&[u8], &str); 7] = [
            (b"", "the file is empty"),
            (b"a,b\n", "no column holds numbers"),
            (b"\x00\x01\xff", "neither a CSV table (it is no text) nor a .FIT file"),
            (
                b"time,hr\n1,60\n2,oops\n3,61\n4,62\n",
                "line 3: column \"heart-rate\": \"oops\" is not a number",
            ),
            (
                b"time,hr\n1,60\nyesterday,61\n",
                "line 3: \"yesterday\" is not a time since 1970 (seconds, or like 2026-11-24T13:58:59)",
            ),
            (b"time,hr\n1,60\n2\n", "line 3: 1 cells, where the heading row has 2"),
            (b"time,hr\n1,60\n2,nan\n3,4\n", "line 3: column \"heart-rate\": \"nan\" is not a number"),
        ];
        for (bytes, line) in wrong {
            assert_eq!(format!("{:#}", parse("x", bytes).unwrap_err()), line);
        }
    }
}
