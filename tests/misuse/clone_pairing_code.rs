//! E0599: a code serves one pairing, and is not copied for a second one.
#![allow(unused, reason = "only one line matters")]
use zegel::pairing::*;
use zegel::*;

fn main() {}

fn misuse(
    code: PairingCode,
    identity: &Identity,
    card: &[u8],
    shower: Shower<'_>,
    answered: Answered<'_>,
    scanner: Scanner<'_>,
    confirming: Confirming<'_>,
    mut message: Vec<u8>,
    mut out: Vec<u8>,
    mut other: Vec<u8>,
) {
    let _ = code.clone();
}
