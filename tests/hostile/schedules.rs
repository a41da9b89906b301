//! Pairings under any schedule: messages lost, doubled, reordered, changed, invented and mixed between two pairings,
//! ends that begin again, and time that passes. A model of a few lines says what each step must answer.

use zegel::Error;
use zegel::pairing::{Answered, Confirming, MAX_MESSAGE, Paired, PairingCode, Reply, Scanner, Shower};

use super::support::parley::{self, Read, card_plaintext};
use super::support::random::Draws;
use super::support::world::{NOW, Person, World, card_of};

const WORLDS: u64 = 100;
const STEPS: usize = 10_000;
/// Seconds that a code serves.
const LIFETIME: u64 = 60;
/// Messages that the broker keeps.
const KEPT: usize = 48;

/// What the model knows of a message: everything, since it saw who made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// Not the shape of a message of any pairing.
    Noise,
    /// Genuine, or with the mark or the text changed.
    Message { pairing: u64, step: u8, number: u64, changed: bool },
}

#[derive(Clone)]
struct Sent {
    what: What,
    bytes: Vec<u8>,
}

/// Numbers of the messages that an end has seen or sent; equal bytes have equal numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Model {
    Waits { first: u64 },
    Has { first: u64, second: u64, third: u64 },
    Done,
}

