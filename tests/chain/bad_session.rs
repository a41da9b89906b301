//! What a legitimate sender can write into a session when he is malicious, and what a recipient, who has the keys too,
//! can make of it (SPEC §10; threats A-13, C-17, C-18, C-19, D-06 and E-11).

use zegel::{
    Error, Event, MAX_NUMBER, Manifest, Opened, Provenance, Sealer, Session, SessionId, SessionLimits,
    SessionRecord, SessionStore, SignedBlock, Stream,
};

use super::session::{begin, block_of};
use super::support::chain::{
    self, SessionSecrets, leaf, limits, manifest_context, root, session_plaintext, signed_block,
};
use super::support::forge::{
    HPKE_4, around, bstr, encrypted, head, other_heads, outer, sign1, signature, signed, statement,
    to_be_signed, tstr, uint,
};
use super::support::random::Draws;
use super::support::world::{Counter, NOW, Person, Receiver, TOPIC, World, measurement};

/// A session from the device to the PGO whose keyframe has the number 0, and whose keys are in the test's hands.
pub(crate) struct Inside<'w> {
    pub(crate) world: &'w World,
    pub(crate) receiver: Receiver,
    pub(crate) secrets: SessionSecrets,
}

impl<'w> Inside<'w> {
    pub(crate) fn new(world: &'w World) -> Self {
        Self::with(world, 0, &limits(9, 65_536, 86_400))
    }

    fn with(world: &'w World, number: u64, limits: &[u8]) -> Self {
        let keyframe = around(&world.device, &world.pgo, &statement(number, Some(NOW), 65_000, limits, b""));
        let mut receiver = world.receiver();
        let opener = world.pgo.opener().with_acceptance(zegel::Acceptance::ANYTHING);
        receiver.attempt(&opener, TOPIC, Some(NOW), &keyframe, |_| ()).unwrap();
        let secrets = SessionSecrets::of(&world.pgo.keys[0], &keyframe);
        Self { world, receiver, secrets }
    }

    /// Opens, and gives body, provenance and the block that is proven.
    pub(crate) fn open(&mut self, bytes: &[u8]) -> Result<Seen, Error> {
        let opener = self.world.pgo.opener().with_acceptance(zegel::Acceptance::ANYTHING);
        let see = |opened: &Opened<'_>| {
            assert!(opened.testimony().is_none(), "no message is provable by itself");
            let block = opened.block().map(SignedBlock::numbers);
            (opened.body().map(<[u8]>::to_vec), opened.provenance(), block)
        };
        self.receiver.attempt(&opener, TOPIC, Some(NOW), bytes, see)
    }

    fn refuses(&mut self, bytes: &[u8]) -> Error {
        self.open(bytes).expect_err("this is refused")
    }

    /// A message under `number`, and its leaf.
    fn message(&self, number: u64, body: &[u8]) -> (Vec<u8>, [u8; 32]) {
        let bytes = self.secrets.message(number, TOPIC, &session_plaintext(Some(NOW), 42, body, b""));
        let words = statement(number, Some(NOW), 42, body, b"");
        let (device, me) = (self.world.device.identity.id(), self.world.pgo.identity.id());
        (bytes, leaf(&device, &me, TOPIC, &words))
    }

    /// A manifest's message around any body.
    fn manifest(&self, number: u64, body: &[u8]) -> Vec<u8> {
        self.secrets.message(number, TOPIC, &session_plaintext(None, 65_001, body, b""))
    }

    /// The body of a manifest that the device signed.
    fn signed(&self, block: &[u8]) -> Vec<u8> {
        chain::manifest(&self.world.device.identity, &self.world.pgo.identity.id(), block)
    }
}

type Seen = (Option<Vec<u8>>, Provenance, Option<(u64, u64)>);

#[test]
fn a_session_built_by_hand_opens() {
    let world = World::new();
    let mut inside = Inside::new(&world);
    let (one, two) = (inside.message(1, b"one"), inside.message(2, b"two"));
    assert_eq!(inside.open(&one.0), Ok((Some(b"one".to_vec()), Provenance::Session, None)));
    assert!(inside.open(&two.0).is_ok());
    let block = signed_block(1, 2, &root(&[one.1, two.1]));
    let signed = inside.manifest(3, &inside.signed(&block));
    assert_eq!(inside.open(&signed), Ok((None, Provenance::Session, Some((1, 2)))));
}

