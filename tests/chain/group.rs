//! Several recipients in one envelope, and what a broker or a recipient makes of it (SPEC §4.6).

use zegel::envelope::GroupEnvelope;
use zegel::{Card, Error, GroupSealer, Padding, Provenance, Stream, Succession};

use super::support::random::Draws;
use super::support::world::{Counter, NOW, Person, Receiver, TOPIC, World, card_of, measurement};

fn cards(people: &[&Person]) -> Vec<Card> {
    people.iter().map(|person| person.card.clone()).collect()
}

fn sealed(world: &World, to: &[&Person], body: &[u8]) -> Vec<u8> {
    let cards = cards(to);
    let mut sealer = GroupSealer::new(&world.device.identity, &cards, Some(NOW), Counter(0)).unwrap();
    sealer = sealer.with_padding(Padding::None);
    let bytes = sealer.seal_to_vec(TOPIC, &measurement(body), &mut Draws(77)).unwrap();
    assert_eq!(bytes.len(), {
        let mut again = GroupSealer::new(&world.device.identity, &cards, Some(NOW), Counter(0)).unwrap();
        again = again.with_padding(Padding::None);
        again.sealed_len(&measurement(body)).unwrap()
    });
    bytes
}

/// The recipients of an envelope, each as it is encoded, and all before them.
fn parts(bytes: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let count = GroupEnvelope::parse(bytes).unwrap().claimed_recipients().count();
    let start = bytes.len() - count * RECIPIENT;
    let recipients = bytes[start..].chunks(RECIPIENT).map(<[u8]>::to_vec).collect();
    (bytes[..start - 1].to_vec(), recipients)
}

fn whole(head: &[u8], recipients: &[Vec<u8>]) -> Vec<u8> {
    [head, &[0x80 | recipients.len() as u8], &recipients.concat()].concat()
}

/// Where a recipient's kid stands.
const KID: std::ops::Range<usize> = 9..17;
/// Array of 3, protected, map with kid and ek, and the wrapped key.
const RECIPIENT: usize = 1 + 5 + 1 + 1 + 9 + 1 + 34 + 50;

#[test]
fn every_recipient_opens_one_publication() {
    let world = World::new();
    let bytes = sealed(&world, &[&world.gp, &world.pgo, &world.mallory], b"61 beat/min");
    let audience = |people: &[&Person]| {
        let mut ids: Vec<_> = people.iter().map(|person| person.identity.id()).collect();
        ids.sort_unstable();
        ids
    };
    let ids = audience(&[&world.gp, &world.pgo, &world.mallory]);
    let stream = Stream::to_several(world.device.identity.id(), &ids).unwrap();
    for person in [&world.gp, &world.pgo, &world.mallory] {
        let mut receiver = world.receiver();
        let seen = receiver.attempt(&person.opener(), TOPIC, Some(NOW), &bytes, |opened| {
            assert!(opened.testimony().is_some());
            (opened.body().map(<[u8]>::to_vec), *opened.stream(), opened.provenance())
        });
        assert_eq!(seen, Ok((Some(b"61 beat/min".to_vec()), stream, Provenance::Signed)));
        assert_eq!(receiver.refuses(&person.opener(), TOPIC, Some(NOW), &bytes), Error::Duplicate);
    }
    let mut receiver = world.receiver();
    assert_eq!(receiver.refuses(&world.device.opener(), TOPIC, Some(NOW), &bytes), Error::NotForMe);
}

/// Threat A-12: the list of recipients is bound for all of them.
#[test]
fn a_changed_list_of_recipients_opens_for_nobody() {
    let world = World::new();
    let people = [&world.gp, &world.pgo, &world.mallory];
    let (head, recipients) = parts(&sealed(&world, &people, b"x"));
    let (_, others) = parts(&sealed(&world, &[&world.pgo, &world.device], b"y"));
    let mut changed: Vec<Vec<Vec<u8>>> = Vec::new();
    for i in 0..3 {
        let mut removed = recipients.clone();
        removed.remove(i);
        changed.push(removed);
        let mut doubled = recipients.clone();
        doubled.push(recipients[i].clone());
        changed.push(doubled);
        let mut moved = recipients.clone();
        moved.swap(i, (i + 1) % 3);
        changed.push(moved);
        for other in &others {
            let mut added = recipients.clone();
            added.insert(i, other.clone());
            changed.push(added);
            // With the same kid it is that recipient's own trouble, and nobody else's.
            if other[KID] != recipients[i][KID] {
                let mut replaced = recipients.clone();
                replaced[i] = other.clone();
                changed.push(replaced);
            }
        }
    }
    for list in changed {
        let bytes = whole(&head, &list);
        for person in people {
            let error = world.receiver().refuses(&person.opener(), TOPIC, Some(NOW), &bytes);
            assert!(matches!(error, Error::Rejected | Error::Malformed | Error::NotForMe), "{error}");
        }
    }
    let genuine = whole(&head, &recipients);
    assert_eq!(world.receiver().accepts(&world.gp.opener(), TOPIC, &genuine), b"x");
}

