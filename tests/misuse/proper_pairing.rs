//! compiles: the same names and types, used as they are meant.
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
    let _ = format!("{code:?}");
    let _ = Shower::new(code, identity, card, None);
    let shower = match shower.answer(&mut message, None, &mut out) {
        Ok(_) => return,
        Err(refused) => refused.state,
    };
    let _ = shower.answer(&mut message, None, &mut out);
    if let Ok(Reply::Paired(paired, last)) = answered.reply(&mut message, None, &mut rng::SysRng, &mut other) {
        let _ = (paired.partner().label(), paired.card_bytes(), last);
    }
    let _ = scanner.confirm(&mut message, None, &mut rng::SysRng, &mut other);
    let _: Result<Paired, Refused<Confirming<'_>>> = confirming.finish(&mut message, None);
}
