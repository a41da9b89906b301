//! What several test binaries share: random generators under a test's control, a small world of people, and a
//! hand-written sealer that can also write what no sealer would.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]

pub mod chain;
pub mod ends;
pub mod forge;
pub mod parley;
pub mod random;
pub mod world;

/// Lower-case hex to bytes.
#[track_caller]
pub fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "{text}");
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Bytes to lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
