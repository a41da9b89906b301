//! Sessions: keyframe, messages, manifests, limits, and what a hostile broker makes of them (SPEC §10).

use zegel::{
    Content, Error, Event, MAX_SESSION, Opened, Padding, Provenance, Renewed, Sealer, Session, SessionLimits,
    SessionStore, Stream,
};

use super::support::random::{Draws, Script};
use super::support::world::{Counter, NOW, Person, Receiver, TOPIC, World, card_of, measurement, state};

type Sending<'k> = Session<'k, Counter>;

/// A session from the device to the PGO, with its keyframe.
pub(crate) fn begin<'w>(world: &'w World, first: u64, limits: SessionLimits) -> (Sending<'w>, Vec<u8>) {
    begin_by(&world.device, &world.pgo, first, limits)
}

pub(crate) fn begin_by<'w>(
    from: &'w Person,
    to: &Person,
    first: u64,
    limits: SessionLimits,
) -> (Sending<'w>, Vec<u8>) {
    let sealer = Sealer::new(&from.identity, &to.card, Some(NOW), Counter(first)).unwrap();
    let sealer = sealer.with_padding(Padding::None);
    Session::begin_to_vec(sealer, TOPIC, Some(NOW), limits, &mut Draws(first ^ 0x5e55)).unwrap()
}

pub(crate) fn block_of(block: u64) -> SessionLimits {
    SessionLimits { block, ..SessionLimits::default() }
}

fn seal(session: &mut Sending<'_>, body: &[u8]) -> Vec<u8> {
    session.seal_to_vec(TOPIC, &measurement(body), Some(NOW)).unwrap()
}

/// Opens, and tells the body, the provenance and the block that this arrival completes.
fn open(receiver: &mut Receiver, world: &World, bytes: &[u8]) -> Result<Seen, Error> {
    receiver.attempt(&world.pgo.opener(), TOPIC, Some(NOW), bytes, |opened| Seen {
        body: opened.body().map(<[u8]>::to_vec),
        provenance: opened.provenance(),
        block: opened.block().map(zegel::SignedBlock::numbers),
    })
}

#[derive(Debug, PartialEq, Eq)]
struct Seen {
    body: Option<Vec<u8>>,
    provenance: Provenance,
    block: Option<(u64, u64)>,
}

fn message(body: &[u8]) -> Seen {
    Seen { body: Some(body.to_vec()), provenance: Provenance::Session, block: None }
}

fn manifest(block: Option<(u64, u64)>) -> Seen {
    Seen { body: None, provenance: Provenance::Session, block }
}

#[test]
fn a_session_opens_message_by_message_and_its_manifest_signs_them() {
    let world = World::new();
    let mut receiver = world.receiver();
    let (mut session, keyframe) = begin(&world, 5, block_of(3));
    let keyframe_seen = Seen { body: None, provenance: Provenance::Signed, block: None };
    assert_eq!(open(&mut receiver, &world, &keyframe), Ok(keyframe_seen));
    for round in 0..4u64 {
        for body in [b"one", b"two"] {
            let bytes = seal(&mut session, body);
            assert_eq!(open(&mut receiver, &world, &bytes), Ok(message(body)));
        }
        let first = 6 + round * 3;
        let bytes = session.manifest_to_vec(TOPIC, &mut Draws(round)).unwrap();
        assert_eq!(open(&mut receiver, &world, &bytes), Ok(manifest(Some((first, first + 1)))));
    }
    // The sealer goes on where the session ended, and there is no gap.
    let mut sealer = session.end();
    assert_eq!(sealer.next_sequence(), Ok(18));
    let one_shot = sealer.seal_to_vec(TOPIC, &measurement(b"x"), &mut Draws(9)).unwrap();
    assert!(open(&mut receiver, &world, &one_shot).is_ok());
    let stream = Stream::new(world.device.identity.id(), &world.pgo.identity.id());
    assert_eq!(receiver.exact.gaps(&stream), [(0, 4)]);
    assert!(receiver.events.is_empty());
}

