//! What holds for any input: what is sealed opens, lengths are told exactly, and the order in which cards arrive
//! decides nothing.

mod support;

use proptest::prelude::*;
use zegel::pairing::{MAX_LIFETIME, PairingCode};
use zegel::{
    Acceptance, Card, CardClaims, Content, Error, Format, GroupSealer, Id, MAX_NUMBER, Measurement,
    MemoryTrust, Opened, Padding, Provenance, Sealer, Session, SessionLimits, Status, Stream,
    UnverifiedEvidence,
};

use support::random::Draws;
use support::world::{Counter, NOW, Person, TOPIC, World};

fn topics() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9/_. é€-]{1,60}"
}

fn paddings() -> impl Strategy<Value = Padding> {
    prop_oneof![Just(Padding::None), Just(Padding::Buckets)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Threat D-02: what is shown is read, and nothing that differs in one character.
    #[test]
    fn a_code_is_read_as_it_is_shown_and_no_other(
        shower in any::<[u8; 32]>(),
        now in prop::option::of(0..(1u64 << 40) - MAX_LIFETIME),
        lifetime in 0..=MAX_LIFETIME,
        seed in any::<u64>(),
        at in 0..PairingCode::TEXT_LEN,
        other in any::<char>(),
    ) {
        let code = PairingCode::draw(&Id(shower), now, lifetime, &mut Draws(seed)).unwrap();
        let text = code.to_text();
        prop_assert_eq!(text.len(), PairingCode::TEXT_LEN);
        prop_assert!(text.bytes().all(|c| b"ZEGEL:ABCDEFHIJKMNOPQRSTUVWXY234567".contains(&c)), "{}", text);
        let read = PairingCode::parse(&text).unwrap();
        prop_assert_eq!((read.shower(), read.expires()), (&Id(shower), now.map(|now| (now + lifetime).max(1))));
        prop_assert_eq!(read.to_text(), text.clone());
        let changed: String =
            text.chars().enumerate().map(|(i, c)| if i == at { other } else { c }).collect();
        if changed != text {
            prop_assert_eq!(PairingCode::parse(&changed).err(), Some(Error::Malformed));
        }
    }

    #[test]
    fn what_is_sealed_opens(
        body in prop::collection::vec(any::<u8>(), 0..3000),
        topic in topics(),
        padding in paddings(),
        sequence in 0..=MAX_NUMBER,
        time in prop::option::of(0..=MAX_NUMBER),
        format in 0..65_000u16,
        seed in any::<u64>(),
        precomputed in any::<bool>(),
    ) {
        let world = World::new();
        let mut sealer = Sealer::new(&world.device.identity, &world.pgo.card, Some(NOW), Counter(sequence)).unwrap();
        sealer = sealer.with_padding(padding);
        #[cfg(feature = "fast")]
        if precomputed {
            sealer = sealer.precompute();
        }
        let _ = precomputed;
        let measurement = Measurement { time, format: Format(format), body: &body };
        let length = sealer.sealed_len(&measurement).unwrap();
        let mut envelope = sealer.seal_to_vec(&topic, &measurement, &mut Draws(seed)).unwrap();
        prop_assert_eq!(envelope.len(), length);
        prop_assert!(!envelope.windows(8).any(|window| body.windows(8).next() == Some(window)));
        let mut receiver = world.receiver();
        let mut copy = envelope.clone();
        let opener = world.pgo.opener().with_acceptance(Acceptance::ANYTHING);
        let opened = opener.open(&mut receiver, &topic, Some(NOW), &mut envelope).unwrap();
        prop_assert_eq!(opened.body(), Some(&body[..]));
        prop_assert_eq!((opened.sequence(), opened.time(), opened.format()), (sequence, time, Some(Format(format))));
        prop_assert_eq!(*opened.sender(), world.device.identity.id());
        let again = opener.open(&mut receiver, &topic, Some(NOW), &mut copy).err();
        prop_assert_eq!(again, Some(Error::Duplicate));
    }

    #[test]
    fn what_is_sealed_for_several_opens_for_each_of_them(
        body in prop::collection::vec(any::<u8>(), 0..1500),
        topic in topics(),
        padding in paddings(),
        sequence in 0..=MAX_NUMBER,
        time in prop::option::of(0..=MAX_NUMBER),
        format in 0..65_000u16,
        (others, seed) in (1..=15u64, any::<u64>()),
    ) {
        let world = World::new();
        let others: Vec<Person> = (0..others).map(|i| Person::new(seed.wrapping_add(i), "")).collect();
        let cards: Vec<Card> = others.iter().chain([&world.pgo]).map(|person| person.card.clone()).collect();
        let mut ids: Vec<Id> = cards.iter().map(|card| *card.id()).collect();
        ids.sort_unstable();
        let sealer = GroupSealer::new(&world.device.identity, &cards, Some(NOW), Counter(sequence)).unwrap();
        let mut sealer = sealer.with_padding(padding);
        let measurement = Measurement { time, format: Format(format), body: &body };
        let length = sealer.sealed_len(&measurement).unwrap();
        let envelope = sealer.seal_to_vec(&topic, &measurement, &mut Draws(seed)).unwrap();
        prop_assert_eq!(envelope.len(), length);
        prop_assert!(padding == Padding::None || is_bucket(length, 256), "{} bytes", length);
        for person in [&world.pgo, &others[0]] {
            let opener = person.opener().with_acceptance(Acceptance::ANYTHING);
            let mut receiver = world.receiver();
            let shown = receiver.attempt(&opener, &topic, Some(NOW), &envelope, |opened| {
                assert_eq!(opened.body(), Some(&body[..]));
                assert_eq!((opened.sequence(), opened.time(), opened.format()), (sequence, time, Some(Format(format))));
                assert_eq!(*opened.stream(), Stream::to_several(world.device.identity.id(), &ids).unwrap());
                opened.testimony().unwrap().to_vec(&world.device.wire).unwrap()
            }).unwrap();
            let evidence = UnverifiedEvidence::parse(&shown).unwrap().verify().unwrap();
            prop_assert!(evidence.audience().eq(ids.iter().copied()));
            prop_assert_eq!((evidence.body(), evidence.topic(), evidence.sequence()), (&body[..], topic.as_str(), sequence));
            let again = receiver.refuses(&opener, &topic, Some(NOW), &envelope);
            prop_assert_eq!(again, Error::Duplicate);
        }
    }

    #[test]
    fn a_session_says_what_it_was_given_and_its_block_is_evidence(
        bodies in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..600), topics(), prop::option::of(0..=NOW), 0..65_000u16), 1..10),
        padding in paddings(),
        first in 0..MAX_NUMBER - 20,
        (order, seed) in (any::<u64>(), any::<u64>()),
    ) {
        let world = World::new();
        let sealer = Sealer::new(&world.device.identity, &world.pgo.card, Some(NOW), Counter(first)).unwrap();
        let limits = SessionLimits { block: bodies.len() as u64, ..SessionLimits::default() };
        let sealer = sealer.with_padding(padding);
        let (mut session, keyframe) = Session::begin_to_vec(sealer, TOPIC, Some(NOW), limits, &mut Draws(seed)).unwrap();
        let mut messages = Vec::new();
        for (body, topic, time, format) in &bodies {
            let measurement = Measurement { time: *time, format: Format(*format), body };
            let length = session.sealed_len(&measurement).unwrap();
            let message = session.seal_to_vec(topic, &measurement, Some(NOW)).unwrap();
            prop_assert_eq!(message.len(), length);
            prop_assert!(padding == Padding::None || is_bucket(length, 128), "{} bytes", length);
            messages.push(message);
        }
        let manifest = session.manifest_to_vec(TOPIC, &mut Draws(seed)).unwrap();
        let mut receiver = world.receiver();
        let opener = world.pgo.opener().with_acceptance(Acceptance::ANYTHING);
        receiver.attempt(&opener, TOPIC, Some(NOW), &keyframe, |_| ()).unwrap();
        // In any order, the manifest among them: what comes last completes the block.
        let mut places: Vec<usize> = (0..=messages.len()).collect();
        let mut draws = Draws(order);
        places.sort_by_cached_key(|_| draws.next());
        let (mut statements, mut block) = (vec![Vec::new(); messages.len()], None);
        for (left, place) in places.iter().enumerate().map(|(i, place)| (places.len() - 1 - i, *place)) {
            let Some(message) = messages.get(place) else {
                let seen = |opened: &Opened<'_>| {
                    assert!(matches!(opened.content(), Content::Manifest(_)));
                    opened.block().copied()
                };
                let seen = receiver.attempt(&opener, TOPIC, Some(NOW), &manifest, seen).unwrap();
                prop_assert_eq!(seen.is_some(), left == 0);
                block = block.or(seen);
                continue;
            };
            let (body, topic, time, format) = &bodies[place];
            let seen = receiver.attempt(&opener, topic, Some(NOW), message, |opened| {
                assert_eq!(opened.body(), Some(&body[..]));
                assert_eq!((opened.time(), opened.format()), (*time, Some(Format(*format))));
                // What completes its block is signed at once.
                let provenance = if left == 0 { Provenance::Signed } else { Provenance::Session };
                assert_eq!((opened.sequence(), opened.provenance()), (first + 1 + place as u64, provenance));
                statements[place] = opened.statement().to_vec();
                opened.block().copied()
            }).unwrap();
            prop_assert_eq!(seen.is_some(), left == 0);
            block = block.or(seen);
        }
        let block = block.unwrap();
        prop_assert_eq!(block.numbers(), (first + 1, first + messages.len() as u64));
        for ((body, topic, _, _), statement) in bodies.iter().zip(&statements) {
            let testimony = block.testimony(&mut receiver, topic, statement).unwrap();
            let shown = testimony.to_vec(&world.device.wire).unwrap();
            prop_assert_eq!(testimony.len(&world.device.wire), Ok(shown.len()));
            let evidence = UnverifiedEvidence::parse(&shown).unwrap().verify().unwrap();
            prop_assert_eq!((evidence.body(), evidence.topic()), (&body[..], topic.as_str()));
            prop_assert_eq!(evidence.signed_with(), block.numbers());
        }
    }

    #[test]
    fn an_issued_card_says_what_it_was_given(
        seed in any::<u64>(),
        serial in 0..=MAX_NUMBER,
        (not_before, expires) in (0..=MAX_NUMBER, 0..=MAX_NUMBER).prop_map(|(a, b)| (a.min(b), a.max(b))),
        label in "[a-zA-Z é€]{0,20}",
        keys in 0..=4usize,
        withdrawn in any::<bool>(),
        now in 0..=MAX_NUMBER,
    ) {
        let holder = Person::new(seed, "");
        let kem_keys: Vec<_> =
            (0..keys as u64).map(|i| Person::new(seed.wrapping_add(i + 1), "").keys[0].public()).collect();
        let status = if withdrawn { Status::Withdrawn } else { Status::Active };
        let claims = CardClaims { serial, not_before, expires, label: &label, kem_keys: &kem_keys, status };
        let bytes = Card::issue_to_vec(&claims, &holder.identity, &mut Draws(seed)).unwrap();
        prop_assert!(bytes.len() <= zegel::MAX_CARD);
        let card = Card::from_bytes(&bytes).unwrap();
        prop_assert_eq!(*card.id(), holder.identity.id());
        prop_assert_eq!((card.serial(), card.not_before(), card.expires()), (serial, not_before, expires));
        prop_assert_eq!((card.label(), card.status()), (label.as_str(), status));
        prop_assert_eq!(card.kem_keys().copied().collect::<Vec<_>>(), kem_keys);
        let expected = match now {
            _ if withdrawn => Err(Error::Revoked),
            _ if now < not_before => Err(Error::NotYetValid),
            _ if now > expires => Err(Error::Expired),
            _ => Ok(()),
        };
        prop_assert_eq!(card.check_valid(Some(now)), expected);
    }

    #[test]
    fn a_fingerprint_is_readable_and_its_own(a in any::<[u8; 32]>(), b in any::<[u8; 32]>()) {
        let (a, b) = (Id(a), Id(b));
        let text = a.fingerprint().to_string();
        prop_assert!(text.len() == 47 && text.split(' ').all(|group| group.len() == 5 && group.parse::<u32>().is_ok()));
        prop_assert_eq!(a == b, text == b.fingerprint().to_string());
    }

    #[test]
    fn the_sender_in_the_result_is_the_key_that_verified(seeds in any::<[u32; 4]>()) {
        let world = World::new();
        let people: Vec<Person> = seeds.iter().map(|seed| Person::new(u64::from(*seed) + 10, "")).collect();
        for person in &people {
            let mut receiver = world.receiver();
            people.iter().for_each(|person| { let _ = receiver.trust.pin(&person.card); });
            let measurement = support::world::measurement(b"x");
            let mut envelope = world.sealed_by(person, &world.pgo, 0, &measurement, Padding::None);
            let opened = world.pgo.opener().open(&mut receiver, TOPIC, None, &mut envelope).unwrap();
            prop_assert_eq!(*opened.sender(), person.identity.id());
        }
    }
}

