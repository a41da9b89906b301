//! How a kind of vector runs: each file's procedure gives a verdict, which is compared to the letter.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zegel::{Acceptance, Error, Format, Measurement, Secret};

use crate::support::unhex;

pub(crate) type Outcome = Result<Value, Error>;

/// Runs all files of one kind and compares each verdict to the letter.
#[track_caller]
pub(crate) fn run(kind: &str, least: usize, procedure: impl Fn(&Value) -> Outcome) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(kind);
    let mut wrong = Vec::new();
    let mut ran = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let vector: Value = serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap();
        assert_eq!(vector["kind"], kind);
        let outcome = verdict(procedure(&vector["input"]));
        if outcome != vector["expect"] {
            wrong.push(format!("{}: {}", vector["name"], difference(&outcome, &vector["expect"])));
        }
        ran += 1;
    }
    assert!(wrong.is_empty(), "{} of {ran}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(ran >= least, "{ran} of at least {least} {kind} vectors");
}

/// The first place where two verdicts differ.
fn difference(found: &Value, expected: &Value) -> String {
    let inside = match (found, expected) {
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find(|(_, (a, b))| a != b).map(|(i, (a, b))| (i.to_string(), a, b))
        }
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            a.iter().zip(b.values()).find(|((_, a), b)| a != b).map(|((key, a), b)| (key.clone(), a, b))
        }
        _ => None,
    };
    match inside {
        Some((place, found, expected)) => format!("{place} {}", difference(found, expected)),
        None => format!("{found}, not {expected}"),
    }
}

pub(crate) fn verdict(outcome: Outcome) -> Value {
    match outcome {
        Ok(value) => json!({ "ok": value }),
        Err(error) => json!({ "error": error.name(), "code": error.code() }),
    }
}

pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    unhex(value.as_str().unwrap())
}

pub(crate) fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

pub(crate) fn secret(value: &Value) -> Secret<32> {
    Secret::new(array(value))
}

pub(crate) fn all(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

pub(crate) fn measurement<'a>(input: &Value, body: &'a [u8]) -> Measurement<'a> {
    let format = Format(input["format"].as_u64().unwrap().try_into().unwrap());
    Measurement { time: input["time"].as_u64(), format, body }
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The limits of a policy; null does not limit.
pub(crate) fn policy(value: &Value) -> Acceptance {
    let limit = |name: &str| value[name].as_u64();
    Acceptance { max_age: limit("max_age"), max_skew: limit("max_skew"), max_jump: limit("max_jump") }
}

/// The published seed, or KEM key, of this name.
pub(crate) fn test_key(name: &str) -> Secret<32> {
    Secret::new(Sha256::digest(format!("zegel test key: {name}")).into())
}