/// Threat C-17: the receiver holds the sender to the limits of the keyframe.
#[test]
fn numbers_and_times_outside_the_session_are_rejected() {
    let world = World::new();
    let mut inside = Inside::with(&world, 100, &limits(9, 10, 60));
    let good = session_plaintext(Some(NOW), 42, b"x", b"");
    for number in [0, 1, 99, 100, 111, 112, 65_636, MAX_NUMBER, MAX_NUMBER + 1, (1 << 56) - 1] {
        let bytes = inside.secrets.message(number, TOPIC, &good);
        assert_eq!(inside.refuses(&bytes), Error::Rejected, "{number}");
    }
    for (number, time, opens) in [
        (101, Some(NOW + 60), true),
        (102, Some(NOW + 61), false),
        (103, Some(MAX_NUMBER), false),
        (104, Some(MAX_NUMBER + 1), false),
        (105, None, true),
        (106, Some(0), true),
        (110, Some(NOW), true),
    ] {
        let bytes = inside.secrets.message(number, TOPIC, &session_plaintext(time, 42, b"x", b""));
        let error = inside.open(&bytes).err();
        assert_eq!(error, (!opens).then_some(Error::Rejected), "{time:?}");
    }
    // The last numbers that there are: a message beyond them has no statement.
    let mut inside = Inside::with(&world, MAX_NUMBER - 1, &limits(9, 10, 60));
    let bytes = inside.secrets.message(MAX_NUMBER + 1, TOPIC, &good);
    assert_eq!(inside.refuses(&bytes), Error::Rejected);
    let bytes = inside.secrets.message(MAX_NUMBER, TOPIC, &good);
    assert!(inside.open(&bytes).is_ok());
}

#[test]
fn a_keyframe_has_one_shape_and_its_limits() {
    let world = World::new();
    let refused = |body: &[u8]| {
        let keyframe = around(&world.device, &world.pgo, &statement(0, Some(NOW), 65_000, body, b""));
        world.receiver().refuses(&world.pgo.opener(), TOPIC, Some(NOW), &keyframe)
    };
    let good = limits(32, 65_536, 86_400);
    for body in [
        limits(0, 9, 9),
        limits(65, 9, 9),
        limits(9, 0, 9),
        limits(9, 65_537, 9),
        limits(9, 9, 0),
        limits(9, 9, 86_401),
        limits(u64::MAX, u64::MAX, u64::MAX),
        [&good[..], &[0]].concat(),
        good[..good.len() - 1].to_vec(),
        [&[0x84], &good[1..], &uint(1)].concat(),
        [&[0x82], &good[1..3]].concat(),
        b"\x83\x20\x01\x01".to_vec(),
        vec![],
    ] {
        assert_eq!(refused(&body), Error::Rejected, "{body:02x?}");
    }
    for body in other_heads(&good) {
        assert_eq!(refused(&body), Error::Rejected, "{body:02x?}");
    }
}

/// Threats B-01 and B-02 for the new forms.
#[test]
fn other_encodings_of_a_message_and_a_manifest_are_refused() {
    let world = World::new();
    let mut inside = Inside::new(&world);
    let plaintext = session_plaintext(Some(NOW), 42, b"twenty-four bytes, longer", &[0; 5]);
    let genuine = inside.secrets.message(300, TOPIC, &plaintext);
    for variant in other_heads(&genuine) {
        assert_eq!(inside.refuses(&variant), Error::Malformed);
    }
    for variant in other_heads(chain::CHACHA20_POLY1305).into_iter().chain([vec![], vec![0xa0]]) {
        let header = bstr(&variant);
        assert_eq!(inside.refuses(&[&genuine[..2], &header, &genuine[7..]].concat()), Error::Malformed);
    }
    let ciphertext = &genuine[genuine.len() - plaintext.len() - 16..];
    for partial_iv in [&[][..], &[0, 1], &[0, 1, 44], &[0; 2], &[1; 8], &[0, 0, 0, 0, 0, 0, 1, 44]] {
        let bytes = inside.secrets.around(partial_iv, ciphertext);
        assert_eq!(inside.refuses(&bytes), Error::Malformed, "{partial_iv:?}");
    }
    // Here the tag holds, and where there is one the signature too, over the very bytes that are refused.
    for variant in other_heads(&plaintext) {
        let bytes = inside.secrets.message(300, TOPIC, &variant);
        assert_eq!(inside.refuses(&bytes), Error::Rejected);
    }
    let block = signed_block(300, 1, &[7; 32]);
    let body = inside.signed(&block);
    for variant in other_heads(&body) {
        let bytes = inside.manifest(301, &variant);
        assert_eq!(inside.refuses(&bytes), Error::Rejected);
    }
    for variant in other_heads(&block) {
        let bytes = inside.manifest(301, &inside.signed(&variant));
        assert_eq!(inside.refuses(&bytes), Error::Rejected);
    }
    let tagged = inside.manifest(301, &[&[0xd2], &body[..]].concat());
    assert_eq!(inside.refuses(&tagged), Error::Rejected);
    assert!(inside.open(&genuine).is_ok());
    let signed = inside.manifest(301, &body);
    assert_eq!(inside.refuses(&signed), Error::Conflict, "it signs what was not sent");
}