/// Whether a length is one of SPEC §4.5, the first of them being `shortest`.
fn is_bucket(length: usize, shortest: usize) -> bool {
    if length <= 2048 {
        return length == shortest || [256, 512, 1024, 2048].contains(&length);
    }
    // Padmé: of the bits of a length, those after the first few are zero.
    let exponent = length.ilog2();
    length.trailing_zeros() >= exponent - (exponent.ilog2() + 1)
}

/// Threat E-08: of a session and of a group too the length tells the bucket, whatever the body's length.
#[test]
fn every_body_fills_a_bucket_of_a_session_and_of_a_group() {
    let world = World::new();
    let cards = [world.pgo.card.clone(), world.gp.card.clone(), world.mallory.card.clone()];
    let mut group = GroupSealer::new(&world.device.identity, &cards, None, Counter(70_000)).unwrap();
    let sealer = Sealer::new(&world.device.identity, &world.pgo.card, None, Counter(70_000)).unwrap();
    let begun = Session::begin_to_vec(sealer, TOPIC, None, SessionLimits::default(), &mut Draws(1));
    let (session, keyframe) = begun.unwrap();
    assert_eq!(keyframe.len(), 256);
    let body = vec![1; 100_000];
    for length in (0..3000).chain((3000..100_000).step_by(997)) {
        let measurement = support::world::measurement(&body[..length]);
        let (message, envelope) =
            (session.sealed_len(&measurement).unwrap(), group.sealed_len(&measurement).unwrap());
        assert!(is_bucket(message, 128) && message > length, "{length}: {message}");
        assert!(is_bucket(envelope, 256) && envelope > length, "{length}: {envelope}");
    }
}

