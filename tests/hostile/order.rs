//! Cheap checks come first, costly ones once, and state last: counted through the public traits
//! (threats A-11, C-09, C-10, E-10 and E-11).

use std::cell::Cell;

use zegel::{
    Acceptance, Agree, Arrival, Card, Error, FixedTrust, KemKey, KemPublic, Kid, MAX_NUMBER, Opener,
    ReplayGuard, Secret, Sender, Stream, TrustStore, WindowGuard,
};

use super::support::forge::{around, encrypted, outer, sign1, statement};
use super::support::random::Draws;
use super::support::world::{NOW, Person, TOPIC, World, state};

/// A key that counts how often it is used.
struct Counted<'k>(&'k KemKey, &'k Cell<usize>);

impl Agree for Counted<'_> {
    fn public(&self) -> &KemPublic {
        Agree::public(self.0)
    }

    fn agree(&self, peer: &[u8; 32]) -> Result<Secret<32>, Error> {
        self.1.set(self.1.get() + 1);
        self.0.agree(peer)
    }
}

/// State that counts how often it is asked, and fails on demand.
struct Asked {
    card: Option<Card>,
    lookups: Cell<usize>,
    takes: Cell<usize>,
    fails: bool,
}

impl TrustStore for &Asked {
    fn sender(&self, _: &Kid) -> Result<Option<Sender>, Error> {
        self.lookups.set(self.lookups.get() + 1);
        if self.fails && self.card.is_none() {
            return Err(Error::Storage);
        }
        Ok(self.card.as_ref().map(|card| Sender::new(card, false)))
    }
}

impl ReplayGuard for &Asked {
    fn take(&mut self, _: &Stream, _: u64, _: &[u8; 32]) -> Result<Arrival, Error> {
        self.takes.set(self.takes.get() + 1);
        if self.fails { Err(Error::Storage) } else { Ok(Arrival::default()) }
    }

    fn next(&self, _: &Stream) -> Result<u64, Error> {
        Ok(0)
    }
}

/// Error, agreements, lookups and takes of one attempt.
fn cost(world: &World, card: Option<Card>, fails: bool, envelope: &[u8]) -> (Option<Error>, [usize; 3]) {
    let used = Cell::new(0);
    let keys = [Counted(&world.gp.keys[0], &used), Counted(&world.pgo.keys[0], &used)];
    let asked = Asked { card, lookups: Cell::new(0), takes: Cell::new(0), fails };
    let mut state = state(&asked, &asked);
    let mut buffer = envelope.to_vec();
    let opened = Opener::new(world.pgo.identity.id(), &keys).open(&mut state, TOPIC, Some(NOW), &mut buffer);
    let error = opened.err();
    assert!(error.is_none() || buffer.iter().all(|byte| *byte == 0));
    (error, [used.get(), asked.lookups.get(), asked.takes.get()])
}

#[test]
fn each_check_costs_only_what_came_before() {
    let world = World::new();
    let card = || Some(world.device.card.clone());
    let genuine = world.envelope();
    let mut rejected = genuine.clone();
    *rejected.last_mut().unwrap() ^= 1;
    let payload = statement(0, None, 42, b"", b"");
    let unsigned = sign1(&world.device.identity.id().kid().0, &payload, &[0x11; 64]);
    let unsigned = encrypted(&world.pgo.keys[0].public(), TOPIC, &unsigned);

    assert_eq!(cost(&world, card(), false, &[]), (Some(Error::Malformed), [0, 0, 0]));
    assert_eq!(cost(&world, card(), false, &genuine[1..]), (Some(Error::Malformed), [0, 0, 0]));
    let other = outer(&[7; 8], &[9; 32], &genuine);
    assert_eq!(cost(&world, card(), false, &other), (Some(Error::NotForMe), [0, 0, 0]));
    assert_eq!(cost(&world, card(), false, &rejected), (Some(Error::Rejected), [1, 0, 0]));
    assert_eq!(cost(&world, None, false, &genuine), (Some(Error::UnknownSender), [1, 1, 0]));
    assert_eq!(cost(&world, card(), false, &unsigned), (Some(Error::Rejected), [1, 1, 0]));
    assert_eq!(cost(&world, card(), false, &genuine), (None, [1, 1, 1]));
}

#[test]
fn a_store_that_fails_gives_out_nothing() {
    let world = World::new();
    let genuine = world.envelope();
    assert_eq!(cost(&world, None, true, &genuine), (Some(Error::Storage), [1, 1, 0]));
    let card = Some(world.device.card.clone());
    assert_eq!(cost(&world, card, true, &genuine), (Some(Error::Storage), [1, 1, 1]));
}