#[test]
fn a_manifest_that_is_not_of_its_place_is_rejected() {
    let world = World::new();
    let mut inside = Inside::with(&world, 10, &limits(3, 100, 60));
    let sent: Vec<_> = (11..20).map(|number| inside.message(number, b"x")).collect();
    for (bytes, _) in &sent {
        inside.open(bytes).unwrap();
    }
    let of = |first: u64, count: u64| {
        let places = (first..first + count).filter_map(|number| number.checked_sub(11));
        let leaves: Vec<[u8; 32]> =
            places.filter_map(|place| sent.get(place as usize)).map(|(_, leaf)| *leaf).collect();
        signed_block(first, count, &root(if leaves.is_empty() { &[[0; 32]] } else { &leaves }))
    };
    let (device, me) = (&world.device.identity, world.pgo.identity.id());
    let genuine = of(17, 3);
    let by = |who: &Person, domain: &str, sender: zegel::Id, audience: &[zegel::Id]| {
        let context = manifest_context(domain, &sender, audience);
        signature(&who.identity, &to_be_signed(&context, &genuine))
    };
    let kid = device.id().kid().0;
    let named = |signature: [u8; 64]| sign1(&kid, &genuine, &signature);
    let good = by(&world.device, "zegel-manifest-1", device.id(), &[me]);
    let mut flipped = good;
    flipped[40] ^= 1;
    let mallory = world.mallory.identity.id();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("first one too low", inside.signed(&of(16, 3))),
        ("first one too high", inside.signed(&of(18, 3))),
        ("first at its own number", inside.signed(&signed_block(20, 1, &[0; 32]))),
        ("count of none", inside.signed(&signed_block(20, 0, &[0; 32]))),
        ("count above the block", inside.signed(&of(16, 4))),
        ("count above 64", inside.signed(&signed_block(0, 65, &[0; 32]))),
        ("the keyframe among them", inside.signed(&signed_block(10, 10, &[0; 32]))),
        ("numbers that overflow", inside.signed(&signed_block(MAX_NUMBER, 1, &[0; 32]))),
        ("a root of 31 bytes", {
            let block = [&genuine[..genuine.len() - 33], &[31][..], &[7; 31]].concat();
            inside.signed(&block)
        }),
        ("another root under the signature", {
            let other = signed_block(17, 3, &[9; 32]);
            sign1(&kid, &other, &good)
        }),
        ("the kid of another sender", sign1(&mallory.kid().0, &genuine, &good)),
        ("signed by another sender", named(by(&world.mallory, "zegel-manifest-1", device.id(), &[me]))),
        ("signed in another sender's name", named(by(&world.mallory, "zegel-manifest-1", mallory, &[me]))),
        ("signed by the recipient", named(by(&world.pgo, "zegel-manifest-1", device.id(), &[me]))),
        ("another audience", {
            named(by(&world.device, "zegel-manifest-1", device.id(), &[world.gp.identity.id()]))
        }),
        ("two in the audience", {
            let (_, both) = chain::ascending(&[&world.pgo, &world.gp]);
            named(by(&world.device, "zegel-manifest-1", device.id(), &both))
        }),
        ("another domain", named(by(&world.device, "zegel-statement-1", device.id(), &[me]))),
        ("another version", named(by(&world.device, "zegel-manifest-2", device.id(), &[me]))),
        ("a signature flipped", named(flipped)),
        ("a signature of zeros", named([0; 64])),
        ("a short signature", sign1(&kid, &genuine, &good[..63])),
    ];
    for (what, body) in cases {
        let bytes = inside.manifest(20, &body);
        assert_eq!(inside.refuses(&bytes), Error::Rejected, "{what}");
    }
    assert!(inside.receiver.events.is_empty());
    let bytes = inside.manifest(20, &named(good));
    assert_eq!(inside.open(&bytes).unwrap().2, Some((17, 19)));
}

