//! E0382: a code that an end has taken over is gone.
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
    let _ = Shower::new(code, identity, card, None);
    let _ = Scanner::new(code, identity, card, None, &mut out);
}