/// A store that answers with the wrong sender, as one with two keys for one kid might (threat A-16).
#[test]
fn a_sender_with_the_same_key_identifier_is_rejected() {
    let world = World::new();
    let card = Some(world.mallory.card.clone());
    assert_eq!(cost(&world, card, false, &world.envelope()), (Some(Error::Rejected), [1, 1, 0]));
}

/// A key in hardware that does not answer, or that answers with this.
struct Silent<'k>(&'k KemKey, Option<[u8; 32]>);
impl Agree for Silent<'_> {
    fn public(&self) -> &KemPublic {
        Agree::public(self.0)
    }

    fn agree(&self, _: &[u8; 32]) -> Result<Secret<32>, Error> {
        self.1.map(Secret::new).ok_or(Error::KeyUnavailable)
    }
}

#[test]
fn a_key_that_does_not_answer_opens_nothing() {
    let world = World::new();
    for (answer, error) in [
        (None, Error::KeyUnavailable),
        (Some([0; 32]), Error::KeyUnavailable),
        (Some([1; 32]), Error::Rejected),
    ] {
        let keys = [Silent(&world.pgo.keys[0], answer)];
        let opener = Opener::new(world.pgo.identity.id(), &keys);
        assert_eq!(world.receiver().refuses(&opener, TOPIC, Some(NOW), &world.envelope()), error);
    }
}

/// Some keystores fail on a point of low order, or on one that is written otherwise. Whoever may publish could send
/// such ones: a receiver that waited for its keystore to come back would wait for ever (threat E-24).
#[test]
fn a_point_that_its_holder_fails_on_is_the_messages_fault() {
    let world = World::new();
    let keys = [Silent(&world.pgo.keys[0], None)];
    let opener = Opener::new(world.pgo.identity.id(), &keys);
    let genuine = world.envelope();
    let (kid, mut unreduced) = (world.pgo.keys[0].public().kid(), [0xff; 32]);
    unreduced[31] = 0x7f;
    for (point, error) in
        [([0; 32], Error::Rejected), (unreduced, Error::Rejected), ([9; 32], Error::KeyUnavailable)]
    {
        let envelope = outer(&kid.0, &point, &genuine);
        assert_eq!(world.receiver().refuses(&opener, TOPIC, Some(NOW), &envelope), error);
    }
}

/// A jump to the last number is taken, reported as one range, and bars nothing that is still missing.
#[test]
fn a_giant_jump_is_reported_and_costs_nothing() {
    let world = World::new();
    let mut receiver = world.receiver();
    let payload = statement(MAX_NUMBER, None, 42, b"", b"");
    let mut far = around(&world.device, &world.pgo, &payload);
    let opener = world.pgo.opener().with_acceptance(Acceptance::ANYTHING);
    let opened = opener.open(&mut receiver, TOPIC, None, &mut far).unwrap();
    assert_eq!(opened.arrival().missing, Some((0, MAX_NUMBER - 1)));
    let mut guard = receiver.exact;
    let stream = Stream::new(world.device.identity.id(), &world.pgo.identity.id());
    assert!(guard.take(&stream, 5, &[5; 32]).unwrap().late);
    assert_eq!(guard.gaps(&stream), [(0, 4), (6, MAX_NUMBER - 1)]);
}

#[test]
fn a_flood_of_strangers_takes_no_room() {
    let world = World::new();
    let mut state = state(FixedTrust::<1>::new(), WindowGuard::<1>::new());
    state.trust.pin(&world.device.card).unwrap();
    let before = state.replay.clone();
    for seed in 100..200 {
        let stranger = Person::new(seed, "");
        let mut envelope = around(&stranger, &world.pgo, &statement(seed, None, 42, b"", b""));
        let opened = world.pgo.opener().open(&mut state, TOPIC, None, &mut envelope);
        assert_eq!(opened.err(), Some(Error::UnknownSender));
        assert_eq!(state.trust.pin(&stranger.card), Err(Error::Full));
    }
    assert_eq!(state.replay, before);
    assert!(world.pgo.opener().open(&mut state, TOPIC, None, &mut world.envelope()).is_ok());
}

/// Bytes that are no envelope at all.
#[test]
fn noise_is_malformed() {
    let world = World::new();
    let mut draws = Draws(3);
    for length in 0..2000 {
        let noise = draws.bytes(length % 300);
        let error = world.receiver().refuses(&world.pgo.opener(), TOPIC, None, &noise);
        assert_eq!(error, Error::Malformed);
    }
}