/// The sender has signed what it has not sent: with all of the block here at once, else when the rest comes.
#[test]
fn a_root_that_is_not_of_the_block_is_a_conflict_and_proves_nothing() {
    let world = World::new();
    for kept_back in [None, Some(1), Some(2), Some(3)] {
        let mut inside = Inside::new(&world);
        let sent: Vec<_> = (1..4).map(|number| inside.message(number, &[number as u8])).collect();
        for (number, (bytes, _)) in (1..4).zip(&sent) {
            if Some(number) != kept_back {
                inside.open(bytes).unwrap();
            }
        }
        // In another order than they were sent, under a signature that holds.
        let block = signed_block(1, 3, &root(&[sent[1].1, sent[0].1, sent[2].1]));
        let signed = inside.manifest(4, &inside.signed(&block));
        let stream = Stream::new(world.device.identity.id(), &world.pgo.identity.id());
        let conflict = |sequence| Event::Conflict { stream, sequence };
        match kept_back {
            None => {
                assert_eq!(inside.refuses(&signed), Error::Conflict);
                assert_eq!(inside.receiver.events, [conflict(4)]);
            }
            Some(number) => {
                assert_eq!(inside.open(&signed).unwrap().2, None);
                assert_eq!(inside.refuses(&sent[number as usize - 1].0), Error::Conflict);
                assert_eq!(inside.receiver.events, [conflict(number)]);
                assert_eq!(inside.receiver.exact.gaps(&stream), [(number, number)]);
            }
        }
    }
}

/// Two manifests that overlap cannot both be whole: the later one would have the earlier one among its leaves.
#[test]
fn overlapping_manifests_prove_no_message_twice() {
    let world = World::new();
    let mut inside = Inside::new(&world);
    let sent: Vec<_> = (1..4).map(|number| inside.message(number, &[number as u8])).collect();
    for (bytes, _) in &sent {
        inside.open(bytes).unwrap();
    }
    let leaves: Vec<_> = sent.iter().map(|(_, leaf)| *leaf).collect();
    let first = inside.manifest(4, &inside.signed(&signed_block(1, 3, &root(&leaves))));
    assert_eq!(inside.open(&first).unwrap().2, Some((1, 3)));
    for (number, start) in [(5, 1), (6, 2), (7, 3)] {
        let count = number - start;
        let again = inside.manifest(number, &inside.signed(&signed_block(start, count, &root(&leaves))));
        assert_eq!(inside.open(&again).unwrap().2, None, "numbers {start} to {}", number - 1);
    }
}

/// Threat A-13: the recipient has the session's keys as well. What he makes with them stays unprovable.
#[test]
fn what_a_recipient_writes_into_a_session_can_be_shown_to_nobody() {
    let world = World::new();
    let (mut session, keyframe) = begin(&world, 0, block_of(9));
    let mut receiver = world.receiver();
    let opener = world.pgo.opener();
    receiver.attempt(&opener, TOPIC, Some(NOW), &keyframe, |_| ()).unwrap();
    let secrets = SessionSecrets::of(&world.pgo.keys[0], &keyframe);
    assert_eq!(SessionId(secrets.id), session.id());
    let mine = secrets.message(1, TOPIC, &session_plaintext(Some(NOW), 42, b"never said", b""));
    let see = |opened: &Opened<'_>| (opened.provenance(), opened.testimony().is_some());
    let seen = receiver.attempt(&opener, TOPIC, Some(NOW), &mine, see);
    assert_eq!(seen, Ok((Provenance::Session, false)));
    // The device's own message is the second under its number, and its manifest contradicts the forgery.
    let said = session.seal_to_vec(TOPIC, &measurement(b"said"), Some(NOW)).unwrap();
    assert_eq!(receiver.refuses(&opener, TOPIC, Some(NOW), &said), Error::Conflict);
    let signed = session.manifest_to_vec(TOPIC, &mut Draws(1)).unwrap();
    assert_eq!(receiver.refuses(&opener, TOPIC, Some(NOW), &signed), Error::Conflict);
    // And a manifest of his own holds for nobody.
    let leaf = leaf(
        &world.device.identity.id(),
        &world.pgo.identity.id(),
        TOPIC,
        &statement(1, Some(NOW), 42, b"never said", b""),
    );
    let block = signed_block(1, 1, &leaf);
    let body = chain::manifest(&world.pgo.identity, &world.pgo.identity.id(), &block);
    let kid = world.device.identity.id().kid().0;
    for body in [body.clone(), sign1(&kid, &block, &body[body.len() - 64..])] {
        let bytes = secrets.message(2, TOPIC, &session_plaintext(None, 65_001, &body, b""));
        assert_eq!(receiver.refuses(&opener, TOPIC, Some(NOW), &bytes), Error::Rejected);
    }
}

