//! A receiver of sessions (SPEC §7, §10): the model knows which item of the pool was taken under which number, and of
//! each session the messages and manifests that wait for one another. A block is proven when exactly the items that
//! its manifest signs were taken, and never otherwise.

use std::collections::{BTreeMap, BTreeSet};

use zegel::{
    Acceptance, Arrival, Error, Event, ExactGuard, FixedSessions, Id, KemKey, MemorySessions, MemoryTrust,
    Opener, Provenance, ReplayGuard, SessionStore, SignedBlock, State, Stream, UnverifiedEvidence, Watch,
    WindowGuard,
};

use super::guards::Taken;
use super::session::{Item, Kind, People, Pool};
use super::support::random::Draws;
use super::support::world::{NOW, TOPIC};

/// How much a store of sessions keeps.
#[derive(Clone, Copy)]
struct Bounds {
    /// Sessions of one sender, and of all.
    of_one: usize,
    of_all: usize,
    /// Of the numbers that leave the same rest when divided by this, the leaf of the newest; and manifests.
    leaves: u64,
    manifests: usize,
}

const MEMORY: Bounds = Bounds { of_one: 16, of_all: usize::MAX, leaves: u64::MAX, manifests: 64 };
const FIXED: Bounds = Bounds { of_one: 4, of_all: 4, leaves: 128, manifests: 2 };

/// A session whose keyframe was taken, and what of it waits.
#[derive(Default)]
struct Known {
    keys: bool,
    leaves: BTreeMap<u64, usize>,
    manifests: BTreeMap<u64, usize>,
}

struct Model<'p> {
    pool: &'p Pool,
    bounds: Bounds,
    windowed: bool,
    /// By sender: which item has each number.
    taken: BTreeMap<usize, Taken<usize>>,
    /// By the item that is its keyframe.
    sessions: BTreeMap<usize, Known>,
    held: [bool; 2],
    revoked: BTreeSet<usize>,
    conflicts: Vec<(usize, u64)>,
}

/// What the taking of an item says: about its number, and the block that it completes.
type Seen = (Arrival, Option<(u64, u64)>);

impl<'p> Model<'p> {
    fn new(pool: &'p Pool, bounds: Bounds, windowed: bool) -> Self {
        Self {
            pool,
            bounds,
            windowed,
            taken: BTreeMap::new(),
            sessions: BTreeMap::new(),
            held: [true; 2],
            revoked: BTreeSet::new(),
            conflicts: Vec::new(),
        }
    }

    /// The outcome of a delivery; `broken` when a byte under the tag, or the topic, is not what it was.
    fn deliver(&mut self, place: usize, broken: bool) -> Result<Seen, Error> {
        let item = &self.pool.items[place];
        let block = match item.session() {
            None => {
                self.check_key(item, broken)?;
                self.check_sender(item)?;
                if matches!(item.kind, Kind::Keyframe) && !self.admits(place) {
                    return Err(Error::Full);
                }
                None
            }
            Some(session) => {
                let kem = self.pool.items[session].kem;
                let known = self.sessions.get_mut(&session).ok_or(Error::UnknownSession)?;
                if !known.keys && !self.held[kem] {
                    return Err(Error::NotForMe);
                }
                known.keys = true;
                if broken || matches!(item.kind, Kind::Bad { .. }) {
                    return Err(Error::Rejected);
                }
                self.check_sender(item)?;
                let block = self.block(session, place);
                self.noted(item, block)?
            }
        };
        let taken = self.taken.entry(item.sender).or_default();
        let arrival = match self.windowed {
            true => taken.take_in_window(item.number, place),
            false => taken.take(item.number, place),
        };
        let arrival = self.noted(item, arrival)?;
        self.keep(place, block.is_some());
        Ok((arrival, block))
    }

    fn check_key(&self, item: &Item, broken: bool) -> Result<(), Error> {
        match self.held[item.kem] {
            false => Err(Error::NotForMe),
            true if broken => Err(Error::Rejected),
            true => Ok(()),
        }
    }

