//! What each fuzz target asserts of any bytes. The tests of the crate run the same functions over the checked-in
//! corpora, so that what was once found stays found.

mod chain;
mod pairing;

use std::convert::Infallible;
use std::sync::OnceLock;

use rand_core::{TryCryptoRng, TryRng};
use zegel::envelope::Envelope;
use zegel::measure::Pack;
use zegel::{
    Card, CardClaims, Error, EventLog, ExactGuard, Format, Identity, KemKey, Measurement, MemorySequence,
    MemorySessions, MemoryTrust, Opener, Padding, Sealer, Secret, Sign, State, Status, hpke,
};

pub use chain::{evidence, group, session};
pub use pairing::pairing;

/// Whatever parses is the one encoding of what it says.
pub fn parse(data: &[u8]) {
    if let Ok(envelope) = Envelope::parse(data) {
        let again = outer(&envelope.claimed_recipient().0, envelope.ek(), envelope.ciphertext());
        assert_eq!(again, data, "an envelope has one encoding");
    }
    if let Ok(card) = Card::parse(data) {
        assert!(card.claimed_label().len() <= zegel::MAX_LABEL && card.claimed_serial() <= zegel::MAX_NUMBER);
    }
    if let Ok(pack) = Pack::decode(data) {
        // Other programs write packs, so more than one encoding is read; ours is stable.
        let ours = pack.encode().expect("what was read can be written");
        let again = Pack::decode(&ours).expect("what was written can be read");
        assert_eq!(again.encode().expect("and written again"), ours);
    }
    chain::parse(data);
}

/// Nothing but the genuine envelope opens, and nothing but it moves state. The first byte chooses what is mutated:
/// the bytes of an envelope, the plaintext under the encryption, or the statement under the signature.
pub fn open(data: &[u8]) {
    let world = world();
    let Some((how, edits)) = data.split_first() else { return };
    let envelope = match how % 4 {
        0 => edits.to_vec(),
        1 => mutated(&world.envelope, edits),
        2 => encrypted(world, &mutated(&world.plaintext, edits)),
        _ => encrypted(world, &signed(world, &mutated(&world.statement, edits))),
    };
    let (trust, replay) = (world.trust.clone(), ExactGuard::new());
    let mut state = State { trust, replay, sessions: MemorySessions::new(), events: EventLog::<1>::new() };
    let mut buffer = envelope.clone();
    let opener = Opener::new(world.pgo, &world.keys);
    match opener.open(&mut state, TOPIC, Some(NOW), &mut buffer) {
        Ok(opened) => {
            assert_eq!(*opened.sender(), world.device.id());
            let genuine = how % 4 == 3 || (opened.sequence() == 0 && opened.body() == Some(BODY));
            assert!(genuine, "only the device's own words open");
            assert!(envelope.len() > opened.statement().len(), "what was read was there");
            let mut second = envelope.clone();
            let duplicate = opener.open(&mut state, TOPIC, Some(NOW), &mut second).err();
            assert_eq!(duplicate, Some(Error::Duplicate));
        }
        Err(error) => {
            use Error::{Ahead, Jump, Malformed, NotForMe, Rejected, Stale, UnknownSender, UnknownSession};
            assert!(matches!(
                error,
                Malformed | NotForMe | UnknownSession | Rejected | UnknownSender | Stale | Ahead | Jump
            ));
            // A session's message without its keyframe was not decrypted, and stays as it came.
            let as_it_came = error == UnknownSession && buffer == envelope;
            assert!(as_it_came || buffer.iter().all(|byte| *byte == 0), "the buffer is wiped");
            assert!(state.replay == ExactGuard::new(), "no number was taken");
            assert!(opener.open(&mut state, TOPIC, Some(NOW), &mut world.envelope.clone()).is_ok());
        }
    }
}