/// Threat C-18: one statement begins one session, in whatever envelope it comes.
#[test]
fn a_keyframe_in_a_second_envelope_starts_nothing() {
    let world = World::new();
    let mut receiver = world.receiver();
    let words = statement(5, Some(NOW), 65_000, &limits(9, 9, 9), b"");
    let keyframe = around(&world.device, &world.pgo, &words);
    let opener = world.pgo.opener();
    receiver.attempt(&opener, TOPIC, Some(NOW), &keyframe, |_| ()).unwrap();
    // Anybody who has seen the plaintext can encrypt it again, with an ephemeral key of his own.
    let to = world.pgo.keys[0].public();
    let inner = signed(&world.device, &world.pgo, TOPIC, &words);
    let external = [head(4, 2), tstr("zegel-envelope-1")];
    let external = [&external.concat()[..], &tstr(TOPIC)].concat();
    let parts = [head(4, 3), tstr("Encrypt0"), bstr(HPKE_4), bstr(&external)];
    let (ek, mut context) = zegel::hpke::sender(&to, b"zegel-1", None, &mut Draws(99)).unwrap();
    let mut ciphertext = [&inner[..], &[0; 16]].concat();
    context.seal_in_place(&parts.concat(), &mut ciphertext).unwrap();
    let second = outer(&to.kid().0, &ek, &ciphertext);
    assert_eq!(receiver.refuses(&opener, TOPIC, Some(NOW), &second), Error::Duplicate);
    let secrets = SessionSecrets::of(&world.pgo.keys[0], &second);
    let message = secrets.message(6, TOPIC, &session_plaintext(None, 42, b"x", b""));
    assert_eq!(receiver.refuses(&opener, TOPIC, Some(NOW), &message), Error::UnknownSession);
}

/// Threat D-06 for sessions: two keyframes with one ephemeral key would share keys and nonces.
#[test]
fn a_second_session_with_the_same_keys_is_an_equivocation() {
    let world = World::new();
    let mut receiver = world.receiver();
    let opener = world.pgo.opener();
    // The writer by hand draws the same ephemeral key each time.
    let keyframe = |from: &Person, number| {
        around(from, &world.pgo, &statement(number, Some(NOW), 65_000, &limits(9, 9, 9), b""))
    };
    receiver.attempt(&opener, TOPIC, Some(NOW), &keyframe(&world.device, 0), |_| ()).unwrap();
    for (from, number) in [(&world.device, 1), (&world.mallory, 0)] {
        let refused = receiver.refuses(&opener, TOPIC, Some(NOW), &keyframe(from, number));
        assert_eq!(refused, Error::Equivocation);
        assert_eq!(receiver.events.pop(), Some(Event::Equivocation { id: from.identity.id() }));
    }
    assert!(receiver.events.is_empty());
}

/// A keyframe for the PGO that somebody else sealed to the GP's key, or signed for the GP.
#[test]
fn a_keyframe_is_bound_to_its_audience_like_every_envelope() {
    let world = World::new();
    let words = statement(0, Some(NOW), 65_000, &limits(9, 9, 9), b"");
    let to_gp =
        encrypted(&world.gp.keys[0].public(), TOPIC, &signed(&world.device, &world.pgo, TOPIC, &words));
    assert_eq!(world.receiver().refuses(&world.gp.opener(), TOPIC, Some(NOW), &to_gp), Error::Rejected);
    let for_gp =
        encrypted(&world.pgo.keys[0].public(), TOPIC, &signed(&world.device, &world.gp, TOPIC, &words));
    assert_eq!(world.receiver().refuses(&world.pgo.opener(), TOPIC, Some(NOW), &for_gp), Error::Rejected);
}