    fn check_sender(&self, item: &Item) -> Result<(), Error> {
        match item.sender {
            2 => Err(Error::UnknownSender),
            sender if self.revoked.contains(&sender) => Err(Error::Revoked),
            _ => Ok(()),
        }
    }

    /// A conflict is an event.
    fn noted<T>(&mut self, item: &Item, verdict: Result<T, Error>) -> Result<T, Error> {
        if matches!(verdict, Err(Error::Conflict)) {
            self.conflicts.push((item.sender, item.number));
        }
        verdict
    }

    /// The block that `place` would complete.
    fn block(&self, session: usize, place: usize) -> Result<Option<(u64, u64)>, Error> {
        let (known, item) = (&self.sessions[&session], &self.pool.items[place]);
        let waiting =
            || known.manifests.values().copied().find(|manifest| self.covers(*manifest, item.number));
        let (manifest, arriving) = match item.kind {
            Kind::Manifest { .. } => (Some(place), None),
            _ => (waiting(), Some(place)),
        };
        let Some(manifest) = manifest else { return Ok(None) };
        let Kind::Manifest { first, covers, .. } = &self.pool.items[manifest].kind else { unreachable!() };
        let numbers = *first..*first + covers.len() as u64;
        let here = |number: u64| {
            arriving.filter(|_| number == item.number).or_else(|| known.leaves.get(&number).copied())
        };
        let found: Vec<Option<usize>> = numbers.clone().map(here).collect();
        if found.contains(&None) {
            Ok(None)
        } else if found == *covers {
            Ok(Some((numbers.start, numbers.end - 1)))
        } else {
            Err(Error::Conflict)
        }
    }

    fn covers(&self, manifest: usize, number: u64) -> bool {
        let Kind::Manifest { first, covers, .. } = &self.pool.items[manifest].kind else { return false };
        (*first..*first + covers.len() as u64).contains(&number)
    }

    fn keep(&mut self, place: usize, proven: bool) {
        match &self.pool.items[place].kind {
            Kind::Keyframe => self.keep_session(place),
            Kind::Message { session } => {
                let (number, apart) = (self.pool.items[place].number, self.bounds.leaves);
                let leaves = &mut self.sessions.get_mut(session).unwrap().leaves;
                let beside = |other: &u64| *other % apart == number % apart;
                if !leaves.keys().any(|other| beside(other) && *other > number) {
                    leaves.retain(|other, _| !beside(other));
                    leaves.insert(number, place);
                }
            }
            Kind::Manifest { session, first, .. } if !proven => {
                let manifests = &mut self.sessions.get_mut(session).unwrap().manifests;
                manifests.insert(*first, place);
                while manifests.len() > self.bounds.manifests {
                    manifests.pop_first();
                }
            }
            _ => {}
        }
    }

    /// The sessions of one sender, by their numbers.
    fn of(&self, sender: usize) -> BTreeSet<(u64, usize)> {
        let mine = self.sessions.keys().filter(|place| self.pool.items[**place].sender == sender);
        mine.map(|place| (self.pool.items[*place].number, *place)).collect()
    }

    fn admits(&self, keyframe: usize) -> bool {
        let known = self.sessions.contains_key(&keyframe);
        let room = self.sessions.len() < self.bounds.of_all;
        known || room || !self.of(self.pool.items[keyframe].sender).is_empty()
    }

    /// Beyond the bounds the sender's session with the lowest number is given up, the new one included.
    fn keep_session(&mut self, keyframe: usize) {
        self.sessions.insert(keyframe, Known { keys: true, ..Known::default() });
        let mine = self.of(self.pool.items[keyframe].sender);
        if mine.len() > self.bounds.of_one || self.sessions.len() > self.bounds.of_all {
            self.sessions.remove(&mine.first().unwrap().1);
        }
    }

