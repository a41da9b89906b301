//! Cards (SPEC §7.2, §8.3, §6.3, §11.3): whoever arrives in whatever order, at a receiver with a heap, at one without,
//! and at a sender. The model knows of each identity the one card that is pinned, and whether it was revoked.

use std::collections::{BTreeMap, BTreeSet};

use zegel::envelope::Envelope;
use zegel::{
    Card, CardClaims, Error, Event, EventLog, ExactGuard, FixedSessions, FixedTrust, Id, Identity, KemKey,
    MemoryTrust, Padding, ReplayGuard, Sealer, State, Status, Succession, TrustStore,
};

use super::support::random::Draws;
use super::support::world::{Counter, Person, TOPIC, measurement};

/// A card, and all that the model has to know of it.
struct Issued {
    card: Card,
    person: usize,
    serial: u64,
    withdrawn: bool,
    /// The KEM key on it, and the first and the last second of it.
    key: Option<usize>,
    valid: (u64, u64),
}

struct People {
    identities: Vec<Identity>,
    keys: Vec<KemKey>,
    cards: Vec<Issued>,
}

impl People {
    /// Three people, and of each two cards for every serial and status.
    fn new() -> Self {
        let mut draws = Draws(0xca2d);
        let identities: Vec<_> = (0..3).map(|_| Identity::generate(&mut draws).unwrap()).collect();
        let keys: Vec<_> = (0..3).map(|_| KemKey::generate(&mut draws).unwrap()).collect();
        let mut cards = Vec::new();
        for (person, identity) in identities.iter().enumerate() {
            for serial in 0..6 {
                for (withdrawn, label) in [(false, "a"), (false, "b"), (true, "a"), (true, "b")] {
                    // Two serials share a key, and the last ones have none.
                    let key = Some(serial as usize / 2).filter(|_| serial != 5);
                    let valid = (serial * 10, serial * 10 + 30);
                    let status = if withdrawn { Status::Withdrawn } else { Status::Active };
                    let kem_keys: Vec<_> = key.iter().map(|key| keys[*key].public()).collect();
                    let claims = CardClaims {
                        serial,
                        not_before: valid.0,
                        expires: valid.1,
                        label,
                        kem_keys: &kem_keys,
                        status,
                    };
                    let wire = Card::issue_to_vec(&claims, identity, &mut draws).unwrap();
                    let card = Card::from_bytes(&wire).unwrap();
                    cards.push(Issued { card, person, serial, withdrawn, key, valid });
                }
            }
        }
        Self { identities, keys, cards }
    }

    fn id(&self, person: usize) -> Id {
        self.identities[person].id()
    }
}

/// What is pinned of one identity: which of the cards, and whether the user ended the trust.
#[derive(Clone, Copy, PartialEq)]
struct Entry {
    card: usize,
    revoked: bool,
}

/// The table of SPEC §8.3.
fn succession(people: &People, pinned: Option<Entry>, card: usize) -> Result<Succession, Error> {
    let Some(Entry { card: before, revoked }) = pinned else { return Ok(Succession::New) };
    let (old, new) = (&people.cards[before], &people.cards[card]);
    if before == card {
        Ok(Succession::Same)
    } else if old.withdrawn || revoked {
        Err(Error::Revoked)
    } else if new.withdrawn || new.serial > old.serial {
        Ok(Succession::Newer)
    } else if new.serial < old.serial {
        Err(Error::Rollback)
    } else {
        Err(Error::Equivocation)
    }
}

/// Who is pinned, with how much room, and who vouches for whom.
struct Model<'p> {
    people: &'p People,
    pinned: BTreeMap<usize, Entry>,
    room: usize,
    introduced: BTreeMap<usize, (u64, BTreeSet<usize>)>,
}

impl<'p> Model<'p> {
    fn new(people: &'p People, room: usize) -> Self {
        Self { people, pinned: BTreeMap::new(), room, introduced: BTreeMap::new() }
    }

    fn pin(&mut self, card: usize) -> Result<Succession, Error> {
        let person = self.people.cards[card].person;
        let pinned = self.pinned.get(&person).copied();
        if pinned.is_none() && self.pinned.len() == self.room {
            return Err(Error::Full);
        }
        let succession = succession(self.people, pinned, card)?;
        if succession != Succession::Same {
            self.pinned.insert(person, Entry { card, revoked: false });
        }
        Ok(succession)
    }

