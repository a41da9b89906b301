//! Records written as CBOR in one deterministic way (RFC 8428 §6, RFC 8949 §4.2.1, SPEC §9.1).
//!
//! A number that is whole and below 2^52 in magnitude is written as an integer, any other as the shortest
//! float that holds it, so that each pack has one encoding.

use alloc::vec::Vec;

use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

use crate::error::{Error, Result};
use crate::measure::record::{Record, Value};
use crate::measure::{label, shape};

/// The one encoding of these records.
pub(super) fn write(records: &[Record]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    ciborium::into_writer(&Written(records), &mut bytes).map_err(|_| Error::Malformed)?;
    if bytes.len() <= shape::MAX_PACK { Ok(bytes) } else { Err(Error::TooLarge) }
}

struct Written<T>(T);

enum Scalar<'r> {
    Number(f64),
    Version(u64),
    Text(&'r str),
    Bool(bool),
    Data(&'r [u8]),
}

/// The fields that are there, in the bytewise order of their encoded labels: 0 to 8, then -1 to -6.
fn fields(record: &Record) -> impl Iterator<Item = (i64, Scalar<'_>)> {
    let name = Some(record.name.as_str()).filter(|name| !name.is_empty());
    let (mut number, mut text, mut flag, mut data) = (None, None, None, None);
    match &record.value {
        Some(Value::Number(value)) => number = Some(*value),
        Some(Value::Text(value)) => text = Some(value.as_str()),
        Some(Value::Bool(value)) => flag = Some(*value),
        Some(Value::Data(value)) => data = Some(value.as_slice()),
        None => {}
    }
    [
        (label::NAME, name.map(Scalar::Text)),
        (label::UNIT, record.unit.as_deref().map(Scalar::Text)),
        (label::VALUE, number.map(Scalar::Number)),
        (label::TEXT_VALUE, text.map(Scalar::Text)),
        (label::BOOL_VALUE, flag.map(Scalar::Bool)),
        (label::SUM, record.sum.map(Scalar::Number)),
        (label::TIME, record.time.map(Scalar::Number)),
        (label::UPDATE_TIME, record.update_time.map(Scalar::Number)),
        (label::DATA_VALUE, data.map(Scalar::Data)),
        (label::BASE_VERSION, record.base_version.map(Scalar::Version)),
        (label::BASE_NAME, record.base_name.as_deref().map(Scalar::Text)),
        (label::BASE_TIME, record.base_time.map(Scalar::Number)),
        (label::BASE_UNIT, record.base_unit.as_deref().map(Scalar::Text)),
        (label::BASE_VALUE, record.base_value.map(Scalar::Number)),
        (label::BASE_SUM, record.base_sum.map(Scalar::Number)),
    ]
    .into_iter()
    .filter_map(|(label, scalar)| scalar.map(|scalar| (label, scalar)))
}

impl Serialize for Written<&[Record]> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut array = serializer.serialize_seq(Some(self.0.len()))?;
        for record in self.0 {
            array.serialize_element(&Written(record))?;
        }
        array.end()
    }
}

impl Serialize for Written<&Record> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(fields(self.0).count()))?;
        for (label, scalar) in fields(self.0) {
            map.serialize_entry(&label, &Written(scalar))?;
        }
        map.end()
    }
}

impl Serialize for Written<Scalar<'_>> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Scalar::Number(number) => match whole(number) {
                Some(whole) => serializer.serialize_i64(whole),
                None => serializer.serialize_f64(number),
            },
            Scalar::Version(version) => serializer.serialize_u64(version),
            Scalar::Text(text) => serializer.serialize_str(text),
            Scalar::Bool(flag) => serializer.serialize_bool(flag),
            Scalar::Data(data) => serializer.serialize_bytes(data),
        }
    }
}

/// The integer that a float is, if it is one below 2^52: adding 2^52 shifts it into the low mantissa bits
/// and rounds any fraction away.
fn whole(number: f64) -> Option<i64> {
    const SHIFT: f64 = 4_503_599_627_370_496.0;
    let magnitude = number.abs();
    let shifted = magnitude + SHIFT;
    if magnitude >= SHIFT || shifted - SHIFT != magnitude {
        return None;
    }
    let whole = i64::try_from(shifted.to_bits() & 0x000f_ffff_ffff_ffff).ok()?;
    if number < 0.0 { whole.checked_neg() } else { Some(whole) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::decode;
    use alloc::string::String;
    use alloc::{format, vec};

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn writes_labels_in_bytewise_order() {
        let record = Record {
            sum: Some(1.0),
            update_time: Some(30.0),
            base_version: Some(10),
            base_name: Some("b:".into()),
            base_time: Some(1.5),
            base_unit: Some("m".into()),
            base_value: Some(-1.0),
            base_sum: Some(2.0),
            ..Record::number("n", "Cel", 36.5).at(-5.0)
        };
        assert_eq!(
            hex(&write(&[record]).unwrap()),
            "81ac00616e016343656c02f95090050106240718 1e200a2162623a22f93e0023616d24202502".replace(' ', "")
        );
    }

    #[test]
    fn writes_the_example_of_the_specification() {
        // SPEC §9.1.
        let record = Record { base_time: Some(1_764_000_000.0), ..Record::number("hr", "beat/min", 62.0) };
        let expected = "81a40062687201686265 61742f6d696e02183e221a69248100".replace(' ', "");
        assert_eq!(hex(&write(&[record]).unwrap()), expected);
    }

    #[test]
    fn writes_each_type_of_value() {
        // RFC 8428 §5.1.5.
        let records = [
            Record::text("label", "Machine Room"),
            Record::flag("open", false),
            Record::data("nfv-reader", b"hi \n"),
        ];
        let written = write(&records).unwrap();
        assert_eq!(
            hex(&written),
            "83a200656c6162656c036c4d616368696e6520526f6f6da200646f70656e04f4a2006a6e66762d7265616465720844\
             6869200a"
                .replace(' ', "")
        );
        assert_eq!(decode::read(&written).unwrap(), records);
    }

    /// Numbers of RFC 8949 Appendix A, whole ones as integers.
    #[test]
    fn writes_a_number_in_one_way() {
        for (number, encoded) in [
            (0.0, "00"),
            (-0.0, "00"),
            (23.0, "17"),
            (1_000_000.0, "1a000f4240"),
            (-1000.0, "3903e7"),
            (1.5, "f93e00"),
            (-4.1, "fbc010666666666666"),
            (1.1, "fb3ff199999999999a"),
            (5.960464477539063e-8, "f90001"),
            (3.4028234663852886e38, "fa7f7fffff"),
            (1.0e300, "fb7e37e43c8800759c"),
            (4_503_599_627_370_495.0, "1b000fffffffffffff"),
            (-4_503_599_627_370_495.0, "3b000ffffffffffffe"),
            // 2^52 and beyond are floats, in which a whole number is nothing special.
            (4_503_599_627_370_496.0, "fa59800000"),
            (4_503_599_627_370_497.0, "fb4330000000000001"),
            (1_320_067_464.5, "fb41d3aba862200000"),
        ] {
            let record = Record { name: "a".into(), value: Some(Value::Number(number)), ..Record::default() };
            let written = write(core::slice::from_ref(&record)).unwrap();
            assert_eq!(hex(&written), format!("81a200616102{encoded}"), "{number}");
            assert_eq!(decode::read(&written), Ok(vec![record]), "{number}");
        }
    }
}
