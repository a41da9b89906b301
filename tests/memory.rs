//! After a key is dropped it is gone from the heap of this process (threat E-18). The one test of this binary has the
//! process to itself, and keeps what it searches for masked, so that it does not find itself.
#![cfg(target_os = "linux")]

mod support;

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use zegel::pairing::{MAX_MESSAGE, PairingCode, Scanner, Shower};
use zegel::{Identity, KemKey, Opener, Sealer, Secret, Sign};

use support::random::Draws;
use support::world::{Counter, Person, TOPIC, measurement};

const MASK: u8 = 0xa7;

/// A pattern that is in memory in no form but this.
struct Masked([u8; 32]);

impl Masked {
    fn of(secret: &[u8]) -> Self {
        Self(std::array::from_fn(|i| secret[i] ^ MASK))
    }

    /// How often the pattern stands in the regions of memory that `wanted` names.
    fn found(&self, wanted: fn(&str) -> bool) -> usize {
        let (maps, memory) =
            (fs::read_to_string("/proc/self/maps").unwrap(), File::open("/proc/self/mem").unwrap());
        // One buffer, masked as it is read and large enough for every region here, so that no copy is left behind.
        let mut found = 0;
        for line in maps.lines().filter(|line| line.contains(" rw") && wanted(line)) {
            let (start, end) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
            let (start, end) =
                (u64::from_str_radix(start, 16).unwrap(), u64::from_str_radix(end, 16).unwrap());
            let mut at = start;
            let mut chunk = [0u8; 4096 + 31];
            while at < end {
                let length = (end - at).min(chunk.len() as u64) as usize;
                if memory.read_at(&mut chunk[..length], at).is_err() {
                    break;
                }
                chunk.iter_mut().for_each(|byte| *byte ^= MASK);
                found += chunk[..length].windows(32).filter(|window| *window == self.0).count();
                chunk.iter_mut().for_each(|byte| *byte = 0);
                at += 4096;
            }
        }
        found
    }
}

/// Everything that holds a key, on the heap, where a drop either wipes it or does not.
#[inline(never)]
fn live(seed: u64, whole: impl FnOnce(&[Masked])) -> Vec<Masked> {
    let mut draws = Draws(seed);
    let (one, other) = (
        Box::new(Secret::<32>::random(&mut draws).unwrap()),
        Box::new(Secret::<32>::random(&mut draws).unwrap()),
    );
    let identity = Box::new(Identity::from_seed(&one).unwrap());
    let keys = vec![KemKey::from_bytes(&other).unwrap()];
    let mut patterns =
        vec![Masked::of(one.expose()), Masked::of(other.expose()), Masked::of(identity.hedge().expose())];

    let (to, mut envelope) = (Person::new(seed + 1, ""), vec![0; 600]);
    let mut sealer = Box::new(Sealer::new(&*identity, &to.card, None, Counter(0)).unwrap());
    sealer.seal(TOPIC, &measurement(b"x"), &mut draws, &mut envelope).unwrap();
    let _ = Opener::new(identity.id(), &keys).look(TOPIC, &mut envelope);

    // A code, and both ends of a pairing by it; one copy of it lives until all were searched for.
    let code = Box::new(PairingCode::draw(&to.identity.id(), None, 0, &mut draws).unwrap());
    patterns.push(Masked::of(&code.to_bytes().expose()[33..65]));
    let again = || PairingCode::from_bytes(code.to_bytes().expose()).unwrap();
    let _shower = Box::new(Shower::new(again(), &to.identity, &to.wire, None).unwrap());
    let (person, mut out) = (Person::new(seed + 2, ""), vec![0; MAX_MESSAGE]);
    let _scanner = Box::new(Scanner::new(again(), &person.identity, &person.wire, None, &mut out).unwrap());
    whole(&patterns);
    patterns
}

#[test]
fn dropped_keys_are_no_longer_in_memory() {
    let heap = |line: &str| !line.contains("[stack]") && !line.contains("[vvar]");
    let patterns = live(1000, |patterns| {
        for (i, pattern) in patterns.iter().enumerate() {
            assert!(
                pattern.found(|line| !line.contains("[vvar]")) > 0,
                "the search finds key {i} while it lives"
            );
        }
    });
    // The test runs in a thread, whose stack is a mapping without a name: use it again before looking.
    overwrite_stack();
    for (i, pattern) in patterns.iter().enumerate() {
        assert_eq!(pattern.found(heap), 0, "key {i} is still there");
    }
}

/// What calls that returned have left on the stack is overwritten by those that follow; here by this one.
#[inline(never)]
fn overwrite_stack() {
    let mut deep = [0u8; 512 * 1024];
    deep.iter_mut().for_each(|byte| *byte = 0x5c);
    std::hint::black_box(&mut deep);
}