    fn renew(&mut self, card: usize) -> Result<Succession, Error> {
        let known = self.pinned.contains_key(&self.people.cards[card].person);
        if known { self.pin(card) } else { Err(Error::UnknownSender) }
    }

    fn revoke(&mut self, person: usize) -> Result<(), Error> {
        self.pinned.get_mut(&person).map(|entry| entry.revoked = true).ok_or(Error::UnknownSender)
    }

    /// What an event says after a renewal that the broker delivered.
    fn event(&self, before: Option<Entry>, card: usize, verdict: Result<Succession, Error>) -> Option<Event> {
        let (new, id) = (&self.people.cards[card], self.people.id(self.people.cards[card].person));
        let keys_before = before.map(|before| self.people.cards[before.card].key);
        match verdict {
            Ok(Succession::Newer) if keys_before != Some(new.key) => {
                Some(Event::KeyChanged { id, serial: new.serial })
            }
            Err(Error::Equivocation) => Some(Event::Equivocation { id }),
            _ => None,
        }
    }

    fn introduce(&mut self, forwarder: usize, number: u64, who: &BTreeSet<usize>) -> bool {
        let newer = self.introduced.get(&forwarder).is_none_or(|(latest, _)| number > *latest);
        if newer {
            self.introduced.insert(forwarder, (number, who.clone()));
        }
        newer
    }

    fn vouches(&self, forwarder: usize, origin: usize) -> bool {
        self.introduced.get(&forwarder).is_some_and(|(_, who)| who.contains(&origin))
    }

    /// What the sender of an envelope is told at `now`.
    fn heard(&self, person: usize, now: Option<u64>) -> Result<(), Error> {
        let entry = self.pinned.get(&person).ok_or(Error::UnknownSender)?;
        let card = &self.people.cards[entry.card];
        match now {
            _ if entry.revoked || card.withdrawn => Err(Error::Revoked),
            Some(now) if now < card.valid.0 => Err(Error::NotYetValid),
            Some(now) if now > card.valid.1 => Err(Error::Expired),
            _ => Ok(()),
        }
    }
}

/// An envelope of each of the three people, and who opens it.
fn greetings(people: &People) -> (Person, Vec<Vec<u8>>) {
    let receiver = Person::new(0x9e7, "receiver");
    let seal = |identity| {
        let sealer = Sealer::new(identity, &receiver.card, None, Counter(0)).unwrap();
        let measurement = zegel::Measurement { time: None, ..measurement(b"x") };
        sealer.with_padding(Padding::None).seal_to_vec(TOPIC, &measurement, &mut Draws(1)).unwrap()
    };
    let envelopes = people.identities.iter().map(seal).collect();
    (receiver, envelopes)
}

fn times(draws: &mut Draws) -> Option<u64> {
    Some(draws.below(100)).filter(|_| draws.below(8) != 0)
}

