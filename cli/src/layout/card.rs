//! A card, claim by claim (SPEC §8.1).

use super::walk::{ARRAY, BYTES, Layout, TEXT, Walk};
use crate::clock;

/// The fields of a card.
pub(crate) fn card(bytes: &[u8]) -> Layout {
    Walk::run(bytes, |walk| {
        walk.exactly(b"\xd2", "tag", "18: COSE_Sign1")?;
        walk.exactly(b"\x84", "array", "protected, unprotected, claims, signature")?;
        walk.exactly(b"\x43", "protected header", "bytes 3")?;
        walk.exactly(b"\xa1\x01\x32", "algorithm", "-19: Ed25519")?;
        walk.exactly(b"\xa1", "unprotected header", "map of 1")?;
        walk.exactly(b"\x04\x48", "label 4", "kid, bytes 8")?;
        walk.any(8, "owner", "the first bytes of the owner's id")?;
        walk.length(BYTES, "claims head")?;
        walk.exactly(b"\xa7", "claims", "map of 7")?;
        walk.exactly(b"\x04", "label 4", "exp")?;
        walk.uint("expires", date)?;
        walk.exactly(b"\x05", "label 5", "nbf")?;
        walk.uint("not before", date)?;
        walk.exactly(b"\x08\xa1\x01", "label 8", "cnf, COSE_Key")?;
        walk.exactly(b"\xa3\x01\x01\x20\x06\x21\x58\x20", "key head", "OKP, Ed25519, bytes 32")?;
        walk.any(32, "identity key", "whoever holds it signed this card")?;
        walk.exactly(b"\x3a\x00\x01\x00\x00", "label -65537", "serial")?;
        walk.uint("serial", |serial| format!("{serial}: the highest wins"))?;
        walk.exactly(b"\x3a\x00\x01\x00\x01", "label -65538", "KEM keys")?;
        for _ in 0..walk.length(ARRAY, "KEM keys")? {
            walk.exactly(b"\xa4\x01\x01\x02\x48", "key head", "OKP, kid, bytes 8")?;
            walk.any(8, "KEM kid", "what envelopes name their recipient by")?;
            walk.exactly(b"\x20\x04\x21\x58\x20", "key", "X25519, bytes 32")?;
            walk.any(32, "KEM key", "seal to this")?;
        }
        walk.exactly(b"\x3a\x00\x01\x00\x02", "label -65539", "label")?;
        let label = walk.length(TEXT, "label head")?;
        let text = walk.peek(label).map(|text| format!("{:?}", String::from_utf8_lossy(text)));
        walk.any(label, "label", text.unwrap_or_default())?;
        walk.exactly(b"\x3a\x00\x01\x00\x03", "label -65540", "status")?;
        walk.uint("status", |status| {
            match status {
                0 => "active",
                1 => "withdrawn",
                _ => "unknown",
            }
            .into()
        })?;
        walk.exactly(b"\x58\x40", "signature head", "bytes 64")?;
        walk.any(64, "signature", "Ed25519, by the identity key")
    })
}

fn date(seconds: u64) -> String {
    format!("{seconds}: {}", clock::date(seconds))
}