    fn release(&mut self, session: usize, numbers: (u64, u64)) {
        if let Some(known) = self.sessions.get_mut(&session) {
            known.manifests.remove(&numbers.0);
            known.leaves.retain(|number, _| !(numbers.0..=numbers.1).contains(number));
        }
    }

    fn forget(&mut self, sender: usize) {
        self.sessions.retain(|place, _| self.pool.items[*place].sender != sender);
    }

    /// Whether every leaf of a block is still there.
    fn has_all(&self, session: usize, (first, last): (u64, u64)) -> bool {
        let known = self.sessions.get(&session);
        known.is_some_and(|known| (first..=last).all(|number| known.leaves.contains_key(&number)))
    }

    fn counts(&self) -> String {
        let known = || self.sessions.values();
        let leaves: usize = known().map(|known| known.leaves.len()).sum();
        let manifests: usize = known().map(|known| known.manifests.len()).sum();
        format!("({} sessions, {leaves} leaves, {manifests} manifests)", self.sessions.len())
    }
}

/// Events, all of them.
#[derive(Default)]
struct Noted(Vec<Event>);

impl Watch for Noted {
    fn notice(&mut self, event: &Event) -> Result<(), Error> {
        self.0.push(*event);
        Ok(())
    }
}

/// A receiver beside its model.
struct Receiving<'p, R, X> {
    people: &'p People,
    pool: &'p Pool,
    model: Model<'p>,
    state: State<MemoryTrust, R, X, Noted>,
    /// The statement of each message that was taken.
    statements: BTreeMap<usize, Vec<u8>>,
    /// Blocks that were proven, with their sessions, and how many of them by a message that came late.
    proven: Vec<(usize, SignedBlock)>,
    late: usize,
}

impl<'p, R: ReplayGuard, X: SessionStore> Receiving<'p, R, X> {
    fn new(people: &'p People, pool: &'p Pool, model: Model<'p>, replay: R, sessions: X) -> Self {
        let mut trust = MemoryTrust::new();
        trust.pin(&people.senders[0].card).unwrap();
        trust.pin(&people.senders[1].card).unwrap();
        let state = State { trust, replay, sessions, events: Noted::default() };
        Self { people, pool, model, state, statements: BTreeMap::new(), proven: Vec::new(), late: 0 }
    }

    fn stream(&self, sender: usize) -> Stream {
        Stream::new(self.people.senders[sender].identity.id(), &self.people.me.id())
    }

    fn deliver(&mut self, place: usize) {
        let expected = self.model.deliver(place, false);
        let bytes = self.pool.items[place].bytes.clone();
        self.arrives(place, TOPIC, bytes, expected);
    }

    /// Delivers `bytes`, which are the item or are made from it, and compares everything.
    fn arrives(&mut self, place: usize, topic: &str, mut bytes: Vec<u8>, expected: Result<Seen, Error>) {
        let (item, held) = (&self.pool.items[place], self.model.held);
        let held: Vec<&KemKey> =
            self.people.keys.iter().zip(held).filter(|(_, held)| *held).map(|(key, _)| key).collect();
        let opener = Opener::new(self.people.me.id(), &held).with_acceptance(Acceptance::ANYTHING);
        let seen = match opener.open(&mut self.state, topic, Some(NOW), &mut bytes) {
            Ok(opened) => {
                assert_eq!(*opened.sender(), self.people.senders[item.sender].identity.id());
                assert_eq!(opened.sequence(), item.number);
                assert_eq!(opened.body(), item.body.as_deref());
                let signed = item.session().is_none();
                assert_eq!(opened.provenance() == Provenance::Signed, signed);
                assert_eq!(opened.testimony().is_some(), signed);
                if matches!(item.kind, Kind::Message { .. }) {
                    self.statements.insert(place, opened.statement().to_vec());
                }
                if let Some(block) = opened.block() {
                    self.proven.push((item.session().unwrap(), *block));
                    self.late += usize::from(opened.body().is_some());
                }
                Ok((opened.arrival(), opened.block().map(SignedBlock::numbers)))
            }
            Err(error) => {
                assert!(bytes.iter().all(|byte| *byte == 0), "the buffer is wiped after {error}");
                Err(error)
            }
        };
        assert_eq!(seen, expected, "item {place}, number {}", item.number);
    }