/// A card that parses is refused, or it is its own identity's. The first byte chooses: any bytes, the bytes of a
/// card, or its claims under a signature that holds.
pub fn card(data: &[u8]) {
    let world = world();
    let Some((how, edits)) = data.split_first() else { return };
    let bytes = match how % 3 {
        0 => edits.to_vec(),
        1 => mutated(&world.card, edits),
        _ => signed_card(world, &mutated(&world.claims, edits)),
    };
    let Ok(parsed) = Card::parse(&bytes) else { return };
    let (id, serial, label) = (parsed.claimed_id(), parsed.claimed_serial(), parsed.claimed_label());
    let Ok(card) = parsed.verify() else { return };
    assert_eq!((*card.id(), card.serial(), card.label()), (id, serial, label));
    if id != world.device.id() {
        // Somebody else's card, as a corpus may hold one, comes whole: no edit of ours makes one.
        assert!(how % 3 == 0, "nobody else's key signed");
        return;
    }
    // Every claim is in the type, so that issuing it again gives the same claims.
    let kem_keys: Vec<_> = card.kem_keys().copied().collect();
    let claims = CardClaims {
        serial,
        label,
        not_before: card.not_before(),
        expires: card.expires(),
        kem_keys: &kem_keys,
        status: card.status(),
    };
    let again = Card::issue_to_vec(&claims, &world.device, &mut Fixed).expect("what was read can be issued");
    assert_eq!(again.len(), bytes.len());
    assert_eq!(again[..again.len() - 64], bytes[..bytes.len() - 64], "a card has one encoding");
}

struct World {
    device: Identity,
    pgo: zegel::Id,
    keys: [KemKey; 1],
    trust: MemoryTrust,
    card: Vec<u8>,
    claims: Vec<u8>,
    envelope: Vec<u8>,
    plaintext: Vec<u8>,
    statement: Vec<u8>,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| World::new().expect("the keys are sound"))
}

impl World {
    fn new() -> Result<Self, Error> {
        let seed = |first: u8| Secret::new(std::array::from_fn(|i| first.wrapping_mul(i as u8 + 1)));
        let (device, pgo) = (Identity::from_seed(&seed(3))?, Identity::from_seed(&seed(5))?);
        let keys = [KemKey::from_bytes(&seed(7))?];
        let kem_keys = [keys[0].public()];
        let claims = CardClaims {
            serial: 1,
            not_before: NOW - 1000,
            expires: NOW + 1000,
            label: "device",
            kem_keys: &kem_keys,
            status: Status::Active,
        };
        let card = Card::issue_to_vec(&claims, &device, &mut Fixed)?;
        let to = Card::from_bytes(&Card::issue_to_vec(&claims, &pgo, &mut Fixed)?)?;
        let mut sealer =
            Sealer::new(&device, &to, None, MemorySequence::default())?.with_padding(Padding::None);
        let measurement = Measurement { time: Some(NOW), format: Format::OCTET_STREAM, body: BODY };
        let envelope = sealer.seal_to_vec(TOPIC, &measurement, &mut Fixed)?;
        let mut trust = MemoryTrust::new();
        trust.pin(&Card::from_bytes(&card)?)?;
        let statement = statement(0, Some(NOW), Format::OCTET_STREAM, BODY);
        let claims = card[19..card.len() - 66].to_vec();
        let (plaintext, pgo) = (Vec::new(), pgo.id());
        let mut world = Self { device, pgo, keys, trust, card, claims, envelope, plaintext, statement };
        world.plaintext = signed(&world, &world.statement);
        assert_eq!(signed_card(&world, &world.claims).len(), world.card.len());
        Ok(world)
    }
}

/// Edits `genuine` as `edits` says, three bytes at a time: where, how, and with what.
fn mutated(genuine: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut bytes = genuine.to_vec();
    for edit in edits.chunks_exact(3).take(16) {
        let (at, how, what) = (usize::from(edit[0]), edit[1], edit[2]);
        let at = if bytes.is_empty() { 0 } else { at % bytes.len() };
        match how % 6 {
            0 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = what),
            1 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (what % 8)),
            2 => bytes.insert(at, what),
            3 => drop(bytes.splice(at..bytes.len().min(at + usize::from(what)), [])),
            4 => bytes.truncate(at),
            _ => bytes.extend_from_slice(&vec![what; at]),
        }
    }
    bytes
}

