//! A measurement for machines: one JSON object, with the body decoded as far as its format is known.
//!
//! The body is always there in hex too, so that nothing is lost in between.

use serde_json::{Map, Value, json};
use zegel::measure::{self, Pack};
use zegel::{Card, Content, Custody, Format, Introduction, Opened, Origin, Provenance};

use crate::output::{hex, is_text};

/// What `open --json` and `sub --json` say of what was opened: `kind` tells which of the other fields are there.
pub(crate) fn opened(opened: &Opened<'_>, topic: &str) -> Map<String, Value> {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| drop(object.insert(name.into(), value));
    put("kind", kind(opened.content()).into());
    put("topic", topic.into());
    put("sender", opened.sender().to_string().into());
    put("sequence", opened.sequence().into());
    put("time", opened.time().into());
    put("digest", hex(opened.digest()).into());
    put("missing", opened.arrival().missing.map(|(first, last)| json!([first, last])).into());
    put("late", opened.arrival().late.into());
    put("signed", (opened.provenance() == Provenance::Signed).into());
    if let Some(block) = opened.block() {
        let (first, last) = block.numbers();
        put("signs", json!([first, last]));
    }
    match opened.content() {
        Content::Measurement { format, body } => object.extend(measured(*format, body)),
        Content::Keyframe { session, .. } => put("session", hex(&session.0).into()),
        Content::Evidence(custody) => object.extend(handed_on(custody)),
        Content::Introduction(introduction) => put("introduced", introduced(introduction)),
        Content::Manifest(_) => {}
    }
    object
}

/// What was measured, by whoever sealed it or by whom it is handed on for; `None` where nothing was.
pub(crate) fn measurement<'b>(opened: &Opened<'b>) -> Option<&'b [u8]> {
    match opened.content() {
        Content::Evidence(custody) => Some(custody.evidence().body()),
        _ => opened.body(),
    }
}

const fn kind(content: &Content<'_>) -> &'static str {
    match content {
        Content::Measurement { .. } => "measurement",
        Content::Keyframe { .. } => "keyframe",
        Content::Manifest(_) => "manifest",
        Content::Evidence(_) => "evidence",
        Content::Introduction(_) => "introduction",
    }
}

/// Both hands, and the measurement in its own object: its number and time are the origin's.
fn handed_on(custody: &Custody<'_>) -> Map<String, Value> {
    let evidence = custody.evidence();
    let known = match custody.known() {
        Origin::Pinned => "pinned",
        Origin::Vouched => "vouched",
    };
    let mut inner = measured(evidence.format(), evidence.body());
    inner.insert("topic".into(), evidence.topic().into());
    inner.insert("sequence".into(), evidence.sequence().into());
    inner.insert("time".into(), evidence.time().into());
    inner.insert("digest".into(), hex(evidence.digest()).into());
    let mut object = Map::new();
    object.insert("origin".into(), custody.origin().to_string().into());
    object.insert("forwarder".into(), custody.forwarder().to_string().into());
    object.insert("known".into(), known.into());
    object.insert("measurement".into(), inner.into());
    object
}

/// Whom a forwarder vouches for. The labels are their own words.
fn introduced(introduction: &Introduction<'_>) -> Value {
    let card = |bytes| Card::from_bytes(bytes).ok();
    introduction
        .wire()
        .filter_map(card)
        .map(|card| {
            json!({
                "id": card.id().to_string(),
                "fingerprint": card.id().fingerprint().to_string(),
                "label": card.label(),
            })
        })
        .collect()
}

fn measured(format: Format, bytes: &[u8]) -> Map<String, Value> {
    let mut object = body(format, bytes);
    object.insert("format".into(), format.0.into());
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
