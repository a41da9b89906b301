//! Records read from CBOR that anybody wrote (RFC 8428 §6, SPEC §9.1): labels in any order and numbers in
//! any of their forms, but each field once, of its own type, and one value in a record.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use ciborium::tag::Captured;
use serde::de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::error::{Error, Result};
use crate::measure::record::{Record, Value};
use crate::measure::{label, shape};

/// The records in these bytes, all of them; their values are not checked yet.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Record>> {
    shape::check(bytes)?;
    let read: Read<Vec<Read<Record>>> =
        ciborium::de::from_reader_with_recursion_limit(bytes, DEPTH).map_err(|_| Error::Malformed)?;
    Ok(read.0.into_iter().map(|record| record.0).collect())
}

/// Array, map, tag and its array: the grammar goes no deeper.
const DEPTH: usize = 6;

struct Read<T>(T);

impl<'de> Deserialize<'de> for Read<Vec<Read<Record>>> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Read<Record> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RecordVisitor).map(Self)
    }
}

struct RecordVisitor;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a SenML record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record, A::Error> {
        let mut record = Record::default();
        let mut seen: Vec<Label> = Vec::new();
        while let Some(label) = map.next_key::<Label>()? {
            if seen.contains(&label) {
                return Err(A::Error::custom("a label twice"));
            }
            let value = match &label {
                Label::Integer(integer) => field(*integer, &mut record, &mut map)?,
                Label::Text(text) if text.ends_with('_') || label::TEXTS.contains(&text.as_str()) => {
                    return Err(A::Error::custom("a label that must be understood, or has an integer"));
                }
                Label::Text(_) => map.next_value::<IgnoredAny>().map(|_| None)?,
            };
            if value.is_some() && core::mem::replace(&mut record.value, value).is_some() {
                return Err(A::Error::custom("two values"));
            }
            seen.push(label);
        }
        Ok(record)
    }
}

/// Reads one field into the record, or returns it if it is the value, of which there may be only one.
fn field<'de, A: MapAccess<'de>>(
    label: i64,
    into: &mut Record,
    map: &mut A,
) -> Result<Option<Value>, A::Error> {
    match label {
        label::VALUE => return Ok(Some(Value::Number(number(map)?))),
        label::TEXT_VALUE => return Ok(Some(Value::Text(map.next_value()?))),
        label::BOOL_VALUE => return Ok(Some(Value::Bool(map.next_value()?))),
        label::DATA_VALUE => return Ok(Some(Value::Data(map.next_value::<Data>()?.0))),
        label::NAME => into.name = map.next_value()?,
        label::UNIT => into.unit = Some(map.next_value()?),
        label::SUM => into.sum = Some(number(map)?),
        label::TIME => into.time = Some(number(map)?),
        label::UPDATE_TIME => into.update_time = Some(number(map)?),
        label::BASE_VERSION => into.base_version = Some(map.next_value()?),
        label::BASE_NAME => into.base_name = Some(map.next_value()?),
        label::BASE_TIME => into.base_time = Some(number(map)?),
        label::BASE_UNIT => into.base_unit = Some(map.next_value()?),
        label::BASE_VALUE => into.base_value = Some(number(map)?),
        label::BASE_SUM => into.base_sum = Some(number(map)?),
        _ => map.next_value::<IgnoredAny>().map(|_| ())?,
    }
    Ok(None)
}

/// An integer, a float or a decimal fraction (tag 4), as the nearest double.
fn number<'de, A: MapAccess<'de>>(map: &mut A) -> Result<f64, A::Error> {
    match map.next_value::<Captured<Numeric>>()? {
        Captured(None, Numeric::Number(number)) => Ok(number),
        // The decimal parser of core rounds correctly, which a product of floats would not.
        Captured(Some(4), Numeric::Decimal { exponent, mantissa }) => {
            alloc::format!("{mantissa}e{exponent}").parse().map_err(A::Error::custom)
        }
        _ => Err(A::Error::custom("not a number")),
    }
}

enum Numeric {
    Number(f64),
    Decimal { exponent: i64, mantissa: i64 },
}

impl<'de> Deserialize<'de> for Numeric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumericVisitor)
    }
}

struct NumericVisitor;