    /// Delivers something that the broker has made of an item.
    fn deliver_broken(&mut self, place: usize, draws: &mut Draws) {
        let mut bytes = self.pool.items[place].bytes.clone();
        match draws.below(4) {
            0 => {
                bytes.truncate(draws.below(bytes.len() as u64) as usize);
                self.arrives(place, TOPIC, bytes, Err(Error::Malformed));
            }
            1 => self.arrives(place, "no/+/topic", bytes, Err(Error::InvalidTopic)),
            2 => {
                let expected = self.model.deliver(place, true);
                self.arrives(place, "another/topic", bytes, expected);
            }
            _ => {
                let last = bytes.len() - 1 - draws.below(16) as usize;
                bytes[last] ^= 1 << draws.below(8);
                let expected = self.model.deliver(place, true);
                self.arrives(place, TOPIC, bytes, expected);
            }
        }
    }

    /// Shows one block to a third party, as far as its leaves are still there.
    fn testify(&mut self, draws: &mut Draws) {
        let Some((session, block)) = self.some_block(draws) else { return };
        let (first, last) = block.numbers();
        let all = self.model.has_all(session, (first, last));
        let items: Vec<usize> = self.statements.keys().copied().collect();
        let place = items[draws.below(items.len() as u64) as usize];
        let item = &self.pool.items[place];
        let inside = item.session() == Some(session) && (first..=last).contains(&item.number);
        let testimony = block.testimony(&mut self.state, TOPIC, &self.statements[&place]);
        match testimony {
            Ok(testimony) => {
                assert!(inside && all, "item {place} is of the block");
                let wire = &self.people.senders[item.sender].wire;
                let evidence = testimony.to_vec(wire).unwrap();
                let evidence = UnverifiedEvidence::parse(&evidence).unwrap().verify().unwrap();
                assert_eq!((evidence.sequence(), Some(evidence.body())), (item.number, item.body.as_deref()));
                assert_eq!(evidence.signed_with(), (first, last));
            }
            Err(error) if (first..=last).contains(&item.number) => {
                assert!(
                    !all && error == Error::UnknownSession || !inside && error == Error::Rejected,
                    "{error}"
                );
            }
            Err(error) => assert_eq!(error, Error::Rejected),
        }
    }

    fn some_block(&self, draws: &mut Draws) -> Option<(usize, SignedBlock)> {
        let count = self.proven.len() as u64;
        (count > 0).then(|| self.proven[draws.below(count) as usize])
    }

    fn release(&mut self, draws: &mut Draws) {
        if let Some((session, block)) = self.some_block(draws) {
            block.release(&mut self.state).unwrap();
            self.model.release(session, block.numbers());
        }
    }

    fn forget(&mut self, sender: usize) {
        let id: Id = self.people.senders[sender].identity.id();
        self.state.trust.revoke(&id).unwrap();
        self.model.revoked.insert(sender);
        self.state.forget_sessions(&id).unwrap();
        self.model.forget(sender);
    }