/// The bytes that the issue allows: 152 for a body of 100 at any number below 2^24.
#[test]
fn a_message_of_100_bytes_is_152_bytes_long() {
    let world = World::new();
    let body = [7; 100];
    for (first, length) in [(0, 150), (300, 151), (70_000, 152), (16_000_000, 152)] {
        let (mut session, _) = begin(&world, first, block_of(32));
        let bytes = seal(&mut session, &body);
        assert_eq!(bytes.len(), length, "from number {first}");
        assert_eq!(session.sealed_len(&measurement(&body)), Ok(bytes.len()));
    }
}

#[test]
fn a_full_block_waits_for_its_manifest() {
    let world = World::new();
    let (mut session, _) = begin(&world, 0, block_of(2));
    assert_eq!(session.manifest_to_vec(TOPIC, &mut Draws(1)).err(), Some(Error::NothingAllowed));
    seal(&mut session, b"1");
    assert!(!session.manifest_due());
    seal(&mut session, b"2");
    assert!(session.manifest_due() && session.unsigned() == 2);
    let mut out = [9; 300];
    assert_eq!(session.seal(TOPIC, &measurement(b"3"), None, &mut out).err(), Some(Error::ManifestDue));
    assert_eq!(out, [0; 300]);
    // A generator that fails leaves the block as it is.
    let mut out = [9; 300];
    let failed = session.manifest(TOPIC, &mut Script::failing_after(0), &mut out).err();
    assert_eq!((failed, out), (Some(Error::Entropy), [0; 300]));
    assert_eq!(session.unsigned(), 2);
    session.manifest_to_vec(TOPIC, &mut Draws(1)).unwrap();
    assert_eq!(session.unsigned(), 0);
    seal(&mut session, b"3");
}

/// Threat C-17: a session ends by count and by time, and its last number is the manifest's.
#[test]
fn a_session_ends_at_its_limits() {
    let world = World::new();
    let (mut session, _) = begin(&world, 0, SessionLimits { messages: 4, ..block_of(9) });
    for body in [b"1", b"2", b"3"] {
        seal(&mut session, body);
    }
    let mut out = [9; 300];
    assert_eq!(session.seal(TOPIC, &measurement(b"4"), None, &mut out).err(), Some(Error::SessionOver));
    assert_eq!(out, [0; 300]);
    session.manifest_to_vec(TOPIC, &mut Draws(1)).unwrap();
    assert_eq!(session.manifest_to_vec(TOPIC, &mut Draws(1)).err(), Some(Error::NothingAllowed));

    let (mut session, _) = begin(&world, 0, SessionLimits { seconds: 60, ..block_of(9) });
    assert!(session.seal_to_vec(TOPIC, &measurement(b"4"), Some(NOW + 60)).is_ok());
    let over = session.seal_to_vec(TOPIC, &measurement(b"4"), Some(NOW + 61)).err();
    assert_eq!(over, Some(Error::SessionOver));
    for limits in [
        SessionLimits { messages: MAX_SESSION + 1, ..block_of(1) },
        block_of(65),
        block_of(0),
        SessionLimits { seconds: 86_401, ..block_of(1) },
    ] {
        let sealer = Sealer::new(&world.device.identity, &world.pgo.card, None, Counter(3)).unwrap();
        let refused = Session::begin_to_vec(sealer, TOPIC, None, limits, &mut Draws(1)).err().unwrap();
        assert_eq!(refused.error, Error::TooLarge);
        let mut sealer = refused.state;
        assert_eq!(sealer.next_sequence(), Ok(3), "no number was used up");
    }
}

