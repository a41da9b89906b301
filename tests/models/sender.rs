//! A sender and its sessions (SPEC §6.2, §10): the model counts. It knows which numbers the store has given out, and of
//! an open session its limits, its numbers, and the messages that no manifest has signed.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use zegel::{Error, Format, Measurement, Padding, Sealer, SequenceStore, Session, SessionLimits, Stream};

use super::session::{Item, Kind, People};
use super::support::random::{Draws, Script};
use super::support::world::{NOW, TOPIC};

/// A counter that outlives its device: eight numbers a write.
#[derive(Clone)]
pub(crate) struct Flash(Rc<Cell<u64>>);

impl SequenceStore for Flash {
    fn reserve(&mut self, _: &Stream) -> Result<Range<u64>, Error> {
        let first = self.0.get();
        self.0.set(first + RESERVED);
        Ok(first..first + RESERVED)
    }
}

/// How a device spends its time.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mode {
    Mixed,
    /// One session that is hardly ever interrupted.
    Long,
    /// Many short ones.
    Many,
}

enum Sealing<'p> {
    Idle(Box<Sealer<'p, Flash>>),
    Open(Box<Session<'p, Flash>>, Model),
}

/// What the model knows of an open session.
struct Model {
    /// Where its keyframe is in the pool.
    session: usize,
    keyframe: u64,
    started: Option<u64>,
    limits: SessionLimits,
    /// The number that has to come next.
    next: u64,
    /// The messages since the last manifest.
    block: Vec<usize>,
}

impl Model {
    /// What a message gets, where the store's next number is `free`.
    fn message(&self, times: [Option<u64>; 2], free: u64, room: bool) -> Result<(), Error> {
        let late = |time: &Option<u64>| {
            let end = self.started.map(|started| started + self.limits.seconds);
            matches!((end, time), (Some(end), Some(time)) if *time > end)
        };
        if self.block.len() as u64 == self.limits.block {
            Err(Error::ManifestDue)
        } else if self.left() < 2 || times.iter().any(late) {
            Err(Error::SessionOver)
        } else {
            self.number(free, room)
        }
    }

    fn manifest(&self, draws: bool, free: u64, room: bool) -> Result<(), Error> {
        if self.block.is_empty() {
            Err(Error::NothingAllowed)
        } else if self.left() < 1 {
            Err(Error::SessionOver)
        } else if !draws {
            Err(Error::Entropy)
        } else {
            self.number(free, room)
        }
    }

    fn number(&self, free: u64, room: bool) -> Result<(), Error> {
        match room {
            false => Err(Error::BufferTooSmall),
            true if free != self.next => Err(Error::SessionOver),
            true => Ok(()),
        }
    }

    /// How many numbers the session still has.
    fn left(&self) -> u64 {
        self.keyframe + self.limits.messages + 1 - self.next
    }
}

/// A sender that is driven at random and checked at each step.
pub(crate) struct Device<'p> {
    people: &'p People,
    who: usize,
    flash: Flash,
    /// What is left of the last reservation, and where the store stood before the step.
    reserved: Range<u64>,
    before: u64,
    clock: u64,
    kem: usize,
    sealing: Option<Sealing<'p>>,
}

impl<'p> Device<'p> {
    pub(crate) fn new(people: &'p People, who: usize, first: u64) -> Self {
        let flash = Flash(Rc::new(Cell::new(first)));
        Self { people, who, flash, reserved: 0..0, before: first, clock: NOW, kem: 0, sealing: None }
    }

    pub(crate) fn flash(&self) -> u64 {
        self.flash.0.get()
    }

    pub(crate) fn run(&mut self, items: &mut Vec<Item>, draws: &mut Draws, mode: Mode, steps: u64) {
        for _ in 0..steps {
            self.step(items, draws, mode);
        }
    }

