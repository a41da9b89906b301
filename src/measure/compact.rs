//! Readings packed again into few bytes: the base name and base time once, and once a unit that all of them
//! share (RFC 8428 §4.1, SPEC §9.2).

use alloc::string::String;
use alloc::vec::Vec;

use crate::measure::record::Record;
use crate::measure::resolve::{Reading, check_time};

/// A reading, with its name in two parts, that goes into a pack.
pub(super) struct Kept<'p> {
    pub(super) base: &'p str,
    pub(super) name: String,
    pub(super) reading: Reading,
}

/// Records that resolve to these readings, in this order.
pub(super) fn records(kept: Vec<Kept<'_>>) -> Vec<Record> {
    let common_unit = common(&kept, |kept| kept.reading.unit.as_deref()).map(String::from);
    let mut records = Vec::with_capacity(kept.len());
    let (mut base_name, mut base_time) = ("", 0.0);
    for Kept { base, name, reading } in kept {
        let mut record = Record {
            name,
            unit: if common_unit.is_some() { None } else { reading.unit },
            value: reading.value,
            sum: reading.sum,
            update_time: reading.update_time,
            ..Record::default()
        };
        if base != base_name {
            record.base_name = Some(base.into());
            base_name = base;
        }
        // An offset is worth its bytes only if adding it gives back the very same time.
        let offset = reading.time - base_time;
        if records.is_empty() || base_time + offset != reading.time || check_time(offset).is_err() {
            record.base_time = Some(reading.time).filter(|time| *time != 0.0 || !records.is_empty());
            base_time = reading.time;
        } else if offset != 0.0 {
            record.time = Some(offset);
        }
        records.push(record);
    }
    if let Some(first) = records.first_mut() {
        first.base_unit = common_unit;
    }
    records
}

/// What two or more readings all have, if they have the same.
fn common<'k>(kept: &'k [Kept<'_>], of: impl Fn(&'k Kept<'_>) -> Option<&'k str>) -> Option<&'k str> {
    let (first, others) = kept.split_first()?;
    let shared = of(first)?;
    (!others.is_empty() && others.iter().all(|kept| of(kept) == Some(shared))).then_some(shared)
}