/// Threat C-18: brokers retain keyframes, and an old session says nothing new.
#[test]
fn what_comes_again_is_a_duplicate() {
    let world = World::new();
    let mut receiver = world.receiver();
    let (mut session, keyframe) = begin(&world, 0, block_of(2));
    let bytes = [seal(&mut session, b"1"), seal(&mut session, b"2")];
    let signed = session.manifest_to_vec(TOPIC, &mut Draws(1)).unwrap();
    for again in 0..3 {
        for bytes in [&keyframe, &bytes[0], &bytes[1], &signed] {
            let outcome = open(&mut receiver, &world, bytes).map(|_| ());
            assert_eq!(outcome, if again == 0 { Ok(()) } else { Err(Error::Duplicate) });
        }
    }
}

#[test]
fn a_message_before_its_keyframe_is_named_and_opens_after_it() {
    let world = World::new();
    let mut receiver = world.receiver();
    let (mut session, keyframe) = begin(&world, 0, block_of(2));
    let early = seal(&mut session, b"early");
    let refused = receiver.refuses(&world.pgo.opener(), TOPIC, Some(NOW), &early);
    assert_eq!(refused, Error::UnknownSession);
    open(&mut receiver, &world, &keyframe).unwrap();
    assert_eq!(open(&mut receiver, &world, &early), Ok(message(b"early")));
}

#[test]
fn keys_derive_again_after_a_restart_and_not_without_the_kem_key() {
    let world = World::new();
    let mut receiver = world.receiver();
    let (mut session, keyframe) = begin(&world, 0, block_of(9));
    open(&mut receiver, &world, &keyframe).unwrap();
    let messages: Vec<_> = (0..3).map(|i| seal(&mut session, &[i])).collect();
    assert!(open(&mut receiver, &world, &messages[0]).is_ok());
    receiver.sessions.drop_keys();
    let gone: &[zegel::KemKey] = &[];
    let opener = zegel::Opener::new(world.pgo.identity.id(), gone);
    assert_eq!(receiver.refuses(&opener, TOPIC, Some(NOW), &messages[1]), Error::NotForMe);
    assert!(open(&mut receiver, &world, &messages[1]).is_ok());
    receiver.forget_sessions(&world.device.identity.id()).unwrap();
    assert_eq!(open(&mut receiver, &world, &messages[2]), Err(Error::UnknownSession));
}

/// A lost message leaves its block unproven, and a late one completes it.
#[test]
fn a_block_is_proven_when_all_of_it_is_there_and_not_before() {
    let world = World::new();
    let mut receiver = world.receiver();
    let (mut session, keyframe) = begin(&world, 0, block_of(3));
    open(&mut receiver, &world, &keyframe).unwrap();
    let messages: Vec<_> = (0..3).map(|i| seal(&mut session, &[i])).collect();
    let signed = session.manifest_to_vec(TOPIC, &mut Draws(1)).unwrap();
    assert_eq!(open(&mut receiver, &world, &messages[0]), Ok(message(&[0])));
    assert_eq!(open(&mut receiver, &world, &messages[2]), Ok(message(&[2])));
    assert_eq!(open(&mut receiver, &world, &signed), Ok(manifest(None)));
    let stream = Stream::new(world.device.identity.id(), &world.pgo.identity.id());
    assert_eq!(receiver.exact.gaps(&stream), [(2, 2)]);
    let late = open(&mut receiver, &world, &messages[1]);
    assert_eq!(late, Ok(Seen { block: Some((1, 3)), provenance: Provenance::Signed, ..message(&[1]) }));
    assert_eq!(receiver.exact.gaps(&stream), []);
}