#[test]
fn whoever_is_pinned_is_who_the_model_says() {
    let people = People::new();
    let (receiver, envelopes) = greetings(&people);
    let mut draws = Draws(0x717);
    for _ in 0..6_000 {
        let mut memory = State {
            trust: MemoryTrust::new(),
            replay: ExactGuard::new(),
            sessions: FixedSessions::<1>::new(),
            events: EventLog::<2>::new(),
        };
        let mut fixed = FixedTrust::<2>::new();
        let (mut model, mut small) = (Model::new(&people, usize::MAX), Model::new(&people, 2));
        for _ in 0..50 {
            let (card, person) = (draws.below(72) as usize, draws.below(3) as usize);
            let issued = &people.cards[card].card;
            let id = people.id(person);
            match draws.below(16) {
                0..5 => {
                    assert_eq!(memory.trust.pin(issued), model.pin(card));
                    assert_eq!(fixed.pin(issued), small.pin(card));
                }
                5..12 => {
                    let before = model.pinned.get(&people.cards[card].person).copied();
                    let verdict = memory.renew(issued);
                    assert_eq!(verdict, model.renew(card));
                    assert_eq!(memory.events.take()[0], model.event(before, card, verdict));
                    assert_eq!(fixed.renew(issued), small.renew(card));
                }
                12 if draws.below(4) == 0 => {
                    assert_eq!(memory.trust.revoke(&id), model.revoke(person));
                    assert_eq!(fixed.revoke(&id), small.revoke(person));
                }
                13 => {
                    let (number, who) = (draws.below(30), (0..3).filter(|_| draws.below(2) == 0).collect());
                    let ids = (&who as &BTreeSet<usize>).iter().map(|person| people.id(*person));
                    let taken = memory.trust.introduce(&id, number, ids);
                    assert_eq!(taken, model.introduce(person, number, &who));
                }
                14 if draws.below(12) == 0 => {
                    let (now, mut buffer) = (times(&mut draws), envelopes[person].clone());
                    memory.replay = ExactGuard::new();
                    let opened = receiver.opener().open(&mut memory, TOPIC, now, &mut buffer).map(|_| ());
                    let expected = model.heard(person, now);
                    assert_eq!(opened, expected);
                    let next = memory.replay.next(&zegel::Stream::new(id, &receiver.identity.id()));
                    assert_eq!(next, Ok(u64::from(expected.is_ok())));
                }
                _ => {
                    let origin = draws.below(3) as usize;
                    let vouches = memory.trust.vouches(&id, &people.id(origin));
                    assert_eq!(vouches, Ok(model.vouches(person, origin)));
                }
            }
            let (in_memory, in_fixed) = (memory.trust.get(&id), fixed.get(&id));
            for (found, model) in [(in_memory, &model), (in_fixed, &small)] {
                let pinned = model.pinned.get(&person).map(|entry| people.cards[entry.card].card.digest());
                assert_eq!(found.map(Card::digest), pinned);
            }
            let sender = memory.trust.sender(&id.kid()).unwrap();
            assert_eq!(sender.is_some(), model.pinned.contains_key(&person));
        }
    }
}

/// The recipient of a sealer: one pinned card, and the key that is sealed to.
#[test]
fn a_sealer_follows_its_recipients_cards() {
    let people = People::new();
    let device = Identity::generate(&mut Draws(5)).unwrap();
    let mut draws = Draws(0x5ea1);
    for _ in 0..2_000 {
        let first = draws.below(24) as usize;
        let now = times(&mut draws);
        let check = |card: &Issued, now: Option<u64>| match now {
            _ if card.withdrawn => Err(Error::Revoked),
            Some(now) if now < card.valid.0 => Err(Error::NotYetValid),
            Some(now) if now > card.valid.1 => Err(Error::Expired),
            _ => card.key.map(|_| ()).ok_or(Error::KeyUnavailable),
        };
        let begun = Sealer::new(&device, &people.cards[first].card, now, Counter(0));
        let expected = check(&people.cards[first], now);
        assert_eq!(begun.as_ref().err().copied(), expected.err());
        let Ok(mut sealer) = begun else { continue };
        let mut pinned = Entry { card: first, revoked: false };
        for _ in 0..50 {
            let (card, now) = (draws.below(30) as usize, times(&mut draws));
            let issued = &people.cards[card];
            let expected = if issued.person != 0 {
                Err(Error::UnknownSender)
            } else {
                match succession(&people, Some(pinned), card) {
                    Ok(Succession::Newer) if !issued.withdrawn => {
                        check(issued, now).map(|()| Succession::Newer)
                    }
                    verdict => verdict,
                }
            };
            assert_eq!(sealer.renew(&issued.card, now), expected);
            if expected == Ok(Succession::Newer) {
                pinned.card = card;
            }
            if draws.below(24) == 0 {
                let sealed = sealer.seal_to_vec(TOPIC, &measurement(b"x"), &mut draws);
                let pinned = &people.cards[pinned.card];
                if pinned.withdrawn {
                    assert_eq!(sealed, Err(Error::Revoked));
                } else {
                    let kid = people.keys[pinned.key.unwrap()].public().kid();
                    assert_eq!(Envelope::parse(&sealed.unwrap()).unwrap().claimed_recipient(), kid);
                }
            }
        }
    }
}
