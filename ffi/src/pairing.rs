//! Pairing: one end, whichever it is, through the four messages (SPEC §12).

use core::ffi::{c_char, c_int};

use zegel::pairing::{Answered, Confirming, Paired, PairingCode, PairingTopic, Reply, Scanner, Shower};
use zegel::{Error, Id, Sign};
use zeroize::Zeroize;

use crate::bridge::{ConstPointer, Kind, Pointer, Span, Tie, call, fits};
use crate::failure::Failure;
use crate::keys::clock;
use crate::outside::{Entropy, Signer};
use crate::sealer::{into, signs};
use crate::types::{zegel_entropy, zegel_identity, zegel_pairing};

impl Kind for zegel_pairing {
    type Inside = Pairing;
    const KIND: u32 = 0x7a67_1d09;
}

const _: () = fits::<zegel_pairing>();

/// One end of a pairing.
pub struct Pairing {
    identity: Tie<zegel_identity>,
    id: Id,
    card: Span,
    listens_on: PairingTopic,
    speaks_on: PairingTopic,
    at: Stage,
}

enum Stage {
    Scanner(Scanner<'static, Signer>),
    Confirming(Confirming<'static, Signer>),
    Shower(Shower<'static, Signer>),
    Answered(Answered<'static, Signer>),
    Paired(Paired),
}

/// Begins a pairing by a code that was scanned: writes message 1.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_pairing_scan(
    pairing: Pointer<zegel_pairing>,
    identity: ConstPointer<zegel_identity>,
    card: ConstPointer<u8>,
    card_size: usize,
    code: ConstPointer<c_char>,
    code_size: usize,
    now: u64,
    out: Pointer<u8>,
    size: usize,
    written: Pointer<usize>,
) -> c_int {
    call(|call| {
        let place = call.fresh(pairing)?;
        let (signer, identity) = call.tie(identity)?;
        let span = Span::new(card, card_size);
        let (card, code) = (call.lasting(card, card_size)?, call.text(code, code_size)?);
        let mut begun = None;
        let done = into(call, out, size, written, |out| {
            let text = core::str::from_utf8(code).map_err(|_| Error::Malformed)?;
            let code = PairingCode::parse(text)?;
            let (scanner, message) = Scanner::new(code, signer, card, clock(now), out)?;
            let length = message.len();
            begun = Some(scanner);
            Ok(length)
        });
        match (begun, done) {
            (Some(scanner), Ok(())) => place.fill(Ok(Pairing {
                identity,
                id: signer.id(),
                card: span,
                listens_on: scanner.listens_on(),
                speaks_on: scanner.speaks_on(),
                at: Stage::Scanner(scanner),
            })),
            (_, Err(failure)) if failure.is_refusal() => place.refuse(failure),
            (_, done) => done,
        }
    })
}

/// Draws a code to show, and waits for whoever scans it.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_pairing_show(
    pairing: Pointer<zegel_pairing>,
    identity: ConstPointer<zegel_identity>,
    card: ConstPointer<u8>,
    card_size: usize,
    now: u64,
    seconds: u64,
    entropy: ConstPointer<zegel_entropy>,
    code: Pointer<[c_char; CODE]>,
) -> c_int {
    call(|call| {
        let place = call.fresh(pairing)?;
        let (signer, identity) = call.tie(identity)?;
        let span = Span::new(card, card_size);
        let card = call.lasting(card, card_size)?;
        let mut rng = Entropy::new(call.value(entropy)?);
        let code = call.place(code)?;
        let mut text = [0; CODE];
        let shown = PairingCode::draw(&signer.id(), clock(now), seconds, &mut rng).and_then(|drawn| {
            drawn.write_text(&mut text)?;
            Shower::new(drawn, signer, card, clock(now))
        });
        *code = [0; CODE];
        if shown.is_ok() {
            *code = text.map(|byte| c_char::from_ne_bytes([byte]));
        }
        text.zeroize();
        place.fill(shown.map(|shower| Pairing {
            identity,
            id: signer.id(),
            card: span,
            listens_on: shower.listens_on(),
            speaks_on: shower.speaks_on(),
            at: Stage::Shower(shower),
        }))
    })
}

/// Where the partner's messages arrive, and where one's own are published.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_pairing_topics(
    pairing: Pointer<zegel_pairing>,
    listens_on: Pointer<[c_char; TOPIC]>,
    speaks_on: Pointer<[c_char; TOPIC]>,
) -> c_int {
    call(|call| {
        let pairing = call.enter(pairing)?;
        let (listens_on, speaks_on) = (call.place(listens_on)?, call.place(speaks_on)?);
        for (place, topic) in [(listens_on, &pairing.listens_on), (speaks_on, &pairing.speaks_on)] {
            *place = [0; TOPIC];
            for (place, byte) in place.iter_mut().zip(topic.as_str().bytes()) {
                *place = c_char::from_ne_bytes([byte]);
            }
        }
        Ok(())
    })
}

/// Takes the partner's next message: what to answer, if anything, and whether both are paired.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_pairing_take(
    pairing: Pointer<zegel_pairing>,
    message: Pointer<u8>,
    message_size: usize,
    now: u64,
    entropy: ConstPointer<zegel_entropy>,
    out: Pointer<u8>,
    size: usize,
    written: Pointer<usize>,
    paired: Pointer<u8>,
) -> c_int {
    call(|call| {
        let mut pairing = call.enter(pairing)?;
        signs(call, pairing.identity, &pairing.id)?;
        call.held(pairing.card)?;
        let message = call.write(message, message_size)?;
        let mut rng = Entropy::new(call.value(entropy)?);
        let paired = call.place(paired)?;
        let taken = into(call, out, size, written, |out| {
            pairing.change(|Pairing { identity, id, card, listens_on, speaks_on, at }| {
                let (at, answer) = take(at, message, clock(now), &mut rng, out);
                (Pairing { identity, id, card, listens_on, speaks_on, at }, answer)
            })
        });
        if !matches!(taken, Err(Failure::ARGUMENT)) {
            *paired = u8::from(taken.is_ok() && matches!(pairing.at, Stage::Paired(_)));
        }
        taken
    })
}