/// Threat E-11: a sender who never signs, or signs and never sends, fills bounded memory.
#[test]
fn a_flood_of_messages_and_manifests_fills_bounded_memory() {
    let world = World::new();
    let inside = Inside::new(&world);
    let mut bytes = [0; SessionRecord::BYTES];
    bytes[..8].copy_from_slice(&inside.secrets.id);
    bytes[8..40].copy_from_slice(&world.device.identity.id().0);
    for (at, number) in [(48, NOW), (56, 9), (64, 65_536), (72, 86_400)] {
        bytes[at..at + 8].copy_from_slice(&u64::to_be_bytes(number));
    }
    let record = SessionRecord::from_bytes(&bytes).unwrap();
    let manifest = |first: u64| {
        let mut bytes = [0; Manifest::BYTES];
        bytes[..8].copy_from_slice(&first.to_be_bytes());
        bytes[15] = 1;
        Manifest::from_bytes(&bytes).unwrap()
    };
    let mut receiver = Receiver::default();
    receiver.keep_session(&record).unwrap();
    for number in 1..6_000 {
        receiver.keep_leaf(&record.id(), number, &[7; 32]).unwrap();
        receiver.keep_manifest(&record.id(), &manifest(number)).unwrap();
    }
    let shown = "MemorySessions(1 sessions, 4096 leaves, 64 manifests) FixedSessions(1 sessions, 128 leaves, 2 manifests)";
    assert_eq!(receiver.kept(), shown);
    // What is kept is the newest, and what comes late takes no newer one's place.
    receiver.keep_leaf(&record.id(), 1, &[8; 32]).unwrap();
    receiver.keep_manifest(&record.id(), &manifest(1)).unwrap();
    assert_eq!(receiver.kept(), shown);
    for number in 5_872..6_000 {
        assert_eq!(receiver.sessions.leaf(&record.id(), number), Ok(Some([7; 32])));
        assert_eq!(receiver.fixed.leaf(&record.id(), number), Ok(Some([7; 32])));
    }
    assert!(receiver.fixed.manifest(&record.id(), 5_999).unwrap().is_some());
    assert!(receiver.fixed.manifest(&record.id(), 1).unwrap().is_none());
}

/// Threat D-10: with its KEM key a session is over, whatever was in memory before.
#[test]
fn an_erased_kem_key_takes_its_sessions_along() {
    let world = World::new();
    let mut inside = Inside::new(&world);
    let message = inside.message(1, b"x").0;
    inside.receiver.sessions.drop_keys();
    let gone: &[zegel::KemKey] = &[];
    let opener = zegel::Opener::new(world.pgo.identity.id(), gone);
    assert_eq!(inside.receiver.refuses(&opener, TOPIC, Some(NOW), &message), Error::NotForMe);
    assert!(inside.open(&message).is_ok());
}

/// Threat C-19: a clone of the device begins a session of its own, with numbers that were used.
#[test]
fn a_clone_shows_at_its_first_number() {
    let world = World::new();
    let mut receiver = world.receiver();
    let opener = world.pgo.opener();
    let (mut session, keyframe) = begin(&world, 0, block_of(9));
    receiver.attempt(&opener, TOPIC, Some(NOW), &keyframe, |_| ()).unwrap();
    let one = session.seal_to_vec(TOPIC, &measurement(b"1"), Some(NOW)).unwrap();
    receiver.attempt(&opener, TOPIC, Some(NOW), &one, |_| ()).unwrap();
    let sealer = Sealer::new(&world.device.identity, &world.pgo.card, None, Counter(1)).unwrap();
    let begun = Session::begin_to_vec(sealer, TOPIC, None, SessionLimits::default(), &mut Draws(8));
    let (mut clone, second) = begun.unwrap();
    assert_eq!(receiver.refuses(&opener, TOPIC, Some(NOW), &second), Error::Conflict);
    let stream = *session.stream();
    assert_eq!(receiver.events, [Event::Conflict { stream, sequence: 1 }]);
    let lost = clone.seal_to_vec(TOPIC, &measurement(b"2"), Some(NOW)).unwrap();
    assert_eq!(receiver.refuses(&opener, TOPIC, Some(NOW), &lost), Error::UnknownSession);
}