    pub(crate) fn step(&mut self, items: &mut Vec<Item>, draws: &mut Draws, mode: Mode) {
        self.clock += draws.below(3);
        let rare = if mode == Mode::Long { 400 } else { 60 };
        match draws.below(rare) {
            // The device starts again, or another program has sealed in the stream.
            0 => self.sealing = None,
            1 => self.flash.0.set(self.flash() + RESERVED),
            2 if draws.below(8) == 0 => self.flash.0.set(self.flash() + 1100),
            _ => {}
        }
        self.sealing = Some(match self.sealing.take() {
            None => Sealing::Idle(Box::new(self.start())),
            Some(Sealing::Idle(sealer)) => self.idle(sealer, items, draws, mode),
            Some(Sealing::Open(session, model)) => self.open(session, model, items, draws, mode),
        });
    }

    /// What was reserved and not used is skipped.
    fn start(&mut self) -> Sealer<'p, Flash> {
        self.reserved = 0..0;
        let (identity, card) = (&self.people.senders[self.who].identity, &self.people.cards[self.kem]);
        Sealer::new(identity, card, None, self.flash.clone()).unwrap().with_padding(Padding::None)
    }

    fn idle(
        &mut self,
        mut sealer: Box<Sealer<'p, Flash>>,
        items: &mut Vec<Item>,
        draws: &mut Draws,
        mode: Mode,
    ) -> Sealing<'p> {
        match draws.below(if mode == Mode::Many { 4 } else { 8 }) {
            0 => {
                // A rotated recipient: the next envelope goes to the newer key.
                self.kem = self.kem.max(draws.below(2) as usize);
                sealer.renew(&self.people.cards[self.kem], None).unwrap();
            }
            1 | 4 => {
                let (time, body) = (Some(self.clock), draws.bytes(7));
                let measurement = Measurement { time, format: Format::CBOR, body: &body };
                let room = draws.below(8) != 0;
                let mut out = vec![9; if room { 300 } else { 99 }];
                let free = self.free();
                let sealed = sealer.seal(TOPIC, &measurement, draws, &mut out).map(<[u8]>::to_vec);
                if let Some(bytes) =
                    self.outcome(sealed, if room { Ok(()) } else { Err(Error::BufferTooSmall) })
                {
                    self.publish(items, free, bytes, Some(body), Kind::OneShot);
                } else {
                    assert!(out.iter().all(|byte| *byte == 0));
                }
            }
            _ => return self.begin(*sealer, items, draws, mode),
        }
        Sealing::Idle(sealer)
    }

    fn begin(
        &mut self,
        sealer: Sealer<'p, Flash>,
        items: &mut Vec<Item>,
        draws: &mut Draws,
        mode: Mode,
    ) -> Sealing<'p> {
        let started = Some(self.clock).filter(|_| draws.below(4) != 0);
        let (block, messages) = match mode {
            Mode::Mixed => (draws.below(7), 1 + draws.below(30)),
            Mode::Long => (64 - draws.below(3), 65_536),
            Mode::Many => (1 + draws.below(3), 1 + draws.below(5)),
        };
        let limits = SessionLimits { block, messages, seconds: 60 + draws.below(60) };
        let seconds = if mode == Mode::Long { 86_400 } else { limits.seconds };
        let limits = SessionLimits { seconds, ..limits };
        let (free, mut out) = (self.free(), [9; 300]);
        match Session::begin(sealer, TOPIC, started, limits, draws, &mut out) {
            Ok((session, bytes)) => {
                assert!(block > 0);
                let bytes = self.outcome(Ok(bytes.to_vec()), Ok(())).unwrap();
                let ends = started.map(|started| started + limits.seconds);
                let place = self.publish(items, free, bytes, None, Kind::Keyframe { ends });
                let (next, block) = (free + 1, Vec::new());
                let model = Model { session: place, keyframe: free, started, limits, next, block };
                Sealing::Open(Box::new(session), model)
            }
            Err(refused) => {
                assert_eq!((refused.error, block, out), (Error::TooLarge, 0, [0; 300]));
                Sealing::Idle(Box::new(refused.state))
            }
        }
    }

    fn open(
        &mut self,
        mut session: Box<Session<'p, Flash>>,
        mut model: Model,
        items: &mut Vec<Item>,
        draws: &mut Draws,
        mode: Mode,
    ) -> Sealing<'p> {
        let (free, room) = (self.free(), draws.below(16) != 0);
        let mut out = vec![9; if room { 300 } else { 20 }];
        match draws.below(if mode == Mode::Long { 40 } else { 12 }) {
            0 if mode != Mode::Long || draws.below(10) == 0 => {
                drop(model);
                return Sealing::Idle(Box::new(session.end()));
            }
            1 | 2 => {
                let fails = draws.below(4) == 0;
                let sealed = if fails {
                    session.manifest(TOPIC, &mut Script::failing_after(0), &mut out).map(<[u8]>::to_vec)
                } else {
                    session.manifest(TOPIC, draws, &mut out).map(<[u8]>::to_vec)
                };
                let expected = model.manifest(!fails, free, room);
                if let Some(bytes) = self.outcome(sealed, expected) {
                    let covers: Vec<_> = model.block.drain(..).map(Some).collect();
                    let first = free - covers.len() as u64;
                    let kind = Kind::Manifest { session: model.session, first, covers };
                    self.publish(items, free, bytes, None, kind);
                    model.next += 1;
                } else {
                    assert!(out.iter().all(|byte| *byte == 0));
                }
            }
            _ => {
                let time = |draws: &mut Draws| Some(self.clock).filter(|_| draws.below(8) != 0);
                let (now, time) = (time(draws), time(draws));
                let length = draws.below(30) as usize;
                let body = draws.bytes(length);
                let measurement = Measurement { time, format: Format::OCTET_STREAM, body: &body };
                let sealed = session.seal(TOPIC, &measurement, now, &mut out).map(<[u8]>::to_vec);
                let expected = model.message([now, time], free, room);
                if let Some(bytes) = self.outcome(sealed, expected) {
                    let kind = Kind::Message { session: model.session };
                    model.block.push(self.publish(items, free, bytes, Some(body), kind));
                    model.next += 1;
                } else {
                    assert!(out.iter().all(|byte| *byte == 0));
                }
            }
        }
        assert_eq!(session.unsigned(), model.block.len() as u64);
        assert_eq!(session.manifest_due(), model.block.len() as u64 == model.limits.block);
        Sealing::Open(session, model)
    }

    /// The number that the store and what is left of its last reservation give next.
    fn free(&mut self) -> u64 {
        self.before = self.flash();
        if self.reserved.is_empty() { self.flash() } else { self.reserved.start }
    }

    /// Compares an outcome with the model's, and follows a reservation that the step made.
    #[track_caller]
    fn outcome(&mut self, sealed: Result<Vec<u8>, Error>, expected: Result<(), Error>) -> Option<Vec<u8>> {
        if self.flash() != self.before {
            assert!(self.reserved.is_empty(), "what was reserved is used first");
            self.reserved = self.before..self.flash();
        }
        assert_eq!(sealed.as_ref().map(|_| ()).map_err(|error| *error), expected);
        sealed.ok()
    }

    /// A number is used up, and was reserved.
    fn publish(
        &mut self,
        items: &mut Vec<Item>,
        number: u64,
        bytes: Vec<u8>,
        body: Option<Vec<u8>>,
        kind: Kind,
    ) -> usize {
        assert_eq!(self.reserved.next(), Some(number));
        items.push(Item { sender: self.who, number, kem: self.kem, bytes, body, kind });
        items.len() - 1
    }
}

const RESERVED: u64 = 8;

/// One device, day in, day out: all its numbers differ, and what it says of its sessions is what the model counts.
#[test]
fn a_sender_counts_as_the_model_does() {
    let people = People::new();
    for (seed, mode) in [(1, Mode::Mixed), (2, Mode::Long), (3, Mode::Many), (4, Mode::Mixed)] {
        let (mut items, mut draws) = (Vec::new(), Draws(seed));
        let mut device = Device::new(&people, 0, 0);
        device.run(&mut items, &mut draws, mode, 25_000);
        let numbers: BTreeSet<u64> = items.iter().map(|item| item.number).collect();
        assert_eq!(numbers.len(), items.len(), "no number is used twice");
        assert!(items.len() > 5_000, "{} items", items.len());
        // Two messages, or envelopes, with the same bytes would have the same key and nonce.
        let bytes: BTreeSet<&[u8]> = items.iter().map(|item| &item.bytes[..]).collect();
        assert_eq!(bytes.len(), items.len());
    }
}
