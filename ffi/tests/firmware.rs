//! Opens what the emulated device published across its resets: `cargo xtask test --only firmware` runs the device, and
//! this after it.

use std::collections::BTreeSet;

use zegel::{
    Acceptance, Card, Content, EventLog, ExactGuard, Id, Identity, KemKey, MemorySessions, MemoryTrust,
    Opened,
};
use zegel::{Opener, Provenance, Secret, SessionId, SignedBlock, State, UnverifiedEvidence};

const TOPIC: &str = "zegel/7f3a/1";
const NOW: u64 = 1_764_000_000;
/// Steps of one write, at each of which the device was reset: first while it prepared its storage, then while it
/// reserved numbers in a session.
const STEPS: u64 = 129;
/// Numbers that one write reserves.
const BLOCK: u64 = 64;

type Receiver = State<MemoryTrust, ExactGuard, MemorySessions, EventLog>;

/// What was seen so far.
#[derive(Default)]
struct Seen {
    numbers: BTreeSet<u64>,
    /// The session of this boot; a reset ends it.
    session: Option<SessionId>,
    /// Messages that no manifest has signed yet: number and statement.
    unsigned: Vec<(u64, Vec<u8>)>,
    /// Whether nothing was published since the boot.
    just_booted: bool,
    boots: u64,
    sessions: u64,
    signed: usize,
    lost: usize,
}

impl Seen {
    fn boot(&mut self, number: u64) {
        assert_eq!(number, self.boots, "boots are counted");
        self.boots += 1;
        self.just_booted = true;
        self.session = None;
        self.lost += self.unsigned.len();
        self.unsigned.clear();
    }

    /// No number twice, none out of order; a gap is what a reset left of its reservation, and the receiver reports it.
    fn number(&mut self, opened: &Opened<'_>) {
        let (number, next) = (opened.sequence(), self.numbers.last().map_or(0, |last| last + 1));
        assert!(self.numbers.insert(number), "{number} comes twice");
        assert!(number >= next, "{number} comes after {}", next - 1);
        let missing = if number > next { Some((next, number - 1)) } else { None };
        assert_eq!((opened.arrival().missing, opened.arrival().late), (missing, false));
        assert!(missing.is_none() || (self.just_booted && number % BLOCK == 0 && number - next < 2 * BLOCK));
        self.just_booted = false;
    }
}

#[test]
#[ignore = "needs what the emulated device published: cargo xtask test --only firmware"]
fn what_the_device_published_opens() {
    let path = std::env::var_os("ZEGEL_PUBLISHED").expect("cargo xtask test --only firmware names the file");
    let text = std::fs::read_to_string(path).unwrap();
    let seed = |name: &[u8; 32]| Secret::new(*name);
    let device = Identity::from_seed(&seed(b"a seed of the emulated device..\0")).unwrap().id();
    let pgo = Identity::from_seed(&seed(b"a seed of the emulated PGO......")).unwrap().id();
    let keys = [KemKey::from_bytes(&seed(b"a KEM key of the emulated PGO..\0")).unwrap()];
    let opener = Opener::new(pgo, &keys).with_acceptance(Acceptance::default());
    let (mut state, mut seen, mut card, mut ends) =
        (Receiver::default(), Seen::default(), Vec::new(), Vec::new());
    for line in text.lines() {
        let (what, rest) = line.split_once(' ').unwrap_or((line, ""));
        match what {
            "boot" => seen.boot(rest.parse().unwrap()),
            "card" => {
                card = bytes(rest);
                let card = Card::from_bytes(&card).unwrap();
                assert_eq!(*card.id(), device);
                state.trust.pin(&card).unwrap();
            }
            "envelope" | "keyframe" | "message" | "manifest" => {
                let mut published = bytes(rest);
                let again = published.clone();
                let opened = opener.open(&mut state, TOPIC, Some(NOW), &mut published);
                let opened = opened.unwrap_or_else(|error| panic!("{error:?}: {line}"));
                assert_eq!((*opened.sender(), opened.time()), (device, (what != "manifest").then_some(NOW)));
                seen.number(&opened);
                look(&mut state, &mut seen, what, &opened, &card, &pgo);
                let mut again = again;
                let twice = opener.open(&mut state, TOPIC, Some(NOW), &mut again).err();
                assert_eq!(twice, Some(zegel::Error::Duplicate));
            }
            "refused" | "done" => ends.push(line),
            _ => panic!("the device says {line}"),
        }
    }
    assert_eq!(ends, ["refused 18", "done"], "without a storage it refuses, and it comes to its end");
    println!(
        "{} boots, {} numbers up to {:?}, {} sessions, {} messages signed, {} lost their manifest to a reset",
        seen.boots,
        seen.numbers.len(),
        seen.numbers.last(),
        seen.sessions,
        seen.signed,
        seen.lost
    );
    assert_eq!((seen.boots, seen.sessions), (1 + 2 * STEPS, STEPS + 1));
    assert!(state.events.count() == 0, "no conflict, no equivocation");
    assert!(seen.numbers.len() as u64 > STEPS * (BLOCK - 1) && seen.signed > 100 && seen.lost > 100);
}

/// What was published, by its kind, and what it proves.
fn look(state: &mut Receiver, seen: &mut Seen, what: &str, opened: &Opened<'_>, card: &[u8], pgo: &Id) {
    match (what, opened.content()) {
        ("envelope", Content::Measurement { body, .. }) => {
            assert!(body.ends_with(b" beat/min") && opened.provenance() == Provenance::Signed);
            let evidence = opened.testimony().unwrap().to_vec(card).unwrap();
            proven(&evidence, opened.sequence(), (opened.sequence(), opened.sequence()), pgo);
        }
        ("keyframe", Content::Keyframe { session, kept, .. }) => {
            assert!(*kept && seen.session.is_none(), "a session ends before the next begins");
            seen.session = Some(*session);
            seen.sessions += 1;
        }
        ("message", Content::Measurement { body, .. }) => {
            assert_eq!(*body, b"62 beat/min");
            assert_eq!((opened.provenance(), opened.session()), (Provenance::Session, seen.session));
            seen.unsigned.push((opened.sequence(), opened.statement().to_vec()));
        }
        ("manifest", Content::Manifest(_)) => {
            assert_eq!(opened.session(), seen.session);
            let block: &SignedBlock = opened.block().expect("nothing of it is missing");
            let numbers = block.numbers();
            let (first, last) = (seen.unsigned.first().unwrap().0, seen.unsigned.last().unwrap().0);
            assert_eq!(numbers, (first, last));
            assert_eq!(last - first + 1, seen.unsigned.len() as u64);
            for at in [0, seen.unsigned.len() - 1] {
                let (number, statement) = &seen.unsigned[at];
                let evidence = block.testimony(state, TOPIC, statement).unwrap().to_vec(card).unwrap();
                proven(&evidence, *number, numbers, pgo);
            }
            seen.signed += seen.unsigned.drain(..).count();
        }
        (what, other) => panic!("{what}: {other:?}"),
    }
}

/// A third party verifies it, with nothing but the bytes.
fn proven(evidence: &[u8], number: u64, signed_with: (u64, u64), pgo: &Id) {
    let evidence = UnverifiedEvidence::parse(evidence).unwrap().verify().unwrap();
    assert_eq!((evidence.sequence(), evidence.signed_with()), (number, signed_with));
    assert_eq!((evidence.topic(), evidence.time()), (TOPIC, Some(NOW)));
    assert!(evidence.audience().eq([*pgo]) && evidence.body().ends_with(b" beat/min"));
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect()
}
