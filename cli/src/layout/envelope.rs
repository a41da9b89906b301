//! An envelope as the broker sees it, and its plaintext as the recipient does (SPEC §4).

use zegel::Format;

use super::walk::{BYTES, Layout, Walk};
use crate::{body, clock};

/// What stands outside, for everybody.
pub(crate) fn envelope(bytes: &[u8]) -> Layout {
    Walk::run(bytes, |walk| {
        walk.exactly(b"\xd0", "tag", "16: COSE_Encrypt0")?;
        walk.exactly(b"\x83", "array", "protected, unprotected, ciphertext")?;
        walk.exactly(b"\x44", "protected header", "bytes 4")?;
        walk.exactly(b"\xa1\x01\x18\x2a", "algorithm", "42: HPKE-4, X25519 and ChaCha20-Poly1305")?;
        walk.exactly(b"\xa2", "unprotected header", "map of 2")?;
        walk.exactly(b"\x04\x48", "label 4", "kid, bytes 8")?;
        walk.any(8, "recipient", "a hint which key opens this")?;
        walk.exactly(b"\x23\x58\x20", "label -4", "ek, bytes 32")?;
        walk.any(32, "ephemeral key", "fresh for each envelope")?;
        let ciphertext = walk.length(BYTES, "ciphertext head")?;
        walk.any(
            ciphertext.checked_sub(TAG)?,
            "ciphertext",
            "sender, number, time, format, body, signature",
        )?;
        walk.any(TAG, "authentication tag", "over all of it and the topic")
    })
}

/// What stands inside, for the recipient alone.
pub(crate) fn inside(bytes: &[u8]) -> Layout {
    Walk::run(bytes, |walk| {
        walk.exactly(b"\x84", "array", "COSE_Sign1: protected, unprotected, payload, signature")?;
        walk.exactly(b"\x43", "protected header", "bytes 3")?;
        walk.exactly(b"\xa1\x01\x32", "algorithm", "-19: Ed25519")?;
        walk.exactly(b"\xa1", "unprotected header", "map of 1")?;
        walk.exactly(b"\x04\x48", "label 4", "kid, bytes 8")?;
        walk.any(8, "sender", "a hint whose key signed this")?;
        walk.length(BYTES, "statement head")?;
        walk.exactly(b"\x85", "array", "sequence, time, format, body, pad")?;
        walk.uint("sequence", |number| number.to_string())?;
        if walk.peek(1) == Some(b"\xf6") {
            walk.exactly(b"\xf6", "time", "none: the sender has no clock")?;
        } else {
            walk.uint("time", |seconds| format!("{seconds}: {}", clock::date(seconds)))?;
        }
        walk.uint("format", |number| {
            let name =
                u16::try_from(number).map_or("no content format", |number| body::format_name(Format(number)));
            format!("{number}: {name}")
        })?;
        let body = walk.length(BYTES, "body head")?;
        walk.any(body, "body", "the measurement")?;
        let pad = walk.length(BYTES, "pad head")?;
        walk.any(pad, "pad", "zeros that hide the length")?;
        walk.exactly(b"\x58\x40", "signature head", "bytes 64")?;
        walk.any(64, "signature", "Ed25519, over statement, sender, audience and topic")
    })
}

/// Bytes of a Poly1305 tag.
const TAG: usize = 16;
