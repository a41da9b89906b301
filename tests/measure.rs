//! Properties of SenML packs and of minimisation, and hostile bytes.
#![cfg(feature = "measure")]

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use zegel::Error;
use zegel::measure::{Pack, Policy, Reading, Record, Value};

fn finite() -> impl Strategy<Value = f64> {
    // Sums of base values and values stay finite, too.
    prop_oneof![
        (-1e300..1e300f64),
        any::<i32>().prop_map(f64::from),
        any::<i32>().prop_map(|tenths| f64::from(tenths) / 10.0),
        any::<f32>().prop_filter("finite", |float| float.is_finite()).prop_map(f64::from),
    ]
}

fn seconds() -> impl Strategy<Value = f64> {
    prop_oneof![
        (-4e15..4e15f64),
        (1_700_000_000..1_800_000_000u32).prop_map(f64::from),
        (-600..600i32).prop_map(f64::from),
        (268_435_400..268_435_500u32).prop_map(f64::from),
    ]
}

/// Names that a wearable has, names of places, and any others.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("heart-rate".into()),
        Just("sleep/deep".into()),
        Just("lat".into()),
        Just("position_long".into()),
        Just("homeAltitude".into()),
        Just(String::new()),
        "[A-Za-z0-9][A-Za-z0-9:./_-]{0,20}",
        "[:./_-]{1,3}[a-z]{0,5}",
    ]
}

fn unit() -> impl Strategy<Value = String> {
    prop_oneof![Just("lat".into()), Just("lon".into()), Just("beat/min".into()), "[!-~]{1,32}"]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => finite().prop_map(Value::Number),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => any::<String>().prop_map(Value::Text),
        1 => vec(any::<u8>(), 0..40).prop_map(Value::Data),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    let base_name =
        option::weighted(0.2, prop_oneof![Just(String::new()), Just("urn:dev:1:".into()), name()]);
    let own = (name(), option::of(unit()), value(), option::weighted(0.2, finite()));
    let times = (option::of(seconds()), option::weighted(0.1, 0.0..1e9f64), option::weighted(0.2, seconds()));
    let bases = (
        base_name,
        option::weighted(0.1, unit()),
        option::weighted(0.1, finite()),
        option::weighted(0.1, finite()),
    );
    (own, times, bases).prop_map(|((name, unit, value, sum), times, bases)| Record {
        name,
        unit,
        value: Some(value),
        sum,
        time: times.0,
        update_time: times.1,
        base_time: times.2,
        base_name: bases.0,
        base_unit: bases.1,
        base_value: bases.2,
        base_sum: bases.3,
        base_version: None,
    })
}