impl<'de> Visitor<'de> for NumericVisitor {
    type Value = Numeric;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Numeric, E> {
        Ok(Numeric::Number(float(value)))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Numeric, E> {
        let magnitude = float(value.unsigned_abs());
        Ok(Numeric::Number(if value < 0 { -magnitude } else { magnitude }))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Numeric, E> {
        Ok(Numeric::Number(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pair: A) -> Result<Numeric, A::Error> {
        match (pair.next_element()?, pair.next_element()?) {
            (Some(exponent), Some(mantissa)) => Ok(Numeric::Decimal { exponent, mantissa }),
            _ => Err(A::Error::custom("not a decimal fraction")),
        }
    }
}

/// Exact up to 2^53, and the shape admits no larger one.
pub(super) fn float(whole: u64) -> f64 {
    let high = u32::try_from(whole >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(whole & 0xffff_ffff).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

#[derive(PartialEq)]
enum Label {
    Integer(i64),
    Text(String),
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LabelVisitor)
    }
}

struct LabelVisitor;

impl Visitor<'_> for LabelVisitor {
    type Value = Label;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a SenML label")
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Label, E> {
        i64::try_from(value).map(Label::Integer).map_err(E::custom)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Label, E> {
        Ok(Label::Integer(value))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Label, E> {
        Ok(Label::Text(value.into()))
    }
}

struct Data(Vec<u8>);

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(DataVisitor)
    }
}

struct DataVisitor;

impl Visitor<'_> for DataVisitor {
    type Value = Data;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_byte_buf<E: serde::de::Error>(self, value: Vec<u8>) -> Result<Data, E> {
        Ok(Data(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::encode;
    use alloc::{format, vec};

    /// RFC 8428 §6: the pack of §5.1.2 as the RFC's authors encoded it, the labels in another order.
    const RFC_8428: &str = "87a721781b75726e3a6465763a6f773a3130653230373361303130383030363a22fb41d303a15b00\
        106223614120050067766f6c7461676501615602fb405e066666666666a3006763757272656e74062402fb3ff3333333333333\
        a3006763757272656e74062302fb3ff4cccccccccccda3006763757272656e74062202fb3ff6666666666666a3006763757272\
        656e74062102f93e00a3006763757272656e74062002fb3ff999999999999aa3006763757272656e74060002fb3ffb33333333\
        3333";

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
        digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
    }

    /// `[{0: "a", 2: value}]`
    fn valued(value: &str) -> Vec<u8> {
        bytes(&format!("81a2006161 02{value}"))
    }

    fn number_in(value: &str) -> Result<f64> {
        match read(&valued(value))?.remove(0).value {
            Some(Value::Number(number)) => Ok(number),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn reads_the_example_of_rfc_8428() {
        let records = read(&bytes(RFC_8428)).unwrap();
        let first = Record {
            base_name: Some("urn:dev:ow:10e2073a0108006:".into()),
            base_time: Some(1_276_020_076.001),
            base_unit: Some("A".into()),
            base_version: Some(5),
            ..Record::number("voltage", "V", 120.1)
        };
        assert_eq!(records[0], first);
        let current = [(-5.0, 1.2), (-4.0, 1.3), (-3.0, 1.4), (-2.0, 1.5), (-1.0, 1.6), (0.0, 1.7)];
        for (record, (time, value)) in records[1..].iter().zip(current) {
            let expected =
                Record { name: "current".into(), value: Some(Value::Number(value)), ..Record::default() };
            assert_eq!(*record, expected.at(time));
        }
        assert_eq!(records.len(), 7);
    }

    #[test]
    fn reads_a_number_in_any_way() {
        for (encoded, number) in [
            ("fb4014000000000000", 5.0),
            ("1b0000000000000005", 5.0),
            // RFC 8949 §3.4.4: 273.15.
            ("c48221196ab3", 273.15),
            ("c4820105", 50.0),
            ("c4823863 1b001fffffffffffff", 9_007_199_254_740_991e-100),
            // Exponents that nobody needs cost nothing.
            ("c4823b001fffffffffffff05", 0.0),
            ("c4821b001fffffffffffff05", f64::INFINITY),
            ("1b0020000000000000", 9_007_199_254_740_992.0),
        ] {
            assert_eq!(number_in(encoded), Ok(number), "{encoded}");
        }
    }

    #[test]
    fn unknown_labels_are_ignored_unless_they_insist() {
        let plain = read(&valued("05")).unwrap();
        for extra in ["63787878 01", "63626672 6178", "09 05", "26 4100", "6161 c4822105", "617a f4"] {
            assert_eq!(read(&bytes(&format!("81a3006161 0205 {extra}"))).unwrap(), plain, "{extra}");
        }
        assert_eq!(read(&bytes("81a3006161 0205 6378785f 01")), Err(Error::Malformed), "xx_");
        assert_eq!(read(&bytes("81a3006161 0205 615f 01")), Err(Error::Malformed), "_");
    }

    #[test]
    fn broken_rules_are_malformed() {
        for (pack, why) in [
            ("81a3006161 0205 0206", "a label twice"),
            ("81a4006161 0205 6178 01 6178 01", "an unknown label twice"),
            ("81a3006161 0205 1800 6162", "a label twice, in two encodings"),
            ("81a3006161 0205 036162", "two values"),
            ("81a3006161 0205 616e 6162", "a text for a label that has an integer"),
            ("81a2006161 026135", "a text for a number"),
            ("81a2006161 02f5", "a flag for a number"),
            ("81a2006161 024105", "bytes for a number"),
            ("81a2006161 03 05", "a number for a text"),
            ("81a2006161 03 4161", "bytes for a text"),
            ("81a2006161 03 61ff", "a text that is not UTF-8"),
            ("81a2006161 04 05", "a number for a flag"),
            ("81a2006161 08 6161", "a text for bytes"),
            ("81a2 0005 0205", "a number for a name"),
            ("81a3006161 0205 2020", "a negative version"),
            ("81a3006161 0205 20f94900", "a float for a version"),
            ("81a3006161 0205 1bffffffffffffffff01", "a label that nobody can hold"),
            ("81a2006161 02fb7ff8000000000000 00", "bytes behind"),
            ("82a2006161 0205", "a record less than promised"),
        ] {
            assert_eq!(read(&bytes(pack)), Err(Error::Malformed), "{why}");
        }
        for cut in 0..bytes(RFC_8428).len() {
            assert_eq!(read(&bytes(RFC_8428)[..cut]), Err(Error::Malformed), "cut to {cut}");
        }
    }

    #[test]
    fn bytes_of_any_length_are_read() {
        for length in [0, 4095, 4096, 4097, 100_000] {
            let record = [Record::data("ecg", &vec![7; length])];
            assert_eq!(read(&encode::write(&record).unwrap()).unwrap(), record);
            let record = [Record::text("note", &"é".repeat(length))];
            assert_eq!(read(&encode::write(&record).unwrap()).unwrap(), record);
        }
    }
}
