//! Minimisation before sealing: what may leave is listed by name, a location has to be listed as one, and
//! times are coarsened (SPEC §9.2).

use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use crate::error::{Error, Result};
use crate::measure::compact::{self, Kept};
use crate::measure::location::is_location;
use crate::measure::record::{Record, Value};
use crate::measure::resolve::{ABSOLUTE, Bases, Reading};
use crate::measure::senml::Pack;

/// What may leave the device. A new one lets nothing leave.
///
/// Names are matched as a record has them (`n`), or whole, with the base name before them.
///
/// ```
/// use zegel::measure::{Pack, Policy, Record};
///
/// let policy = Policy::new().allow("heart-rate").time_resolution(300);
///
/// let pack = Pack::builder("urn:dev:mac:0024befffe804ff1:")
///     .base_time(1_764_000_007.0)
///     .record(Record::number("heart-rate", "beat/min", 69.0))
///     .record(Record::number("latitude", "lat", 52.37))
///     .build()?;
///
/// let left = policy.minimise(&pack)?.resolved(None);
/// assert_eq!(left.len(), 1);
/// assert_eq!(left[0].name, "heart-rate");
/// assert_eq!(left[0].time, 1_764_000_000.0);
/// # Ok::<(), zegel::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Policy {
    names: BTreeSet<String>,
    prefixes: BTreeSet<String>,
    locations: BTreeSet<String>,
    keep_base_name: bool,
    /// Seconds, at least 1; `None` leaves times as they are.
    resolution: Option<u32>,
}

impl Policy {
    /// Nothing may leave. Times are coarsened to the minute, base names stay home.
    pub const fn new() -> Self {
        Self {
            names: BTreeSet::new(),
            prefixes: BTreeSet::new(),
            locations: BTreeSet::new(),
            keep_base_name: false,
            resolution: Some(60),
        }
    }

    /// Lets a measurement of exactly this name leave, whatever its type, unless it is a location.
    pub fn allow(mut self, name: &str) -> Self {
        self.names.insert(bare(name).to_owned());
        self
    }

    /// Lets numbers and flags leave whose name begins with `prefix`; an empty prefix begins every name. Texts,
    /// data and locations stay home: each of them has to be listed by its name.
    pub fn allow_prefix(mut self, prefix: &str) -> Self {
        self.prefixes.insert(bare(prefix).to_owned());
        self
    }

    /// Lets a measurement of exactly this name leave even though it is a location. Nothing else does.
    pub fn allow_location(mut self, name: &str) -> Self {
        self.locations.insert(bare(name).to_owned());
        self
    }

    /// Lets the base name leave with the measurements. It often names the device, for ever; the envelope says
    /// already, to its recipient alone, who sealed it.
    pub const fn keep_base_name(mut self) -> Self {
        self.keep_base_name = true;
        self
    }

    /// Rounds times down to a multiple of so many seconds; 0 is taken for 1.
    pub const fn time_resolution(mut self, seconds: u32) -> Self {
        self.resolution = Some(if seconds == 0 { 1 } else { seconds });
        self
    }

    /// Leaves times as they are, for samples in which they are the measurement.
    pub const fn exact_time(mut self) -> Self {
        self.resolution = None;
        self
    }

    /// The pack that may leave: what is listed, with coarsened times, and neither base values, versions nor
    /// unknown fields.
    ///
    /// # Errors
    /// [`Error::NothingAllowed`] if nothing is left.
    pub fn minimise(&self, pack: &Pack) -> Result<Pack> {
        let mut bases = Bases::default();
        let mut kept = Vec::new();
        for record in pack.records() {
            let Some(reading) = bases.read(record) else { continue };
            let Some(name) = self.name_outside(bases.name, record, &reading) else { continue };
            let base = if self.keep_base_name { bases.name } else { "" };
            let time = self.coarse(reading.time);
            kept.push(Kept { base, name: name.to_owned(), reading: Reading { time, ..reading } });
        }
        if kept.is_empty() {
            return Err(Error::NothingAllowed);
        }
        Pack::new(compact::records(kept))
    }

    /// The whole names of what stays home, sorted, for telling the user.
    #[must_use]
    pub fn withheld(&self, pack: &Pack) -> Vec<String> {
        let mut bases = Bases::default();
        let mut names = BTreeSet::new();
        for record in pack.records() {
            let Some(reading) = bases.read(record) else { continue };
            if self.name_outside(bases.name, record, &reading).is_none() {
                names.insert(reading.name);
            }
        }
        names.into_iter().collect()
    }

    /// The envelope's time, in seconds since 1970, as coarse as the times inside.
    #[must_use]
    pub fn coarsen(&self, time: u64) -> u64 {
        let rest = self.resolution.and_then(|seconds| time.checked_rem(u64::from(seconds)));
        time.saturating_sub(rest.unwrap_or(0))
    }

