//! A measurement for machines: one JSON object, with the body decoded as far as its format is known.
//!
//! The body is always there in hex too, so that nothing is lost in between.

use serde_json::{Map, Value, json};
use zegel::measure::{self, Pack};
use zegel::{Format, Opened};

use crate::output::{hex, is_text};

/// What `open --json` and `sub --json` say of a measurement.
pub(crate) fn opened(opened: &Opened<'_>, topic: &str) -> Map<String, Value> {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.into(), value);
    put("topic", topic.into());
    put("sender", opened.sender().to_string().into());
    put("sequence", opened.sequence().into());
    put("time", opened.time().into());
    put("format", opened.format().map(|format| format.0).into());
    put("digest", hex(opened.digest()).into());
    put("missing", opened.arrival().missing.map(|(first, last)| json!([first, last])).into());
    put("late", opened.arrival().late.into());
    if let (Some(format), Some(bytes)) = (opened.format(), opened.body()) {
        object.extend(body(format, bytes));
    }
    object
}

/// The body in hex, and as text or as SenML records where it is that.
pub(crate) fn body(format: Format, body: &[u8]) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("body".into(), hex(body).into());
    if let Ok(text) = std::str::from_utf8(body)
        && is_text(body)
    {
        object.insert("text".into(), text.into());
    }
    if format == Format::SENML_CBOR
        && let Ok(pack) = Pack::decode(body)
    {
        object.insert("readings".into(), pack.resolved(None).into_iter().map(reading).collect());
    }
    object
}

/// The name of a content format, as far as Zegel uses it.
pub(crate) const fn format_name(format: Format) -> &'static str {
    match format {
        Format::SENML_CBOR => "senml+cbor",
        Format::CBOR => "cbor",
        Format::JSON => "json",
        Format::OCTET_STREAM => "octet-stream",
        Format::COSE_SIGN1 => "cose-sign1",
        format if format.is_reserved() => "reserved for Zegel",
        _ => "CoAP content format",
    }
}

/// A content format by number or by name.
pub(crate) fn format(text: &str) -> Result<Format, String> {
    Ok(match text {
        "senml+cbor" | "senml" => Format::SENML_CBOR,
        "cbor" => Format::CBOR,
        "json" => Format::JSON,
        "octet-stream" | "octets" => Format::OCTET_STREAM,
        "cose-sign1" => Format::COSE_SIGN1,
        number => Format(number.parse().map_err(|_| {
            "expected a CoAP content format: a number, or senml+cbor, cbor, json, octet-stream or cose-sign1"
        })?),
    })
}

fn reading(reading: measure::Reading) -> Value {
    let value = match reading.value {
        Some(measure::Value::Number(number)) => number.into(),
        Some(measure::Value::Text(text)) => text.into(),
        Some(measure::Value::Bool(flag)) => flag.into(),
        Some(measure::Value::Data(data)) => hex(&data).into(),
        _ => Value::Null,
    };
    json!({ "name": reading.name, "unit": reading.unit, "value": value, "sum": reading.sum, "time": reading.time })
}