/// The partner's card, to keep and to pin.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_pairing_card(
    pairing: Pointer<zegel_pairing>,
    out: Pointer<u8>,
    size: usize,
    written: Pointer<usize>,
) -> c_int {
    call(|call| {
        let pairing = call.enter(pairing)?;
        let Stage::Paired(paired) = &pairing.at else { return Err(Failure::CONTEXT) };
        into(call, out, size, written, |out| {
            let card = paired.card_bytes();
            out.get_mut(..card.len()).ok_or(Error::BufferTooSmall)?.copy_from_slice(card);
            Ok(card.len())
        })
    })
}

/// Ends a pairing.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_pairing_wipe(pairing: Pointer<zegel_pairing>) -> c_int {
    call(|call| call.finish(pairing))
}

/// One step: the stage after it, and the length of the answer.
fn take(
    at: Stage,
    message: &mut [u8],
    now: Option<u64>,
    rng: &mut Entropy,
    out: &mut [u8],
) -> (Stage, Result<usize, Error>) {
    match at {
        Stage::Scanner(scanner) => match scanner.confirm(message, now, rng, out) {
            Ok((confirming, answer)) => (Stage::Confirming(confirming), Ok(answer.len())),
            Err(refused) => (Stage::Scanner(refused.state), Err(refused.error)),
        },
        Stage::Confirming(confirming) => match confirming.finish(message, now) {
            Ok(paired) => (Stage::Paired(paired), Ok(0)),
            Err(refused) => (Stage::Confirming(refused.state), Err(refused.error)),
        },
        Stage::Shower(shower) => match shower.answer(message, now, out) {
            Ok((answered, answer)) => (Stage::Answered(answered), Ok(answer.len())),
            Err(refused) => (Stage::Shower(refused.state), Err(refused.error)),
        },
        Stage::Answered(answered) => match answered.reply(message, now, rng, out) {
            Ok(Reply::Again(answered, answer)) => (Stage::Answered(answered), Ok(answer.len())),
            Ok(Reply::Paired(paired, answer)) => (Stage::Paired(paired), Ok(answer.len())),
            Err(refused) => (Stage::Answered(refused.state), Err(refused.error)),
        },
        other @ Stage::Paired(_) => {
            message.zeroize();
            (other, Err(Error::CodeUsed))
        }
    }
}

/// Characters of a code, and a zero.
const CODE: usize = 126;
/// Characters of a topic of a pairing, and a zero.
const TOPIC: usize = 30;
