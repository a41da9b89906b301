//! A recording: what a wearable measured, row by row, read from a CSV file or from a watch's .FIT file.
//!
//! A file that is not understood is refused with the line and the reason; nothing is guessed or left out in
//! silence (SPEC §9.1 has the units that a measurement may carry).

mod column;
mod fit;
mod table;

use std::path::Path;

use anyhow::{Context as _, Result, bail};

pub(super) use column::Column;

/// Measurements in the order in which they were taken.
#[derive(Debug)]
pub(super) struct Recording {
    /// The file's name, or what the bundled recording is called.
    pub(super) name: String,
    /// What each of [`Row::values`] is.
    pub(super) columns: Vec<Column>,
    /// One measurement each.
    pub(super) rows: Vec<Row>,
    /// Rows of the file that hold no measurement: settings, alarms, a day without the sensor.
    pub(super) skipped: usize,
}

/// What was measured at one moment.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    /// Seconds since 1970; a file without times comes from a device without a clock.
    pub(super) time: Option<f64>,
    /// The column's place and its samples: one, or several that fill the time until the next row.
    pub(super) values: Vec<(usize, Vec<f64>)>,
}

impl Recording {
    /// The recording in this repository; `cli/data/README.md` has its source.
    pub(super) fn bundled() -> Result<Self> {
        let name = "bundled recording (a pulse sensor, 11 minutes)";
        table::parse(name, include_bytes!("../../data/pulse.csv"))
    }

    /// Reads `path`, and tells a .FIT file from a table by its content.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let shown = path.display().to_string();
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {shown}"))?;
        let name = path.file_name().map_or(shown.clone(), |name| name.to_string_lossy().into_owned());
        let recording =
            if fit::recognised(&bytes) { fit::parse(&name, &bytes) } else { table::parse(&name, &bytes) };
        recording.with_context(|| shown)
    }

    #[cfg(test)]
    pub(super) fn parse_for_tests(text: &str) -> Self {
        table::parse("test", text.as_bytes()).unwrap()
    }

    /// Refuses what the demo could not show anything with.
    fn checked(self) -> Result<Self> {
        if self.columns.is_empty() {
            bail!("no column holds numbers");
        }
        if self.rows.is_empty() {
            bail!("no row holds a measurement");
        }
        if self.rows.len() > MAX_ROWS {
            bail!("{} measurements, and the demo takes at most {MAX_ROWS}", self.rows.len());
        }
        Ok(self)
    }
}

/// The whole run is kept in memory for its account.
const MAX_ROWS: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_recording_is_whole() {
        let recording = Recording::bundled().unwrap();
        assert_eq!(recording.rows.len(), 681);
        assert_eq!(recording.skipped, 0);
        let names: Vec<&str> = recording.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["heart-rate", "ppg"]);
        assert!(recording.rows.iter().all(|row| row.values[1].1.len() == 25));
    }

    #[test]
    fn a_missing_file_is_one_line() {
        let error = Recording::read(Path::new("no/such.csv")).unwrap_err();
        let line = format!("{error:#}");
        assert!(line.starts_with("cannot read no/such.csv: "), "{line}");
        assert!(!line.contains('\n'));
    }
}
