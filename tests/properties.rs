//! What holds for any input: what is sealed opens, lengths are told exactly, and the order in which cards arrive
//! decides nothing.

mod support;

use proptest::prelude::*;
use zegel::{
    Acceptance, Card, CardClaims, Error, Format, Id, MAX_NUMBER, Measurement, MemoryTrust, Padding, Sealer,
    Status,
};

use support::random::Draws;
use support::world::{Counter, NOW, Person, World};

fn topics() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9/_. é€-]{1,60}"
}

fn paddings() -> impl Strategy<Value = Padding> {
    prop_oneof![Just(Padding::None), Just(Padding::Buckets)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

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
            let opened = world.pgo.opener().open(&mut receiver, support::world::TOPIC, None, &mut envelope).unwrap();
            prop_assert_eq!(*opened.sender(), person.identity.id());
        }
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
