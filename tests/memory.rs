//! After a key is dropped it is gone from the heap of this process (threat E-18). The one test of this binary has the
//! process to itself, and keeps what it searches for masked, so that it does not find itself.
#![cfg(target_os = "linux")]

mod support;

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use hkdf::Hkdf;
use sha2::Sha256;
use zegel::pairing::{MAX_MESSAGE, PairingCode, Scanner, Shower};
use zegel::{
    Agree, EventLog, ExactGuard, GroupSealer, Identity, KemKey, MemorySessions, MemoryTrust, Opener, Sealer,
    Secret, Session, SessionLimits, Sign, State, hpke,
};

use support::random::Draws;
use support::world::{Counter, Person, TOPIC, card_of, measurement};

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

/// Everything that holds a key, on the heap, where a drop either wipes it or does not. `whole` sees what is held while
/// it lives; what comes back is held no more, and with it what was never held for longer than a call.
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

    // A session at both of its ends: the holder of `keys` receives it.
    let me = Identity::generate(&mut draws).unwrap();
    let card = zegel::Card::from_bytes(&card_of(&me, &[keys[0].public()], 1, "")).unwrap();
    let sealer = Sealer::new(&to.identity, &card, None, Counter(0)).unwrap();
    let begun = Session::begin_to_vec(sealer, TOPIC, None, SessionLimits::default(), &mut draws);
    let (session, mut keyframe) = begun.unwrap();
    let mut session = Box::new(session);
    let secrets = agreed(&keys[0], &keyframe);
    let mut state = Box::new(State {
        trust: MemoryTrust::new(),
        replay: ExactGuard::new(),
        sessions: MemorySessions::new(),
        events: EventLog::<1>::new(),
    });
    state.trust.pin(&to.card).unwrap();
    let opener = Opener::new(me.id(), &keys);
    let _ = opener.open(&mut *state, TOPIC, None, &mut keyframe).unwrap();
    let mut message = session.seal_to_vec(TOPIC, &measurement(b"x"), None).unwrap();
    let _ = opener.open(&mut *state, TOPIC, None, &mut message).unwrap();
    let [session_key, transient @ ..] = secrets;
    patterns.push(session_key);

    let cards = [card, to.card.clone()];
    let mut group = Box::new(GroupSealer::new(&*identity, &cards, None, Counter(0)).unwrap());
    let mut envelope = group.seal_to_vec(TOPIC, &measurement(b"x"), &mut draws).unwrap();
    let content = content_key(&keys[0], &envelope);
    state.trust.pin(&zegel::Card::from_bytes(&card_of(&identity, &[], 1, "")).unwrap()).unwrap();
    let _ = opener.open(&mut *state, TOPIC, None, &mut envelope).unwrap();
    whole(&patterns);
    patterns.extend(transient);
    patterns.push(content);
    patterns
}

/// The session key that a keyframe agrees on, and what it hangs from: the shared secret and the exporter secret. RFC
/// 9180, by hand, on the stack.
#[inline(never)]
fn agreed(key: &KemKey, keyframe: &[u8]) -> [Masked; 3] {
    let ek = *zegel::envelope::Envelope::parse(keyframe).unwrap().ek();
    let kem = *b"KEM\x00\x20";
    let hpke = *b"HPKE\x00\x20\x00\x01\x00\x03";
    let dh = key.agree(&ek).unwrap();
    let prk = extract(&kem, &[], b"eae_prk", dh.expose());
    let shared = expand(&kem, &prk, b"shared_secret", &[&ek[..], key.public().as_bytes()].concat());
    let hash = |label: &[u8], input: &[u8]| extract(&hpke, &[], label, input);
    let context = [&[0][..], &hash(b"psk_id_hash", b""), &hash(b"info_hash", b"zegel-1")].concat();
    let exporter = expand(&hpke, &extract(&hpke, &shared, b"secret", b""), b"exp", &context);
    let session = expand(&hpke, &exporter, b"sec", b"zegel-session-key-1");
    let mut exported = [0; 32];
    let receiver = hpke::receiver(key, &ek, b"zegel-1", None).unwrap();
    receiver.export(b"zegel-session-key-1", &mut exported).unwrap();
    assert_eq!(exported, session, "what is searched for is what is used");
    [Masked::of(&session), Masked::of(&shared), Masked::of(&exporter)]
}

fn extract(suite: &[u8], salt: &[u8], label: &[u8], input: &[u8]) -> [u8; 32] {
    let mut hash = hkdf::HkdfExtract::<Sha256>::new(Some(salt));
    [b"HPKE-v1", suite, label, input].iter().for_each(|part| hash.input_ikm(part));
    hash.finalize().0.into()
}

fn expand(suite: &[u8], secret: &[u8; 32], label: &[u8], info: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    let info = [&[0, 32], &b"HPKE-v1"[..], suite, label, info];
    Hkdf::<Sha256>::from_prk(secret).unwrap().expand_multi_info(&info, &mut out).unwrap();
    out
}

/// The content key of an envelope for two, on the stack.
#[inline(never)]
fn content_key(key: &KemKey, envelope: &[u8]) -> Masked {
    let kid = key.public().kid().0;
    let at = envelope.windows(8).rposition(|window| window == kid).unwrap();
    let ek: [u8; 32] = envelope[at + 11..at + 43].try_into().unwrap();
    let mut wrapped: [u8; 48] = envelope[at + 45..at + 93].try_into().unwrap();
    let info = b"\x84\x6eHPKE Recipient\x18\x18\x44\xa1\x01\x18\x32\x47zegel-1";
    let mut context = hpke::receiver(key, &ek, info, None).unwrap();
    Masked::of(context.open_in_place(b"", &mut wrapped).unwrap())
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
    assert_eq!(patterns.len(), 8);
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