#[test]
fn another_number_another_topic_or_another_session_does_not_open() {
    let world = World::new();
    let mut receiver = world.receiver();
    let (mut session, keyframe) = begin(&world, 0, SessionLimits { messages: 9, ..block_of(9) });
    let (mut other, other_keyframe) = begin_by(&world.mallory, &world.pgo, 0, block_of(9));
    open(&mut receiver, &world, &keyframe).unwrap();
    open(&mut receiver, &world, &other_keyframe).unwrap();
    let bytes = seal(&mut session, b"1");
    let theirs = seal(&mut other, b"1");
    let opener = world.pgo.opener();
    assert_eq!(receiver.refuses(&opener, "zegel/7f3a/2", Some(NOW), &bytes), Error::Rejected);
    // The Partial IV is the byte after the id, its label and its head.
    let place = 20;
    assert_eq!(bytes[18..21], [6, 0x41, 1]);
    for number in [0, 2, 9, 10, 200] {
        let mut moved = bytes.clone();
        moved[place] = number;
        assert_eq!(receiver.refuses(&opener, TOPIC, Some(NOW), &moved), Error::Rejected, "{number}");
    }
    let mut swapped = bytes.clone();
    let id = 10..18;
    assert_eq!(bytes[9], 0x48);
    swapped[id.clone()].copy_from_slice(&theirs[id]);
    assert_eq!(receiver.refuses(&opener, TOPIC, Some(NOW), &swapped), Error::Rejected);
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            let error = receiver.refuses(&opener, TOPIC, Some(NOW), &flipped);
            let public = matches!(error, Error::Malformed | Error::NotForMe | Error::UnknownSession);
            assert!(public || error == Error::Rejected, "{error} at {at}");
        }
        let error = receiver.refuses(&opener, TOPIC, Some(NOW), &bytes[..at]);
        assert_eq!(error, Error::Malformed, "cut at {at}");
    }
    assert_eq!(open(&mut receiver, &world, &bytes), Ok(message(b"1")));
}

/// An open session owns its stream: another sealer's number in between ends it.
#[test]
fn a_foreign_number_in_the_stream_ends_the_session() {
    let world = World::new();
    let mut shared = Counter(0);
    let sealer = Sealer::new(&world.device.identity, &world.pgo.card, None, &mut shared).unwrap();
    let (session, _) = Session::begin_to_vec(sealer, TOPIC, None, block_of(9), &mut Draws(1)).unwrap();
    drop(session);
    struct Jumping(u64);
    impl zegel::SequenceStore for Jumping {
        fn reserve(&mut self, _: &Stream) -> Result<std::ops::Range<u64>, Error> {
            self.0 += 2;
            Ok(self.0..self.0 + 1)
        }
    }
    let sealer = Sealer::new(&world.device.identity, &world.pgo.card, None, Jumping(0)).unwrap();
    let (mut session, _) = Session::begin_to_vec(sealer, TOPIC, None, block_of(9), &mut Draws(1)).unwrap();
    let over = session.seal_to_vec(TOPIC, &measurement(b"x"), None).err();
    assert_eq!(over, Some(Error::SessionOver));
}

#[test]
fn a_revoked_sender_is_heard_no_more_in_its_session() {
    let world = World::new();
    let mut receiver = world.receiver();
    let (mut session, keyframe) = begin(&world, 0, block_of(9));
    open(&mut receiver, &world, &keyframe).unwrap();
    receiver.trust.revoke(&world.device.identity.id()).unwrap();
    let bytes = seal(&mut session, b"x");
    assert_eq!(receiver.refuses(&world.pgo.opener(), TOPIC, Some(NOW), &bytes), Error::Revoked);
}

/// Threat E-11: of one sender sixteen sessions are kept, the newest.
#[test]
fn sessions_are_bounded_for_each_sender() {
    let world = World::new();
    let mut receiver = world.receiver();
    for i in 0..20 {
        let (_, keyframe) = begin(&world, i * 10, block_of(9));
        open(&mut receiver, &world, &keyframe).unwrap_or_else(|error| panic!("{i}: {error}"));
    }
    let kept =
        ["Memory", "Fixed"].map(|store| format!("{store}Sessions(16 sessions, 0 leaves, 0 manifests)"));
    assert_eq!(receiver.kept(), kept.join(" "));
}

