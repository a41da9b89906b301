//! What a column of a recording holds, told from its heading: the SenML name and the registered unit.
//!
//! Makers write units in many ways ("bpm", "(mg/dL)"); a pack carries the ones of the IANA registry alone, so
//! that a value is converted here, once (SPEC §9.1).

use zegel::measure::unit;

/// One series of a recording.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Column {
    /// The name in a SenML record.
    pub(in super::super) name: String,
    /// The unit in a SenML record; none when the heading names none that is known.
    pub(in super::super) unit: Option<&'static str>,
    /// What a value of the file is multiplied with, and divided by, to be in that unit.
    scale: (f64, f64),
}

impl Column {
    /// Understands a heading such as `heart_rate_bpm` or `Glucose Value (mg/dL)`.
    pub(super) fn from_heading(heading: &str) -> Self {
        let (words, unit) = split_unit(heading);
        Self::new(&words, unit)
    }

    /// A field whose unit is told apart, as a .FIT file does.
    pub(super) fn new(words: &str, unit: &str) -> Self {
        let unit = unit.to_ascii_lowercase();
        let found = UNITS.iter().find(|(written, ..)| *written == unit);
        let name = canonical(words);
        let (unit, scale) = match found {
            // A direction has its own two units, so that nobody mistakes it for an angle.
            Some((_, "deg", times, by)) => match name.as_str() {
                "latitude" => (Some("lat"), (*times, *by)),
                "longitude" => (Some("lon"), (*times, *by)),
                _ => (None, (1.0, 1.0)),
            },
            Some((_, unit, times, by)) => (Some(*unit), (*times, *by)),
            None => (None, (1.0, 1.0)),
        };
        Self { name, unit, scale }
    }

    /// A value of the file in this column's unit.
    pub(super) fn convert(&self, value: f64) -> f64 {
        value * self.scale.0 / self.scale.1
    }
}

/// Whether a heading names a row instead of something measured.
pub(super) fn is_index(heading: &str) -> bool {
    matches!(canonical(heading).as_str(), "index" | "id" | "row" | "number" | "nr" | "")
}

/// Whether a heading names the moment of a row.
pub(super) fn is_time(heading: &str) -> bool {
    let first = heading.split(['(', '[']).next().unwrap_or(heading);
    matches!(
        canonical(first).as_str(),
        "time" | "timestamp" | "datetime" | "date-time" | "date" | "unix-time"
    )
}

/// "Glucose Value (mg/dL)" is "Glucose Value" in mg/dL, and "heart_rate_bpm" is "heart_rate" in bpm.
fn split_unit(heading: &str) -> (String, &str) {
    let heading = heading.trim();
    if let Some((words, rest)) = heading.split_once(['(', '[']) {
        return (words.to_owned(), rest.trim_end_matches([')', ']', ' ']));
    }
    match heading.rsplit_once(['_', ' ']) {
        Some((words, unit)) if UNITS.iter().any(|(written, ..)| unit.eq_ignore_ascii_case(written)) => {
            (words.to_owned(), unit)
        }
        _ => (heading.to_owned(), ""),
    }
}

/// Lower case, words joined by hyphens, and one word for what makers name in several ways.
fn canonical(words: &str) -> String {
    let mut name = String::new();
    for letter in words.chars() {
        if letter.is_ascii_alphanumeric() {
            name.push(letter.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_end_matches('-');
    SAME.iter().find(|(written, _)| *written == name).map_or(name, |(_, meant)| meant).to_owned()
}

/// Written in a file; meant in a pack; times; divided by.
const UNITS: &[(&str, &str, f64, f64)] = &[
    ("bpm", unit::BEATS_PER_MINUTE, 1.0, 1.0),
    ("rpm", unit::PER_SECOND, 1.0, 60.0),
    ("mps", unit::METRE_PER_SECOND, 1.0, 1.0),
    ("m/s", unit::METRE_PER_SECOND, 1.0, 1.0),
    ("m", unit::METRE, 1.0, 1.0),
    ("km", unit::METRE, 1000.0, 1.0),
    ("deg", "deg", 1.0, 1.0),
    ("semicircles", "deg", 180.0, 2_147_483_648.0),
    ("c", unit::CELSIUS, 1.0, 1.0),
    ("ms", unit::SECOND, 1.0, 1000.0),
    ("s", unit::SECOND, 1.0, 1.0),
    ("mg/dl", unit::KILOGRAM_PER_CUBIC_METRE, 1.0, 100.0),
    ("mmol/l", unit::KILOGRAM_PER_CUBIC_METRE, unit::KG_PER_M3_PER_MMOL_PER_L_GLUCOSE, 1.0),
    ("mmhg", unit::PASCAL, unit::PA_PER_MMHG, 1.0),
    ("kg", unit::KILOGRAM, 1.0, 1.0),
    ("percent", unit::RATIO, 1.0, 100.0),
    ("%", unit::RATIO, 1.0, 100.0),
];

const SAME: &[(&str, &str)] = &[
    ("hr", "heart-rate"),
    ("heartrate", "heart-rate"),
    ("rr", "rr-interval"),
    ("rr-intervals", "rr-interval"),
    ("glucose-value", "glucose"),
    ("enhanced-speed", "speed"),
    ("enhanced-altitude", "altitude"),
    ("position-lat", "latitude"),
    ("lat", "latitude"),
    ("position-long", "longitude"),
    ("lon", "longitude"),
    ("elevation", "altitude"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_of_several_makers() {
        let known = [
            ("heart_rate_bpm", "heart-rate", Some("beat/min"), 69.0, 69.0),
            ("Glucose Value (mg/dL)", "glucose", Some("kg/m3"), 103.0, 1.03),
            ("rr_ms", "rr-interval", Some("s"), 467.0, 0.467),
            ("latitude_deg", "latitude", Some("lat"), 0.5, 0.5),
            ("temperature_c", "temperature", Some("Cel"), 21.0, 21.0),
            ("ppg", "ppg", None, 512.0, 512.0),
        ];
        for (heading, name, unit, written, meant) in known {
            let column = Column::from_heading(heading);
            assert_eq!((column.name.as_str(), column.unit), (name, unit), "{heading}");
            assert_eq!(column.convert(written), meant, "{heading}");
        }
        assert!(is_time("Timestamp (YYYY-MM-DDThh:mm:ss)") && is_time("time") && !is_time("Event Type"));
        assert!(is_index("Index") && !is_index("ppg"));
    }

    #[test]
    fn a_semicircle_is_a_direction() {
        let column = Column::new("position_lat", "semicircles");
        assert_eq!((column.name.as_str(), column.unit), ("latitude", Some("lat")));
        assert_eq!(column.convert(1_073_741_824.0), 90.0);
    }
}
