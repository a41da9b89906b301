//! Two ends of a pairing, brought to any of its steps, shown what an attacker made, and run to the end.

use zegel::Error;
use zegel::pairing::{Answered, Confirming, MAX_MESSAGE, Paired, PairingCode, Reply, Scanner, Shower};

use super::parley::Read;
use super::random::{Draws, Script};
use super::world::{NOW, Person, World};

/// How long the codes of these tests serve.
pub const LIFETIME: u64 = 600;

/// A code twice, as the two ends have it, and what follows from it for whoever has read it.
pub fn code(shower: &Person, seed: u64) -> (PairingCode, PairingCode, Read) {
    let code = PairingCode::draw(&shower.identity.id(), Some(NOW), LIFETIME, &mut Draws(seed)).unwrap();
    let scanned = PairingCode::parse(&code.to_text()).unwrap();
    let read = Read::of(&code.to_text());
    (code, scanned, read)
}

/// The messages of one honest run between two people.
pub struct Honest {
    pub read: Read,
    pub messages: [Vec<u8>; 4],
}

/// A run from end to end, after which each has the other.
pub fn honest(shower: &Person, scanner: &Person, seed: u64) -> Honest {
    let (shown, scanned, read) = code(shower, seed);
    let mut out = [0; MAX_MESSAGE];
    let (waiting, one) =
        Scanner::new(scanned, &scanner.identity, &scanner.wire, Some(NOW), &mut out).unwrap();
    let one = one.to_vec();
    let shows = Shower::new(shown, &shower.identity, &shower.wire, Some(NOW)).unwrap();
    let (answered, two) = answer(shows, &one);
    let (confirming, three) = confirm(waiting, &two);
    let (scanner_card, four) = reply(answered, &three);
    let shower_card = finish(confirming, &four);
    assert_eq!(scanner_card.card_bytes(), scanner.wire);
    assert_eq!(shower_card.card_bytes(), shower.wire);
    Honest { read, messages: [one, two, three, four] }
}

/// Each step with a message that it must take.
#[track_caller]
pub fn answer<'k>(shower: Shower<'k>, one: &[u8]) -> (Answered<'k>, Vec<u8>) {
    let (mut message, mut out) = (one.to_vec(), [0; MAX_MESSAGE]);
    let (answered, two) = shower.answer(&mut message, Some(NOW), &mut out).unwrap();
    assert!(message.iter().all(|byte| *byte == 0), "the message is wiped when it was taken, too");
    (answered, two.to_vec())
}

#[track_caller]
pub fn confirm<'k>(scanner: Scanner<'k>, two: &[u8]) -> (Confirming<'k>, Vec<u8>) {
    let mut out = [0; MAX_MESSAGE];
    let mut rng = Draws(two.len() as u64);
    let (confirming, three) = scanner.confirm(&mut two.to_vec(), Some(NOW), &mut rng, &mut out).unwrap();
    (confirming, three.to_vec())
}

#[track_caller]
pub fn reply(answered: Answered<'_>, three: &[u8]) -> (Paired, Vec<u8>) {
    let mut out = [0; MAX_MESSAGE];
    match answered.reply(&mut three.to_vec(), Some(NOW), &mut Draws(three.len() as u64), &mut out).unwrap() {
        Reply::Paired(paired, four) => (paired, four.to_vec()),
        Reply::Again(..) => panic!("message 3 was taken for message 1"),
    }
}

#[track_caller]
pub fn finish(confirming: Confirming<'_>, four: &[u8]) -> Paired {
    confirming.finish(&mut four.to_vec(), Some(NOW)).unwrap()
}