/// One state for two identities: what was made for one is not opened for the other.
#[test]
fn a_session_opens_for_the_identity_that_it_was_made_for() {
    let world = World::new();
    let mut receiver = world.receiver();
    let (mut session, keyframe) = begin(&world, 0, block_of(9));
    open(&mut receiver, &world, &keyframe).unwrap();
    let bytes = seal(&mut session, b"x");
    let other = zegel::Opener::new(world.gp.identity.id(), &world.pgo.keys);
    assert_eq!(receiver.refuses(&other, TOPIC, Some(NOW), &bytes), Error::NotForMe);
    assert_eq!(open(&mut receiver, &world, &bytes), Ok(message(b"x")));
    assert_eq!(receiver.refuses(&other, TOPIC, Some(NOW), &bytes), Error::NotForMe);
}

/// A recipient's newer card: with the same key the session goes on, with another it is over.
#[test]
fn a_session_goes_on_as_long_as_the_recipients_key_is_the_same() {
    let world = World::new();
    let (session, _) = begin(&world, 0, block_of(9));
    let card = |keys: &[zegel::KemPublic], serial| {
        zegel::Card::from_bytes(&card_of(&world.pgo.identity, keys, serial, "PGO")).unwrap()
    };
    let (same, other) = (world.pgo.keys[0].public(), world.gp.keys[0].public());
    let Ok(Renewed::GoesOn(session)) = session.renew(&card(&[same], 2), Some(NOW)) else { panic!() };
    let refused = session.renew(&world.gp.card, Some(NOW)).err().unwrap();
    assert_eq!(refused.error, Error::UnknownSender);
    let refused = refused.state.renew(&world.pgo.card, Some(NOW)).err().unwrap();
    assert_eq!(refused.error, Error::Rollback);
    let Ok(Renewed::Over(sealer)) = refused.state.renew(&card(&[other, same], 3), Some(NOW)) else {
        panic!()
    };
    let (_, keyframe) = Session::begin_to_vec(sealer, TOPIC, Some(NOW), block_of(9), &mut Draws(7)).unwrap();
    let named = zegel::envelope::Envelope::parse(&keyframe).unwrap().claimed_recipient();
    assert_eq!(named, other.kid());
}

/// Threat E-11: with N sessions in fixed memory, nobody keeps everybody else out.
#[test]
fn whoever_has_most_sessions_gives_one_up() {
    let world = World::new();
    let people: Vec<_> = (0..4).map(|seed| Person::new(60 + seed, "sender")).collect();
    let zegel::State { trust, replay, events, .. } =
        state(zegel::MemoryTrust::new(), zegel::ExactGuard::new());
    let mut state = zegel::State { trust, replay, sessions: zegel::FixedSessions::<3>::new(), events };
    people.iter().for_each(|person| assert!(state.trust.pin(&person.card).is_ok()));
    let mut keyframe = |person: &Person, first| {
        let (_, mut bytes) = begin_by(person, &world.pgo, first, block_of(9));
        let opened = world.pgo.opener().open(&mut state, TOPIC, Some(NOW), &mut bytes)?;
        let Content::Keyframe { kept, .. } = opened.content() else { panic!("{opened:?}") };
        Ok(*kept)
    };
    for first in [10, 20, 30, 40] {
        assert_eq!(keyframe(&people[0], first), Ok(true));
    }
    assert_eq!(keyframe(&people[0], 15), Ok(false), "older than all that is kept");
    assert_eq!(keyframe(&people[1], 0), Ok(true));
    assert_eq!(keyframe(&people[2], 0), Ok(true));
    assert_eq!(keyframe(&people[3], 0), Err(Error::Full), "each of three has one");
    assert_eq!(keyframe(&people[0], 50), Ok(true), "its own goes first");
}

