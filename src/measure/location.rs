//! What gives away where somebody is: told by the words of a name, and by the SenML units for degrees of
//! latitude and longitude (SPEC §9.2).
//!
//! A name can hide a place and no list is complete; that is why nothing leaves unless it is listed, and why
//! this list is a second lock behind the first.

/// Whether a measurement of this unit, and of this whole name that begins with `base`, is a location. In
/// doubt it is.
pub(super) fn is_location(base: &str, whole: &str, unit: Option<&str>) -> bool {
    if unit.is_some_and(|unit| UNITS.iter().any(|symbol| unit.eq_ignore_ascii_case(symbol))) {
        return true;
    }
    // Where the base name ends is up to the author: the last part counts as a name of its own as well.
    let own = whole.strip_prefix(base).unwrap_or(whole);
    let last = whole.rsplit([':', '/']).next().unwrap_or(whole);
    [own, last].into_iter().any(names_a_place) || is_base_of_locations(base) || holds_stem(whole, LONG)
}

fn names_a_place(name: &str) -> bool {
    holds_stem(name, 0) || words(WORDS).any(|word| holds_word(name, word))
}

/// A base name carries serial numbers, in which short words turn up by chance: there they count only as a
/// whole part, and only the long stems count inside one.
fn is_base_of_locations(base: &str) -> bool {
    let mut parts = base.split(|c: char| !c.is_ascii_alphanumeric());
    parts.any(|part| words(WORDS).chain(words(STEMS)).any(|word| part.eq_ignore_ascii_case(word)))
}

fn holds_stem(name: &str, at_least: usize) -> bool {
    let name = name.to_ascii_lowercase();
    words(STEMS).any(|stem| stem.len() >= at_least && name.contains(stem))
}

/// Whether the word stands alone somewhere: between separators, digits or changes of case.
fn holds_word(name: &str, word: &str) -> bool {
    let name = name.as_bytes();
    name.windows(word.len()).enumerate().any(|(start, part)| {
        part.eq_ignore_ascii_case(word.as_bytes())
            && is_boundary(name, start)
            && is_boundary(name, start.saturating_add(word.len()))
    })
}

/// Between a letter and anything else, and before each capital of `homeLat` and `LATValue` that begins a word.
fn is_boundary(name: &[u8], at: usize) -> bool {
    let (before, after) = name.split_at_checked(at).unwrap_or((name, &[]));
    match (before.last(), after) {
        (Some(last), [first, rest @ ..]) if last.is_ascii_alphabetic() && first.is_ascii_alphabetic() => {
            let next_is_small = rest.first().is_some_and(u8::is_ascii_lowercase);
            first.is_ascii_uppercase() && (last.is_ascii_lowercase() || next_is_small)
        }
        _ => true,
    }
}

fn words(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split_ascii_whitespace()
}

/// RFC 8428 §12.1: degrees in WGS 84.
const UNITS: [&str; 2] = ["lat", "lon"];

/// From this length on a stem does not turn up in a serial number by chance.
const LONG: usize = 6;

/// These count as words of their own, being too short, or too much like others, to count inside one.
const WORDS: &str = "lat lats lon lons lng long alt ele elev elevation pos loc geo geofence place plaats plek \
    address adres street straat city stad zip coord coords easting northing utm mgrs heading bearing";

/// These count wherever they appear, in English and in Dutch.
const STEMS: &str = "gps gnss glonass ssid latlon latlng lonlat longlat geohash geoloc geopoint postcode latitude \
    longitude altitude location position waypoint coordinate whereabouts cell-id cell_id cellid locatie positie \
    breedtegraad lengtegraad";

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    const DEVICE: &str = "urn:dev:mac:0024befffe804ff1:";

    #[test]
    fn places_are_recognised_however_they_are_spelled() {
        for name in words(
            "lat lon long alt latitude Longitude altitude-msl gps gps/fix GPSLat gpsSpeed homeLat \
            LATValue lat1 start_lat position position_long pos.x last-location geoHash geo:37 cell_id \
            wifi/bssid locatie thuisBreedtegraad coords",
        ) {
            for base in ["", "urn:dev:mac:0024befffe804ff1:", "x/"] {
                let whole = String::from(base) + name;
                for cut in [0, base.len(), whole.len()] {
                    assert!(is_location(&whole[..cut], &whole, None), "{whole} cut at {cut}");
                }
            }
        }
        for (cut, _) in "x/latitude".char_indices() {
            assert!(is_location(&"x/latitude"[..cut], "x/latitude", None), "cut at {cut}");
        }
        for base in ["urn:dev:1:gps/", "location:", "a.LAT.", "myPositions:"] {
            assert!(is_location(base, &(String::from(base) + "x"), None), "{base}");
        }
    }

    #[test]
    fn units_of_place_are_recognised_under_any_name() {
        for unit in ["lat", "lon", "LAT"] {
            assert!(is_location("", "x", Some(unit)), "{unit}");
        }
    }

    #[test]
    fn health_is_not_a_place() {
        for name in words(
            "heart-rate heartRate spo2 skin-temperature steps sleep/deep respiration latency salt \
            platelets glucose blood-pressure/systolic longest-run positive plateau alternans",
        ) {
            assert!(!is_location(DEVICE, &(String::from(DEVICE) + name), Some("m")), "{name}");
        }
        let serial = "urn:dev:os:32473-7alt9gps1:";
        assert!(
            !is_location(serial, &(String::from(serial) + "heart-rate"), None),
            "a serial number says nothing"
        );
    }
}