    /// One step of a schedule. `cursor` goes through the pool in order, with losses, doubles and delays.
    fn step(&mut self, draws: &mut Draws, cursor: &mut u64, restart: Option<fn(&mut X)>) {
        let count = self.pool.order.len() as u64;
        let somewhere = draws.below(count);
        let near = (*cursor + draws.below(9)).saturating_sub(4).min(count - 1);
        let place = |at: u64| self.pool.order[at as usize];
        match draws.below(100) {
            0..70 => {
                let place = place(near);
                *cursor = (*cursor + draws.below(3)) % count;
                self.deliver(place);
            }
            70..84 => self.deliver(place(somewhere)),
            84..92 => self.deliver_broken(place(near), draws),
            92..94 => {
                if let Some(drop_keys) = restart {
                    drop_keys(&mut self.state.sessions);
                    self.model.sessions.values_mut().for_each(|known| known.keys = false);
                }
            }
            94 => {
                // The old key is erased, and comes back from a backup; the new one is not there yet.
                let which = draws.below(2) as usize;
                self.model.held[which] ^= true;
            }
            95 | 96 => self.release(draws),
            97 if draws.below(300) == 0 => self.forget(1),
            _ => self.testify(draws),
        }
    }

    fn compare(&self, gaps: Option<&ExactGuard>)
    where
        X: std::fmt::Debug,
    {
        let shown = format!("{:?}", self.state.sessions);
        assert_eq!(shown[shown.find('(').unwrap()..], self.model.counts());
        for (sender, taken) in &self.model.taken {
            let stream = self.stream(*sender);
            assert_eq!(self.state.replay.next(&stream), Ok(taken.next()));
            if let Some(exact) = gaps {
                assert_eq!(exact.gaps(&stream), taken.gaps());
            }
        }
        let conflict = |(sender, sequence): &(usize, u64)| Event::Conflict {
            stream: self.stream(*sender),
            sequence: *sequence,
        };
        assert!(self.model.conflicts.iter().map(conflict).eq(self.state.events.0.iter().copied()));
    }
}

#[test]
fn a_receiver_with_a_heap_proves_what_the_model_proves() {
    let people = People::new();
    let (mut proven, mut late, mut conflicts) = (0, 0, 0);
    for seed in 0..50 {
        let pool = Pool::new(&people, seed);
        for schedule in 0..2 {
            let model = Model::new(&pool, MEMORY, false);
            let sessions = MemorySessions::new();
            let mut receiving = Receiving::new(&people, &pool, model, ExactGuard::new(), sessions);
            let (mut draws, mut cursor) = (Draws(seed * 7 + schedule), 0);
            for step in 0..1_200 {
                receiving.step(&mut draws, &mut cursor, Some(MemorySessions::drop_keys));
                if step % 32 == 0 {
                    receiving.compare(Some(&receiving.state.replay));
                }
            }
            // What was kept back arrives at last, with both keys.
            receiving.model.held = [true; 2];
            pool.order.iter().for_each(|place| receiving.deliver(*place));
            receiving.compare(Some(&receiving.state.replay));
            proven += receiving.proven.len();
            late += receiving.late;
            conflicts += receiving.model.conflicts.len();
        }
    }
    assert!(
        proven > 500 && late > 200 && conflicts > 1_000,
        "{proven} blocks, {late} late, {conflicts} conflicts"
    );
}

/// Four sessions, 128 leaves and two manifests of each, and a window of 1024 numbers.
#[test]
fn a_receiver_without_a_heap_proves_what_the_model_proves() {
    let people = People::new();
    let (mut proven, mut late) = (0, 0);
    for seed in 1000..1050 {
        let pool = Pool::new(&people, seed);
        for schedule in 0..2 {
            let model = Model::new(&pool, FIXED, true);
            let sessions = FixedSessions::<4>::new();
            let mut receiving = Receiving::new(&people, &pool, model, WindowGuard::<2>::new(), sessions);
            let (mut draws, mut cursor) = (Draws(seed * 7 + schedule), 0);
            for step in 0..1_200 {
                // It has no keys apart from its sessions: a restart loses all of it.
                receiving.step(&mut draws, &mut cursor, None);
                if step % 32 == 0 {
                    receiving.compare(None);
                }
            }
            proven += receiving.proven.len();
            late += receiving.late;
        }
    }
    assert!(proven > 200 && late > 100, "{proven} blocks, {late} late");
}