/// The limit of what hedging can do for a session, stated in SPEC §10.2: numbers that go back *and* a generator that
/// repeats itself make the same keyframe, and its keys.
#[test]
fn two_faults_at_once_repeat_a_session_and_one_does_not() {
    let world = World::new();
    let begin = |first, byte| {
        let sealer = Sealer::new(&world.device.identity, &world.pgo.card, None, Counter(first)).unwrap();
        let rng = &mut Script::constant(byte);
        let (session, keyframe) = Session::begin_to_vec(sealer, TOPIC, None, block_of(9), rng).unwrap();
        (session.id(), keyframe)
    };
    let first = begin(0, 7);
    assert!(begin(1, 7).0 != first.0, "a generator that repeats itself");
    assert!(begin(0, 8).0 != first.0, "numbers that go back");
    assert!(begin(0, 7) == first, "both");
}

/// A clone of the device shows: two messages under one number, or a manifest that is not of what was sent.
#[test]
fn a_cloned_device_is_a_conflict_that_is_noted() {
    let world = World::new();
    let mut receiver = world.receiver();
    let (mut session, keyframe) = begin(&world, 0, block_of(9));
    open(&mut receiver, &world, &keyframe).unwrap();
    open(&mut receiver, &world, &seal(&mut session, b"1")).unwrap();
    let stream = *session.stream();
    let clone = world.sealed(1, &measurement(b"other"), Padding::None);
    let refused = receiver.refuses(&world.pgo.opener(), TOPIC, Some(NOW), &clone);
    assert_eq!(refused, Error::Conflict);
    assert_eq!(receiver.events, [Event::Conflict { stream, sequence: 1 }]);
}

/// Keyframes, manifests and evidence have their places; a measurement cannot claim to be one.
#[test]
fn what_zegel_says_to_itself_is_no_measurement() {
    let world = World::new();
    let (mut session, _) = begin(&world, 0, block_of(9));
    for format in [65_000, 65_001, 65_002, 65_003, 65_535] {
        let reserved = zegel::Measurement { format: zegel::Format(format), ..measurement(b"x") };
        assert_eq!(session.seal_to_vec(TOPIC, &reserved, None).err(), Some(Error::Reserved));
    }
    let mut receiver = world.receiver();
    let (_, keyframe) = begin(&world, 50, block_of(9));
    let kind = |opened: &Opened<'_>| matches!(opened.content(), Content::Keyframe { .. });
    assert_eq!(receiver.attempt(&world.pgo.opener(), TOPIC, Some(NOW), &keyframe, kind), Ok(true));
}

/// The keyframe of one recipient, and the sealer of another: nothing is sealed under keys that the other has not.
#[test]
fn a_beginning_is_for_its_own_sealer() {
    let world = World::new();
    let sealer = |to: &Person| Sealer::new(&world.device.identity, &to.card, Some(NOW), Counter(3)).unwrap();
    let (mut one, mut other) = (sealer(&world.pgo), sealer(&world.gp));
    let mut out = [0xaa; zegel::MAX_ENVELOPE];
    let keyframe = |sealer: &mut Sealer<'_, Counter>, out: &mut [u8]| {
        let begun = Session::keyframe(sealer, TOPIC, Some(NOW), block_of(9), &mut Draws(1), out);
        begun.map(|(beginning, keyframe)| (beginning, keyframe.len()))
    };
    let (beginning, _) = keyframe(&mut one, &mut out).unwrap();
    let refused = beginning.session(other).err().unwrap();
    assert_eq!(refused.error, Error::SessionOver);
    other = refused.state;
    assert_eq!(other.next_sequence(), Ok(3), "no number was used");

    let (beginning, length) = keyframe(&mut one, &mut out).unwrap();
    let mut session = beginning.session(one).unwrap();
    let mut receiver = world.receiver();
    assert_eq!(open(&mut receiver, &world, &out[..length]).map(|seen| seen.body), Ok(None));
    assert_eq!(open(&mut receiver, &world, &seal(&mut session, b"61")), Ok(message(b"61")));

    let mut short = [0xaa; 300];
    assert_eq!(keyframe(&mut other, &mut short[..40]).err(), Some(Error::BufferTooSmall));
    assert_eq!((short[39], short[40]), (0, 0xaa), "wiped, and no more than that");
    assert_eq!(other.next_sequence(), Ok(3));
}