/// Threats D-05 and D-09: five cards of one identity in all 120 orders.
#[test]
fn every_order_of_cards_ends_in_the_same_trust() {
    let holder = Person::new(1, "");
    let card = |serial, status| {
        let claims = CardClaims { serial, not_before: 0, expires: NOW, label: "", kem_keys: &[], status };
        Card::from_bytes(&Card::issue_to_vec(&claims, &holder.identity, &mut Draws(serial)).unwrap()).unwrap()
    };
    let active = [1, 2, 3, 7, 9].map(|serial| card(serial, Status::Active));
    let mut ended = active.clone();
    ended[1] = card(2, Status::Withdrawn);
    for order in permutations(&[0, 1, 2, 3, 4]) {
        let mut trust = MemoryTrust::new();
        for i in &order {
            let _ = trust.pin(&active[*i]);
        }
        assert_eq!(trust.get(active[0].id()).map(Card::serial), Some(9), "{order:?}");
        // One withdrawal among them, and not even the newest: it ends the trust, wherever it comes.
        let mut trust = MemoryTrust::new();
        for i in &order {
            let _ = trust.pin(&ended[*i]);
        }
        assert_eq!(trust.get(active[0].id()).map(Card::serial), Some(2), "{order:?}");
        assert_eq!(trust.pin(&card(99, Status::Active)), Err(Error::Revoked));
    }
}

fn permutations(items: &[usize]) -> Vec<Vec<usize>> {
    if items.is_empty() {
        return vec![vec![]];
    }
    let mut all = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let rest = [&items[..at], &items[at + 1..]].concat();
        all.extend(permutations(&rest).into_iter().map(|tail| [vec![*item], tail].concat()));
    }
    all
}