fn pack() -> impl Strategy<Value = Pack> {
    vec(record(), 1..8).prop_filter_map("names in order", |mut records| {
        records[0].base_name.get_or_insert_with(|| "urn:dev:1:".into());
        Pack::new(records).ok()
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    let names = vec(name(), 0..4);
    let prefixes = vec(prop_oneof![Just(String::new()), name()], 0..2);
    (names, prefixes, any::<bool>(), option::of(0..100_000u32)).prop_map(
        |(names, prefixes, keep, resolution)| {
            let policy = match resolution {
                Some(seconds) => Policy::new().time_resolution(seconds),
                None => Policy::new().exact_time(),
            };
            let policy = if keep { policy.keep_base_name() } else { policy };
            let policy = names.iter().fold(policy, |policy, name| policy.allow(name));
            prefixes.iter().fold(policy, |policy, prefix| policy.allow_prefix(prefix))
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read(pack in pack()) {
        let bytes = pack.encode().unwrap();
        let again = Pack::decode(&bytes).unwrap();
        prop_assert_eq!(&again, &pack);
        prop_assert_eq!(again.encode().unwrap(), bytes);
    }

    /// Whatever the policy lists with `allow` and `allow_prefix`: no unit and no word of a place leaves.
    #[test]
    fn no_location_leaves(pack in pack(), policy in policy()) {
        let Ok(left) = policy.minimise(&pack) else { return Ok(()) };
        for reading in left.resolved(None) {
            prop_assert!(!matches!(reading.unit.as_deref(), Some("lat" | "lon")), "{reading:?}");
            let name = reading.name.to_lowercase();
            prop_assert!(!["position", "altitude"].iter().any(|word| name.contains(word)), "{reading:?}");
            prop_assert!(!name.split(|c: char| !c.is_alphanumeric()).any(|part| part == "lat"), "{reading:?}");
        }
    }

    /// Without base names, the very names of the policy are all that can leave.
    #[test]
    fn only_what_is_listed_leaves(pack in pack()) {
        let policy = Policy::new().allow("heart-rate").allow_prefix("sleep/").allow_location("lat");
        let Ok(left) = policy.minimise(&pack) else { return Ok(()) };
        for Reading { name, value, .. } in left.resolved(None) {
            let by_prefix = name.starts_with("sleep/") && !matches!(value, Some(Value::Text(_) | Value::Data(_)));
            prop_assert!(by_prefix || name == "heart-rate" || name == "lat", "{name} {value:?}");
        }
    }

    /// With base names, the records keep theirs.
    #[test]
    fn base_names_leave_with_what_is_listed(pack in pack()) {
        let policy = Policy::new().allow("heart-rate").keep_base_name();
        let Ok(left) = policy.minimise(&pack) else { return Ok(()) };
        for Reading { name, .. } in left.resolved(None) {
            prop_assert!(name.ends_with("heart-rate"), "{name}");
        }
    }

    /// What leaves was there before, and says the same but for the time.
    #[test]
    fn nothing_is_made_up(pack in pack(), policy in policy()) {
        let Ok(left) = policy.clone().keep_base_name().exact_time().minimise(&pack) else { return Ok(()) };
        let before = pack.resolved(None);
        for reading in left.resolved(None) {
            prop_assert!(before.contains(&reading), "{reading:?}");
        }
        let home = policy.withheld(&pack).len();
        prop_assert!(left.resolved(None).len() + home <= before.len());
    }

    #[test]
    fn times_are_coarse(pack in pack(), seconds in 1..100_000u32) {
        let policy = Policy::new().allow_prefix("").time_resolution(seconds);
        let Ok(left) = policy.minimise(&pack) else { return Ok(()) };
        for reading in left.resolved(None) {
            let multiple = reading.time % f64::from(seconds) == 0.0;
            prop_assert!(multiple || reading.time == 268_435_456.0, "{}", reading.time);
        }
    }

    #[test]
    fn minimising_twice_changes_nothing(pack in pack()) {
        let policy = Policy::new().allow("heart-rate").allow_prefix("sleep/").time_resolution(300);
        let Ok(once) = policy.minimise(&pack) else { return Ok(()) };
        prop_assert_eq!(policy.minimise(&once), Ok(once));
    }

    #[test]
    fn hostile_bytes_get_an_error_or_a_pack(bytes in vec(any::<u8>(), 0..300)) {
        if let Ok(pack) = Pack::decode(&bytes) {
            prop_assert_eq!(Pack::decode(&pack.encode().unwrap()), Ok(pack));
        }
    }

    /// A byte of a good pack is changed, taken out or put in.
    #[test]
    fn broken_packs_get_an_error_or_a_pack(pack in pack(), at in any::<prop::sample::Index>(), with in any::<u8>(), how in 0..3u8) {
        let mut bytes = pack.encode().unwrap();
        let at = at.index(bytes.len());
        match how {
            0 => bytes[at] = with,
            1 => drop(bytes.remove(at)),
            _ => bytes.insert(at, with),
        }
        match Pack::decode(&bytes) {
            Ok(pack) => prop_assert_eq!(Pack::decode(&pack.encode().unwrap()), Ok(pack)),
            Err(error) => prop_assert!(matches!(error, Error::Malformed | Error::TooLarge), "{error}"),
        }
    }
}

/// Well-formed CBOR that is no measurement: the numbers are checked behind the shape.
#[test]
fn numbers_without_a_meaning_are_refused() {
    for (value, error) in [
        (&[0xf9, 0x7e, 0x00][..], Error::Malformed),                 // NaN
        (&[0xf9, 0x7c, 0x00], Error::Malformed),                     // infinity
        (&[0xfa, 0xff, 0x80, 0x00, 0x00], Error::Malformed),         // its opposite
        (&[0xc4, 0x82, 0x19, 0x04, 0x00, 0x01], Error::Malformed),   // 1e1024
        (&[0x1b, 0x00, 0x20, 0, 0, 0, 0, 0, 0x01], Error::TooLarge), // 2^53 + 1
        (&[0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Error::TooLarge), // -2^64
    ] {
        let pack = [&[0x81, 0xa2, 0x00, 0x61, 0x61, 0x02][..], value].concat();
        assert_eq!(Pack::decode(&pack), Err(error), "{value:02x?}");
    }
}

/// A map in a map in a map: no recursion follows it down (threat B-06).
#[test]
fn nesting_is_refused_at_once() {
    for head in [0x81, 0xa1, 0xc4, 0x9f, 0xbf] {
        assert_eq!(Pack::decode(&[head].repeat(1 << 20)), Err(Error::Malformed), "{head:02x}");
    }
    assert_eq!(Pack::decode(&[0x81].repeat((1 << 20) + 1)), Err(Error::TooLarge));
}
