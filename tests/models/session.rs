//! What crosses the broker in the session models: a pool of everything that two devices, a clone of one of them, a
//! stranger and a malicious sender have ever published to one recipient. It is sealed once and delivered many times.

use zegel::{Identity, KemKey, KemPublic, Padding, Sealer};

use super::sender::{Device, Mode};
use super::support::chain::{self, SessionSecrets, session_plaintext};
use super::support::forge::statement;
use super::support::random::Draws;
use super::support::world::{Counter, NOW, Person, TOPIC, card_of, measurement};

/// Something that was published, and all that the model has to know of it.
pub(crate) struct Item {
    /// Who signed it, or has its keys: the device, Mallory, or a stranger whom nobody has pinned.
    pub(crate) sender: usize,
    pub(crate) number: u64,
    /// To which of the recipient's keys it was sealed, or its session was.
    pub(crate) kem: usize,
    pub(crate) bytes: Vec<u8>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) kind: Kind,
}

pub(crate) enum Kind {
    OneShot,
    /// Begins the session that is known by the place of this item.
    Keyframe,
    Message {
        session: usize,
    },
    /// Signs these items, from the number `first` on; `None` for something that nobody has sent.
    Manifest {
        session: usize,
        first: u64,
        covers: Vec<Option<usize>>,
    },
    /// Under the keys of a session, and not what a sender may say in it.
    Bad {
        session: usize,
    },
}

impl Item {
    pub(crate) fn session(&self) -> Option<usize> {
        match self.kind {
            Kind::Message { session } | Kind::Manifest { session, .. } | Kind::Bad { session } => {
                Some(session)
            }
            Kind::OneShot | Kind::Keyframe => None,
        }
    }
}

/// Everybody, with keys that are drawn once.
pub(crate) struct People {
    pub(crate) senders: [Person; 3],
    pub(crate) me: Identity,
    /// The recipient's KEM keys: the first is rotated out, the second in.
    pub(crate) keys: [KemKey; 2],
    pub(crate) cards: [zegel::Card; 2],
}

impl People {
    pub(crate) fn new() -> Self {
        let senders = [Person::new(1, "device"), Person::new(4, "Mallory"), Person::new(5, "stranger")];
        let mut draws = Draws(0x9e09);
        let me = Identity::generate(&mut draws).unwrap();
        let keys = [KemKey::generate(&mut draws).unwrap(), KemKey::generate(&mut draws).unwrap()];
        let card = |serial, kem: &[KemPublic]| {
            zegel::Card::from_bytes(&card_of(&me, kem, serial, "recipient")).unwrap()
        };
        let (old, new) = (keys[0].public(), keys[1].public());
        let cards = [card(1, &[old]), card(2, &[new, old])];
        Self { senders, me, keys, cards }
    }
}

/// Everything that was published, and an order in which it may have been.
pub(crate) struct Pool {
    pub(crate) items: Vec<Item>,
    pub(crate) order: Vec<usize>,
}

impl Pool {
    pub(crate) fn new(people: &People, seed: u64) -> Self {
        let mut draws = Draws(seed);
        let mut items = Vec::new();
        let mode = [Mode::Mixed, Mode::Mixed, Mode::Long, Mode::Many][draws.below(4) as usize];
        let mut device = Device::new(people, 0, 0);
        let half = draws.below(100);
        device.run(&mut items, &mut draws, mode, half);
        // A backup of the device, or a clone: it has the same key, and goes on from an older number.
        let restored = device.flash().saturating_sub(draws.below(40));
        device.run(&mut items, &mut draws, mode, 100);
        let cloned = if draws.below(3) == 0 { 40 } else { 0 };
        Device::new(people, 0, restored).run(&mut items, &mut draws, Mode::Mixed, cloned);
        Device::new(people, 1, 0).run(&mut items, &mut draws, Mode::Mixed, 60);
        stranger(people, &mut items);
        for _ in 0..12 {
            forged(people, &mut items, &mut draws);
        }
        let mut order: Vec<usize> = (0..items.len()).collect();
        order.sort_by_cached_key(|place| items[*place].number + draws.below(6));
        Self { items, order }
    }
}

fn stranger(people: &People, items: &mut Vec<Item>) {
    let sealer = Sealer::new(&people.senders[2].identity, &people.cards[0], None, Counter(0)).unwrap();
    let mut sealer = sealer.with_padding(Padding::None);
    let bytes = sealer.seal_to_vec(TOPIC, &measurement(b"x"), &mut Draws(1)).unwrap();
    items.push(Item { sender: 2, number: 0, kem: 0, bytes, body: None, kind: Kind::OneShot });
}

/// What a sender with a session's keys can write beside what an honest one would.
fn forged(people: &People, items: &mut Vec<Item>, draws: &mut Draws) {
    let inside: Vec<usize> = (0..items.len()).filter(|place| items[*place].session().is_some()).collect();
    if inside.is_empty() {
        return;
    }
    let place = inside[draws.below(inside.len() as u64) as usize];
    let Item { sender, number, kem, .. } = items[place];
    let session = items[place].session().unwrap();
    let start = items[session].number;
    let secrets = SessionSecrets::of(&people.keys[items[session].kem], &items[session].bytes);
    let (identity, me) = (&people.senders[sender].identity, people.me.id());
    let under = |number: u64, plaintext: &[u8]| secrets.message(number, TOPIC, plaintext);
    let sign = |block: &[u8]| session_plaintext(None, 65_001, &chain::manifest(identity, &me, block), b"");
    let root: [u8; 32] = draws.bytes(32).try_into().unwrap();
    let block = |first: u64, count: u64| chain::signed_block(first, count, &root);
    let bad = Kind::Bad { session };
    let (number, bytes, body, kind) = match (&items[place].kind, draws.below(8)) {
        // Other content under the number of a message: a sender who says two things.
        (Kind::Message { .. }, 0..4) => {
            let body = draws.bytes(5);
            let plaintext = session_plaintext(Some(NOW), 42, &body, b"");
            let kind = Kind::Message { session };
            (number, under(number, &plaintext), Some(body), kind)
        }
        // A manifest over what was never sent.
        (Kind::Manifest { first, covers, .. }, 0..4) => {
            let covers = vec![None; covers.len()];
            let bytes = under(number, &sign(&block(*first, covers.len() as u64)));
            (number, bytes, None, Kind::Manifest { session, first: *first, covers })
        }
        // Everything that no receiver takes, whatever it has taken before.
        (_, 4) => (number, under(number, &session_plaintext(None, 65_002, b"reserved", b"")), None, bad),
        (_, 5) => (number, under(number, &sign(&block(number, 1))), None, bad),
        (_, 6) => (number, under(number, &statement(number, None, 42, b"five items", b"")), None, bad),
        _ => (
            start,
            under(start, &session_plaintext(None, 42, b"under the keyframe's number", b"")),
            None,
            bad,
        ),
    };
    items.push(Item { sender, number, kem, bytes, body, kind });
}