fn signed(world: &World, payload: &[u8]) -> Vec<u8> {
    let audience = [vec![0x81], bstr(&world.pgo.0)].concat();
    let context =
        [&[0x84][..], &tstr("zegel-statement-1"), &bstr(&world.device.id().0), &audience, &tstr(TOPIC)]
            .concat();
    sign1(world, &context, payload)
}

fn signed_card(world: &World, claims: &[u8]) -> Vec<u8> {
    [vec![0xd2], sign1(world, &[&[0x81][..], &tstr("zegel-card-1")].concat(), claims)].concat()
}

fn sign1(world: &World, context: &[u8], payload: &[u8]) -> Vec<u8> {
    let header = bstr(b"\xa1\x01\x32");
    let parts = [&[0x84][..], &tstr("Signature1"), &header, &bstr(context), &bstr(payload)].concat();
    let signature = world.device.sign(&[&parts], &Secret::new([1; 32])).expect("the key is in memory");
    let kid = world.device.id().kid().0;
    [&[0x84][..], &header, b"\xa1\x04", &bstr(&kid), &bstr(payload), &bstr(&signature)].concat()
}

fn encrypted(world: &World, plaintext: &[u8]) -> Vec<u8> {
    let to = world.keys[0].public();
    let header = bstr(b"\xa1\x01\x18\x2a");
    let external = [&[0x82][..], &tstr("zegel-envelope-1"), &tstr(TOPIC)].concat();
    let aad = [&[0x83][..], &tstr("Encrypt0"), &header, &bstr(&external)].concat();
    let (ek, mut context) = hpke::sender(&to, b"zegel-1", None, &mut Fixed).expect("the key is sound");
    let mut ciphertext = [plaintext, &[0; 16]].concat();
    context.seal_in_place(&aad, &mut ciphertext).expect("there is room for the tag");
    outer(&to.kid().0, &ek, &ciphertext)
}

fn outer(kid: &[u8; 8], ek: &[u8; 32], ciphertext: &[u8]) -> Vec<u8> {
    let header = bstr(b"\xa1\x01\x18\x2a");
    [b"\xd0\x83", &header[..], b"\xa2\x04", &bstr(kid), b"\x23", &bstr(ek), &bstr(ciphertext)].concat()
}

fn statement(sequence: u64, time: Option<u64>, format: Format, body: &[u8]) -> Vec<u8> {
    let time = time.map_or(vec![0xf6], |time| head(0, time));
    [vec![0x85], head(0, sequence), time, head(0, u64::from(format.0)), bstr(body), bstr(b"")].concat()
}

fn head(major: u8, argument: u64) -> Vec<u8> {
    let bytes = argument.to_be_bytes();
    match argument {
        0..=23 => vec![major << 5 | bytes[7]],
        24..=0xff => vec![major << 5 | 24, bytes[7]],
        0x100..=0xffff => [&[major << 5 | 25], &bytes[6..]].concat(),
        0x1_0000..=0xffff_ffff => [&[major << 5 | 26], &bytes[4..]].concat(),
        _ => [&[major << 5 | 27], &bytes[..]].concat(),
    }
}

fn bstr(bytes: &[u8]) -> Vec<u8> {
    [&head(2, bytes.len() as u64)[..], bytes].concat()
}

fn tstr(text: &str) -> Vec<u8> {
    [&head(3, text.len() as u64)[..], text.as_bytes()].concat()
}

/// A generator that always says the same, so that what the fuzzer found can be run again.
struct Fixed;

impl TryRng for Fixed {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(7)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(7)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.fill(7);
        Ok(())
    }
}

impl TryCryptoRng for Fixed {}

const TOPIC: &str = "zegel/7f3a/1";
const NOW: u64 = 1_764_000_000;
const BODY: &[u8] = b"61 beat/min";
