//! E0382: a shower that has answered answers nobody else.
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
    let _ = shower.answer(&mut message, None, &mut out);
    let _ = shower.answer(&mut message, None, &mut other);
}