/// A state that waits for a message, whichever of the four it is.
pub enum Waiting<'k> {
    Shower(Shower<'k>),
    Scanner(Scanner<'k>),
    Answered(Answered<'k>),
    Confirming(Confirming<'k>),
}

impl<'k> Waiting<'k> {
    /// The error that `bytes` get, and the state after it; the buffers are wiped, and nothing was drawn.
    #[track_caller]
    pub fn refuses(self, now: Option<u64>, bytes: &[u8]) -> (Self, Error) {
        let (mut message, mut out, mut rng) = (bytes.to_vec(), [0xcc; MAX_MESSAGE], Script::new([]));
        let said = "an attacker's message was taken";
        let (state, error) = match self {
            Self::Shower(state) => {
                let refused = state.answer(&mut message, now, &mut out).expect_err(said);
                (Self::Shower(refused.state), refused.error)
            }
            Self::Scanner(state) => {
                let refused = state.confirm(&mut message, now, &mut rng, &mut out).expect_err(said);
                (Self::Scanner(refused.state), refused.error)
            }
            Self::Answered(state) => {
                let refused = state.reply(&mut message, now, &mut rng, &mut out).expect_err(said);
                (Self::Answered(refused.state), refused.error)
            }
            Self::Confirming(state) => {
                let refused = state.finish(&mut message, now).expect_err(said);
                out.fill(0);
                (Self::Confirming(refused.state), refused.error)
            }
        };
        assert!(message.iter().chain(&out).all(|byte| *byte == 0), "the buffers are wiped after {error}");
        assert_eq!(rng.drawn, 0, "nothing was drawn for {error}");
        (state, error)
    }
}

/// A run that stands before its message `step`, with the messages so far.
pub fn before<'k>(
    step: usize,
    shower: &'k Person,
    scanner: &'k Person,
    seed: u64,
) -> (Waiting<'k>, Other<'k>, Read, Vec<Vec<u8>>) {
    let (shown, scanned, read) = code(shower, seed);
    let mut out = [0; MAX_MESSAGE];
    let (waiting, one) =
        Scanner::new(scanned, &scanner.identity, &scanner.wire, Some(NOW), &mut out).unwrap();
    let one = one.to_vec();
    let shows = Shower::new(shown, &shower.identity, &shower.wire, Some(NOW)).unwrap();
    if step == 1 {
        return (Waiting::Shower(shows), Other::Scanner(waiting), read, vec![one]);
    }
    let (answered, two) = answer(shows, &one);
    if step == 2 {
        return (Waiting::Scanner(waiting), Other::Answered(answered), read, vec![one, two]);
    }
    let (confirming, three) = confirm(waiting, &two);
    if step == 3 {
        return (Waiting::Answered(answered), Other::Confirming(confirming), read, vec![one, two, three]);
    }
    let (paired, four) = reply(answered, &three);
    (Waiting::Confirming(confirming), Other::Paired(paired), read, vec![one, two, three, four])
}

/// The end that does not wait for the message in question.
pub enum Other<'k> {
    Scanner(Scanner<'k>),
    Answered(Answered<'k>),
    Confirming(Confirming<'k>),
    Paired(Paired),
}

/// Runs a pairing to its end, from a state that attacks have left behind; both have each other and nobody else.
#[track_caller]
pub fn completes(
    waiting: Waiting<'_>,
    other: Other<'_>,
    messages: &[Vec<u8>],
    shower: &Person,
    scanner: &Person,
) {
    let last = messages.last().unwrap();
    let (with_shower, with_scanner) = match (waiting, other) {
        (Waiting::Shower(state), Other::Scanner(scans)) => {
            let (answered, two) = answer(state, last);
            let (confirming, three) = confirm(scans, &two);
            let (paired, four) = reply(answered, &three);
            (paired, finish(confirming, &four))
        }
        (Waiting::Scanner(state), Other::Answered(answered)) => {
            let (confirming, three) = confirm(state, last);
            let (paired, four) = reply(answered, &three);
            (paired, finish(confirming, &four))
        }
        (Waiting::Answered(state), Other::Confirming(confirming)) => {
            let (paired, four) = reply(state, last);
            (paired, finish(confirming, &four))
        }
        (Waiting::Confirming(state), Other::Paired(paired)) => (paired, finish(state, last)),
        _ => panic!("two states that do not belong together"),
    };
    assert_eq!(with_shower.card_bytes(), scanner.wire);
    assert_eq!(with_scanner.card_bytes(), shower.wire);
}

/// Shows each of these to the state that waits for message `step`, then lets the honest run complete.
#[track_caller]
pub fn refused(
    world: &World,
    step: usize,
    now: Option<u64>,
    attacks: impl FnOnce(&Read, &[Vec<u8>]) -> Attacks,
) {
    let (shower, scanner) = (&world.pgo, &world.device);
    let (mut waiting, other, read, messages) = before(step, shower, scanner, 77);
    for (what, bytes, error) in attacks(&read, &messages) {
        let (state, found) = waiting.refuses(now, &bytes);
        assert_eq!(found, error, "{what}, to who waits for message {step}");
        waiting = state;
    }
    completes(waiting, other, &messages, shower, scanner);
}

/// What is shown, in words, and the error that it has to get.
pub type Attacks = Vec<(String, Vec<u8>, Error)>;

pub const STEPS: [usize; 4] = [1, 2, 3, 4];