    /// The name under which a reading may leave, if it may. Behind a base name that leaves too, it is the
    /// record's own.
    fn name_outside<'p>(&self, base: &str, record: &'p Record, reading: &'p Reading) -> Option<&'p str> {
        let (own, whole) = (bare(&record.name), reading.name.as_str());
        let listed = |names: &BTreeSet<String>, name: &str| !name.is_empty() && names.contains(name);
        let by_type = matches!(reading.value, None | Some(Value::Number(_) | Value::Bool(_)));
        let location = is_location(base, whole, reading.unit.as_deref());

        let may = |name: &str| listed(&self.locations, name) || (!location && listed(&self.names, name));
        let begins = |prefix: &String| own.starts_with(prefix.as_str());
        let by_prefix = !location && by_type && !own.is_empty() && self.prefixes.iter().any(begins);

        if self.keep_base_name {
            (may(own) || may(whole) || by_prefix).then_some(&record.name)
        } else if may(own) || by_prefix {
            Some(own)
        } else {
            // Only a policy that spells out the base name as well lets it leave here.
            may(whole).then_some(whole)
        }
    }

    /// Rounds down, also below zero, where a time is so long ago. What counts from 1970 keeps doing so.
    fn coarse(&self, time: f64) -> f64 {
        let Some(seconds) = self.resolution.map(f64::from) else { return time };
        let rest = time % seconds;
        let floor = if rest < 0.0 { time - rest - seconds } else { time - rest };
        if time >= ABSOLUTE { floor.max(ABSOLUTE) } else { floor }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

/// Without the separators that a name may begin with behind a base name, and may not without.
fn bare(name: &str) -> &str {
    name.trim_start_matches(|c: char| !c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    const DEVICE: &str = "urn:dev:mac:0024befffe804ff1:";

    /// A wearable's minute: what it measured, where it was, and what else it knows.
    fn minute() -> Pack {
        Pack::builder(DEVICE)
            .base_time(1_764_000_065.25)
            .record(Record::number("heart-rate", "beat/min", 69.0))
            .record(Record::number("heart-rate", "beat/min", 71.0).at(5.0))
            .record(Record::number("sleep/deep", "s", 600.0))
            .record(Record::text("sleep/note", "at Anna's place"))
            .record(Record::data("ecg", &[1, 2, 3]))
            .record(Record::number("latitude", "lat", 52.37))
            .record(Record::number("x", "lon", 4.89))
            .record(Record::number("altitude", "m", 2.0))
            .build()
            .unwrap()
    }

    fn left(policy: &Policy, pack: &Pack) -> Vec<String> {
        match policy.minimise(pack) {
            Ok(pack) => pack.resolved(None).into_iter().map(|reading| reading.name).collect(),
            Err(error) => {
                assert_eq!(error, Error::NothingAllowed);
                vec![]
            }
        }
    }

    #[test]
    fn nothing_leaves_unless_it_is_listed() {
        assert_eq!(Policy::default().minimise(&minute()), Err(Error::NothingAllowed));
        assert_eq!(Policy::new().withheld(&minute()).len(), 7);
        assert_eq!(left(&Policy::new().allow("heart-rate"), &minute()), ["heart-rate", "heart-rate"]);
        assert_eq!(left(&Policy::new().allow("heart"), &minute()), [""; 0]);
        assert_eq!(left(&Policy::new().allow("Heart-Rate"), &minute()), [""; 0], "names are case sensitive");
        assert_eq!(left(&Policy::new().allow(""), &minute()), [""; 0]);
    }

    #[test]
    fn a_prefix_lets_numbers_and_flags_leave_and_no_more() {
        assert_eq!(left(&Policy::new().allow_prefix("sleep/"), &minute()), ["sleep/deep"]);
        let all = Policy::new().allow_prefix("");
        assert_eq!(left(&all, &minute()), ["heart-rate", "heart-rate", "sleep/deep"]);
        let withheld =
            ["altitude", "ecg", "latitude", "sleep/note", "x"].map(|name| String::from(DEVICE) + name);
        assert_eq!(all.withheld(&minute()), withheld);
        assert_eq!(left(&Policy::new().allow("ecg").allow("sleep/note"), &minute()), ["sleep/note", "ecg"]);
    }

    #[test]
    fn a_location_has_to_be_listed_as_one() {
        let listed =
            Policy::new().allow_prefix("").allow("latitude").allow("x").allow("altitude").allow("heart-rate");
        assert_eq!(left(&listed, &minute()), ["heart-rate", "heart-rate", "sleep/deep"]);
        assert_eq!(left(&Policy::new().allow_location("altitude"), &minute()), ["altitude"]);
        assert_eq!(left(&Policy::new().allow_location("x"), &minute()), ["x"]);
        assert_eq!(left(&Policy::new().allow_location("alt"), &minute()), [""; 0]);
        assert_eq!(left(&Policy::new().allow_location(""), &minute()), [""; 0]);
    }

    #[test]
    fn a_unit_of_place_is_found_in_the_base_unit_too() {
        let pack = Pack::builder("urn:dev:1:")
            .base_unit("lat")
            .record(Record { unit: None, ..Record::number("a", "", 52.37) })
            .build()
            .unwrap();
        assert_eq!(left(&Policy::new().allow("a").allow_prefix(""), &pack), [""; 0]);
        assert_eq!(left(&Policy::new().allow_location("a"), &pack), ["a"]);
    }

    #[test]
    fn the_base_name_stays_home_unless_it_is_kept_or_spelled_out() {
        let kept = Policy::new().allow("heart-rate").keep_base_name();
        let whole = String::from(DEVICE) + "heart-rate";
        assert_eq!(left(&kept, &minute()), [whole.clone(), whole.clone()]);
        assert_eq!(left(&Policy::new().allow(&whole), &minute()), [whole.clone(), whole]);

        // RFC 8428 §5.1.2: the base name is the whole name.
        let nameless = Record { name: "".into(), ..Record::number("", "%RH", 21.2) };
        let pack = Pack::builder("urn:dev:ow:10e2073a01080063").record(nameless).build().unwrap();
        assert_eq!(left(&Policy::new().allow_prefix(""), &pack), [""; 0], "a wildcard does not spell out");
        assert_eq!(
            left(&Policy::new().allow("urn:dev:ow:10e2073a01080063"), &pack),
            ["urn:dev:ow:10e2073a01080063"]
        );
    }

    #[test]
    fn a_name_that_only_its_base_made_complete_leaves_in_good_order() {
        let pack = Pack::builder("urn:dev:1").record(Record::flag(":worn", true)).build().unwrap();
        assert_eq!(left(&Policy::new().allow("worn"), &pack), ["worn"]);
        assert_eq!(left(&Policy::new().allow(":worn"), &pack), ["worn"]);
        assert_eq!(left(&Policy::new().allow("worn").keep_base_name(), &pack), ["urn:dev:1:worn"]);
    }

    #[test]
    fn times_are_rounded_down() {
        let times = |policy: Policy, pack: &Pack| -> Vec<f64> {
            let left = policy.allow("heart-rate").minimise(pack).unwrap();
            left.resolved(None).iter().map(|reading| reading.time).collect()
        };
        assert_eq!(
            times(Policy::new(), &minute()),
            [1_764_000_060.0; 2],
            "to the minute unless told otherwise"
        );
        assert_eq!(times(Policy::new().time_resolution(2), &minute()), [1_764_000_064.0, 1_764_000_070.0]);
        assert_eq!(times(Policy::new().time_resolution(0), &minute()), [1_764_000_065.0, 1_764_000_070.0]);
        assert_eq!(times(Policy::new().exact_time(), &minute()), [1_764_000_065.25, 1_764_000_070.25]);

        let at = |time| Pack::new(vec![Record::number("heart-rate", "beat/min", 69.0).at(time)]).unwrap();
        assert_eq!(times(Policy::new(), &at(-5.0)), [-60.0], "relative times too");
        assert_eq!(times(Policy::new(), &at(-60.0)), [-60.0]);
        assert_eq!(times(Policy::new(), &at(0.0)), [0.0]);
        assert_eq!(times(Policy::new(), &at(ABSOLUTE)), [ABSOLUTE], "and stay absolute");
    }

    #[test]
    fn the_envelope_s_time_is_as_coarse() {
        assert_eq!(Policy::new().coarsen(1_764_000_065), 1_764_000_060);
        assert_eq!(Policy::new().time_resolution(3600).coarsen(1_764_000_065), 1_764_000_000);
        assert_eq!(Policy::new().time_resolution(0).coarsen(1_764_000_065), 1_764_000_065);
        assert_eq!(Policy::new().exact_time().coarsen(1_764_000_065), 1_764_000_065);
    }

    #[test]
    fn what_leaves_is_packed_tightly() {
        let left = Policy::new()
            .allow("heart-rate")
            .keep_base_name()
            .time_resolution(1)
            .minimise(&minute())
            .unwrap();
        let first = Record {
            base_name: Some(DEVICE.into()),
            base_time: Some(1_764_000_065.0),
            base_unit: Some("beat/min".into()),
            unit: None,
            ..Record::number("heart-rate", "", 69.0)
        };
        let second = Record { unit: None, ..Record::number("heart-rate", "", 71.0) };
        assert_eq!(left.records(), [first, second.at(5.0)]);
    }
}