#[test]
fn every_bit_flip_of_a_group_envelope_is_refused() {
    let world = World::new();
    let bytes = sealed(&world, &[&world.gp, &world.pgo], b"x");
    let mut receiver = world.receiver();
    let mine = |bytes: &[u8], receiver: &mut Receiver| {
        receiver.attempt(&world.pgo.opener(), TOPIC, Some(NOW), bytes, |_| ())
    };
    let gp_first = world.gp.identity.id() < world.pgo.identity.id();
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        let theirs = if gp_first {
            bytes.len() - 2 * RECIPIENT..bytes.len() - RECIPIENT
        } else {
            bytes.len() - RECIPIENT..bytes.len()
        };
        // The other's encrypted key is the other's to check: whoever breaks it keeps the envelope from him alone.
        if !theirs.contains(&at) {
            assert!(mine(&flipped, &mut receiver).is_err(), "at {at}");
        }
        assert!(mine(&bytes[..at], &mut receiver).is_err());
    }
    assert_eq!(mine(&bytes, &mut receiver), Ok(()));
}

/// A recipient rotates his key, and another gives up his identity.
#[test]
fn a_group_follows_its_recipients_cards() {
    let world = World::new();
    let people = cards(&[&world.gp, &world.pgo]);
    let mut sealer = GroupSealer::new(&world.device.identity, &people, Some(NOW), Counter(0)).unwrap();
    let newer = |person: &Person, key, serial| {
        Card::from_bytes(&card_of(&person.identity, &[key], serial, "x")).unwrap()
    };
    let key = world.mallory.keys[0].public();
    assert_eq!(sealer.renew(&newer(&world.pgo, key, 2), Some(NOW)), Ok(Succession::Newer));
    assert_eq!(sealer.renew(&newer(&world.gp, key, 2), Some(NOW)), Err(Error::Equivocation));
    assert_eq!(sealer.renew(&world.pgo.card, Some(NOW)), Err(Error::Rollback));
    assert_eq!(sealer.renew(&world.mallory.card, Some(NOW)), Err(Error::UnknownSender));
    let bytes = sealer.seal_to_vec(TOPIC, &measurement(b"x"), &mut Draws(1)).unwrap();
    assert!(GroupEnvelope::parse(&bytes).unwrap().claimed_recipients().any(|kid| kid == key.kid()));
    let claims = zegel::CardClaims {
        serial: 3,
        not_before: NOW,
        expires: NOW,
        label: "",
        kem_keys: &[],
        status: zegel::Status::Withdrawn,
    };
    let withdrawn = Card::issue_to_vec(&claims, &world.gp.identity, &mut Draws(3)).unwrap();
    assert_eq!(sealer.renew(&Card::from_bytes(&withdrawn).unwrap(), Some(NOW)), Ok(Succession::Newer));
    let mut out = [9; 1024];
    let refused = sealer.seal(TOPIC, &measurement(b"x"), &mut Draws(1), &mut out).err();
    assert_eq!((refused, out), (Some(Error::Revoked), [0; 1024]));
}

#[test]
fn sets_that_cannot_be_sealed_to_are_refused_at_once() {
    let world = World::new();
    let new = |cards: &[Card]| GroupSealer::new(&world.device.identity, cards, Some(NOW), Counter(0)).err();
    assert_eq!(new(&[]), Some(Error::TooLarge));
    assert_eq!(new(&cards(&[&world.gp])), Some(Error::TooLarge));
    assert_eq!(new(&cards(&[&world.gp, &world.pgo, &world.gp])), Some(Error::Equivocation));
    let many: Vec<_> = (0..17).map(|seed| Person::new(100 + seed, "x").card).collect();
    assert_eq!(new(&many), Some(Error::TooLarge));
    let mut sealer = GroupSealer::new(&world.device.identity, &many[..16], Some(NOW), Counter(0)).unwrap();
    let bytes = sealer.seal_to_vec(TOPIC, &measurement(b"x"), &mut Draws(1)).unwrap();
    assert_eq!(GroupEnvelope::parse(&bytes).unwrap().claimed_recipients().count(), 16);
    let mut small = vec![9; bytes.len() - 1];
    let refused = sealer.seal(TOPIC, &measurement(b"x"), &mut Draws(1), &mut small).err();
    assert_eq!(refused, Some(Error::BufferTooSmall));
    assert!(small.iter().all(|byte| *byte == 0));
}