#[expect(clippy::large_enum_variant, reason = "there are two of them")]
enum Shows<'k> {
    Shower(Shower<'k>),
    Answered(Answered<'k>),
    Done,
}

#[expect(clippy::large_enum_variant, reason = "there are two of them")]
enum Scans<'k> {
    Scanner(Scanner<'k>),
    Confirming(Confirming<'k>),
    Done,
}

/// One pairing: its code, both ends, and the model of each.
struct Pairing<'k> {
    number: u64,
    read: Read,
    shows: Shows<'k>,
    shower: Model,
    scans: Scans<'k>,
    scanner: Model,
}

struct Schedule<'k> {
    draws: Draws,
    now: u64,
    broker: Vec<Sent>,
    /// What each message that an end has made answers, by number.
    parents: Vec<Option<u64>>,
    made: Vec<Vec<u8>>,
    people: [&'k Person; 2],
    newer: &'k [u8],
    mallory: &'k Person,
    pairings: u64,
    tally: Tally,
}

/// How often each outcome was seen, so that the test shows that it tests something.
#[derive(Debug, Default)]
struct Tally {
    steps: u64,
    errors: std::collections::BTreeMap<&'static str, u64>,
    again: u64,
    shower_paired: u64,
    both_paired: u64,
}

impl<'k> Schedule<'k> {
    /// A number for these bytes: the same for the same bytes.
    fn number(&mut self, bytes: &[u8], parent: Option<u64>) -> u64 {
        if let Some(at) = self.made.iter().position(|made| made == bytes) {
            return at as u64;
        }
        self.made.push(bytes.to_vec());
        self.parents.push(parent);
        self.made.len() as u64 - 1
    }

    fn parent(&self, number: u64) -> Option<u64> {
        self.parents[number as usize]
    }

    fn publish(&mut self, pairing: u64, step: u8, number: u64, bytes: &[u8]) {
        let what = What::Message { pairing, step, number, changed: false };
        self.keep(Sent { what, bytes: bytes.to_vec() });
    }

    fn keep(&mut self, sent: Sent) {
        if self.broker.len() == KEPT {
            let lost = self.draws.below(KEPT as u64) as usize;
            self.broker.swap_remove(lost);
        }
        self.broker.push(sent);
    }

    fn begin(&mut self) -> Pairing<'k> {
        self.pairings += 1;
        let number = self.pairings;
        let [shower, _] = self.people;
        let code =
            PairingCode::draw(&shower.identity.id(), Some(self.now), LIFETIME, &mut self.draws).unwrap();
        let read = Read::of(&code.to_text());
        let shows = Shower::new(code, &shower.identity, &shower.wire, Some(self.now)).unwrap();
        let shower = Model::Waits { first: u64::MAX };
        let mut pairing = Pairing {
            number,
            read,
            shows: Shows::Shower(shows),
            shower,
            scans: Scans::Done,
            scanner: Model::Done,
        };
        self.scan(&mut pairing);
        pairing
    }

    /// The scanner begins, or begins again, sometimes with a newer card of its own.
    fn scan(&mut self, pairing: &mut Pairing<'k>) {
        let [_, person] = self.people;
        let card = if self.draws.below(8) == 0 { self.newer } else { &person.wire };
        let code = PairingCode::parse(&pairing.read.text).unwrap();
        let mut out = [0; MAX_MESSAGE];
        match Scanner::new(code, &person.identity, card, Some(self.now), &mut out) {
            Ok((scanner, message)) => {
                let message = message.to_vec();
                let first = self.number(&message, None);
                self.publish(pairing.number, 1, first, &message);
                (pairing.scans, pairing.scanner) = (Scans::Scanner(scanner), Model::Waits { first });
            }
            Err(error) => {
                assert_eq!(error, Error::Expired);
                assert!(self.now > pairing.read.expires);
            }
        }
    }

    /// A message from the broker's heap, as it is, changed, or invented.
    fn drawn(&mut self, pairings: &[Pairing<'k>]) -> Sent {
        let kept = self.draws.below(self.broker.len() as u64) as usize;
        let mut sent = self.broker[kept].clone();
        match self.draws.below(16) {
            0..4 => sent,
            4..8 => {
                let What::Message { pairing, step, number, .. } = sent.what else { return sent };
                let place = 21 + self.draws.below(sent.bytes.len() as u64 - 21) as usize;
                // The heads of the text stand between the mark and the text.
                let head = 27..parley::ciphertext(&sent.bytes).start;
                sent.what = if head.contains(&place) {
                    What::Noise
                } else {
                    What::Message { pairing, step, number, changed: true }
                };
                sent.bytes[place] ^= 1 << self.draws.below(8);
                sent
            }
            8..15 => {
                let length = self.draws.below(200) as usize;
                let mut bytes = self.draws.bytes(length);
                if self.draws.below(2) == 0 {
                    bytes = sent.bytes[..self.draws.below(sent.bytes.len() as u64) as usize].to_vec();
                }
                Sent { what: What::Noise, bytes }
            }
            _ => {
                // Somebody who has the code, whose words hold under the tag and mean nothing.
                let pairing = &pairings[self.draws.below(pairings.len() as u64) as usize];
                let step = 2 + self.draws.below(3) as u8;
                let said = card_plaintext(&self.mallory.wire, None);
                let bytes = pairing.read.seal(step, &said);
                let what = What::Message { pairing: pairing.number, step, number: u64::MAX, changed: true };
                Sent { what, bytes }
            }
        }
    }

    fn count(&mut self, error: Error) {
        *self.tally.errors.entry(error.name()).or_default() += 1;
    }

    /// What every end does first.
    fn outer(&self, pairing: &Pairing<'k>, what: What) -> Result<(u8, u64, bool), Error> {
        match what {
            What::Message { pairing: number, step, number: message, changed } if number == pairing.number => {
                if self.now > pairing.read.expires {
                    Err(Error::Expired)
                } else {
                    Ok((step, message, changed))
                }
            }
            _ => Err(Error::Malformed),
        }
    }

    fn shower_hears(&mut self, pairing: &mut Pairing<'k>, sent: &Sent) {
        let outer = self.outer(pairing, sent.what);
        let expected = match (pairing.shower, outer) {
            (Model::Done, _) => return,
            (_, Err(error)) => Err(error),
            (Model::Waits { .. }, Ok((1, _, changed))) if changed => Err(Error::Rejected),
            (Model::Waits { .. }, Ok((1, ..))) => Ok(2),
            (Model::Has { first, .. }, Ok((1, number, false))) if number == first => Ok(2),
            (Model::Has { .. }, Ok((1, _, false))) => Err(Error::CodeUsed),
            (Model::Has { .. }, Ok((1, ..))) => Err(Error::Rejected),
            (Model::Has { second, .. }, Ok((3, number, changed))) => {
                let answers = !changed && self.parent(number) == Some(second);
                if answers { Ok(4) } else { Err(Error::Rejected) }
            }
            _ => Err(Error::Malformed),
        };
        let (mut message, mut out) = (sent.bytes.clone(), [0xcc; MAX_MESSAGE]);
        let [_, scanner] = self.people;
        let found = match std::mem::replace(&mut pairing.shows, Shows::Done) {
            Shows::Done => unreachable!("the model is not done"),
            Shows::Shower(state) => match state.answer(&mut message, Some(self.now), &mut out) {
                Ok((state, two)) => {
                    pairing.shows = Shows::Answered(state);
                    Ok((2, two.to_vec()))
                }
                Err(refused) => {
                    pairing.shows = Shows::Shower(refused.state);
                    Err(refused.error)
                }
            },
            Shows::Answered(state) => {
                match state.reply(&mut message, Some(self.now), &mut self.draws, &mut out) {
                    Ok(Reply::Again(state, two)) => {
                        pairing.shows = Shows::Answered(state);
                        self.tally.again += 1;
                        Ok((2, two.to_vec()))
                    }
                    Ok(Reply::Paired(paired, four)) => {
                        self.is(&paired, scanner);
                        self.tally.shower_paired += 1;
                        Ok((4, four.to_vec()))
                    }
                    Err(refused) => {
                        pairing.shows = Shows::Answered(refused.state);
                        Err(refused.error)
                    }
                }
            }
        };
        let step = found.as_ref().map(|(step, _)| *step).map_err(|error| *error);
        assert_eq!(step, expected, "{:?} to a shower that {:?}", sent.what, pairing.shower);
        assert!(message.iter().all(|byte| *byte == 0));
        match found {
            Err(error) => {
                assert!(out.iter().all(|byte| *byte == 0));
                self.count(error);
            }
            Ok((answer, bytes)) => {
                let What::Message { number, .. } = sent.what else { unreachable!("noise was taken") };
                let made = self.number(&bytes, Some(number));
                self.publish(pairing.number, answer, made, &bytes);
                pairing.shower = match answer {
                    2 => Model::Has { first: number, second: made, third: 0 },
                    _ => Model::Done,
                };
            }
        }
    }

    fn scanner_hears(&mut self, pairing: &mut Pairing<'k>, sent: &Sent) {
        let outer = self.outer(pairing, sent.what);
        let expected = match (pairing.scanner, outer) {
            (Model::Done, _) => return,
            (_, Err(error)) => Err(error),
            (Model::Waits { first }, Ok((2, number, changed))) => {
                let answers = !changed && self.parent(number) == Some(first);
                if answers { Ok(3) } else { Err(Error::Rejected) }
            }
            (Model::Has { second, .. }, Ok((2, number, false))) if number == second => Err(Error::Duplicate),
            (Model::Has { third, .. }, Ok((4, number, changed))) => {
                let answers = !changed && self.parent(number) == Some(third);
                if answers { Ok(5) } else { Err(Error::Rejected) }
            }
            _ => Err(Error::Malformed),
        };
        let (mut message, mut out) = (sent.bytes.clone(), [0xcc; MAX_MESSAGE]);
        let [shower, _] = self.people;
        let found = match std::mem::replace(&mut pairing.scans, Scans::Done) {
            Scans::Done => unreachable!("the model is not done"),
            Scans::Scanner(state) => {
                match state.confirm(&mut message, Some(self.now), &mut self.draws, &mut out) {
                    Ok((state, three)) => {
                        pairing.scans = Scans::Confirming(state);
                        Ok((3, three.to_vec()))
                    }
                    Err(refused) => {
                        pairing.scans = Scans::Scanner(refused.state);
                        assert!(out.iter().all(|byte| *byte == 0));
                        Err(refused.error)
                    }
                }
            }
            Scans::Confirming(state) => match state.finish(&mut message, Some(self.now)) {
                Ok(paired) => {
                    self.is(&paired, shower);
                    assert_eq!(pairing.shower, Model::Done, "the shower was done before");
                    self.tally.both_paired += 1;
                    Ok((5, Vec::new()))
                }
                Err(refused) => {
                    pairing.scans = Scans::Confirming(refused.state);
                    Err(refused.error)
                }
            },
        };
        let step = found.as_ref().map(|(step, _)| *step).map_err(|error| *error);
        assert_eq!(step, expected, "{:?} to a scanner that {:?}", sent.what, pairing.scanner);
        assert!(message.iter().all(|byte| *byte == 0));
        match (found, pairing.scanner) {
            (Err(error), _) => self.count(error),
            (Ok((3, bytes)), Model::Waits { first }) => {
                let What::Message { number: second, .. } = sent.what else { unreachable!("noise was taken") };
                let third = self.number(&bytes, Some(second));
                self.publish(pairing.number, 3, third, &bytes);
                pairing.scanner = Model::Has { first, second, third };
            }
            (Ok(_), _) => pairing.scanner = Model::Done,
        }
    }

    /// Nobody is ever paired with anybody but the partner.
    #[track_caller]
    fn is(&self, paired: &Paired, person: &Person) {
        assert_eq!(paired.partner().id(), person.card.id());
        assert!(paired.card_bytes() == person.wire || paired.card_bytes() == self.newer);
    }
}

#[test]
fn any_schedule_gives_what_the_model_says() {
    let world = World::new();
    let newer = card_of(&world.device.identity, &[], 9, "device, anew");
    let mut tally = Tally::default();
    for seed in 0..WORLDS {
        let mut schedule = Schedule {
            draws: Draws(seed),
            now: NOW,
            broker: Vec::new(),
            parents: Vec::new(),
            made: Vec::new(),
            people: [&world.pgo, &world.device],
            newer: &newer,
            mallory: &world.mallory,
            pairings: 0,
            tally,
        };
        let mut pairings = [schedule.begin(), schedule.begin()];
        for _ in 0..STEPS {
            schedule.tally.steps += 1;
            let which = schedule.draws.below(2) as usize;
            match schedule.draws.below(2_000) {
                // A code that has served or run out: the user shows a new one.
                0..4 => pairings[which] = schedule.begin(),
                4..8 => schedule.scan(&mut pairings[which]),
                // The cards outlive every schedule.
                8..12 => schedule.now = (schedule.now + schedule.draws.below(30)).min(NOW + 900),
                at => {
                    let sent = schedule.drawn(&pairings);
                    if at % 2 == 0 {
                        schedule.shower_hears(&mut pairings[which], &sent);
                    } else {
                        schedule.scanner_hears(&mut pairings[which], &sent);
                    }
                }
            }
        }
        tally = schedule.tally;
    }
    eprintln!("{tally:?}");
    assert_eq!(tally.steps, 1_000_000);
    assert!(tally.both_paired > 100 && tally.shower_paired > tally.both_paired && tally.again > 100);
    for name in ["Malformed", "Rejected", "Expired", "Duplicate", "CodeUsed"] {
        assert!(tally.errors.get(name).is_some_and(|count| *count > 100), "{name}: {tally:?}");
    }
}
