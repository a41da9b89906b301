//! Custody: evidence of a one-shot or manifest-signed measurement, handed on and verified (SPEC §11).

use zegel::{
    Content, Error, Evidence, Introduction, Opened, Origin, Padding, Sealer, SessionStore, Testimony,
    UnverifiedEvidence, UnverifiedIntroduction,
};

use super::session::{begin, block_of};
use super::support::random::Draws;
use super::support::world::{Counter, NOW, Person, Receiver, TOPIC, World, measurement};

/// Evidence of one signed measurement from the device to the PGO.
fn one_shot_evidence(world: &World, sequence: u64, body: &[u8]) -> Vec<u8> {
    let envelope = world.sealed(sequence, &measurement(body), Padding::Buckets);
    let mut receiver = world.receiver();
    let evidence = |opened: &Opened<'_>| opened.testimony().unwrap().to_vec(&world.device.wire).unwrap();
    receiver.attempt(&world.pgo.opener(), TOPIC, Some(NOW), &envelope, evidence).unwrap()
}

/// Evidence of every message of a block that a manifest signed.
fn session_evidence(world: &World, count: u8) -> Vec<Vec<u8>> {
    let mut receiver = world.receiver();
    let opener = world.pgo.opener();
    let (mut session, keyframe) = begin(world, 0, block_of(64));
    receiver.attempt(&opener, TOPIC, Some(NOW), &keyframe, |_| ()).unwrap();
    let statements: Vec<Vec<u8>> = (0..count)
        .map(|i| {
            let bytes = session.seal_to_vec(TOPIC, &measurement(&[i]), Some(NOW)).unwrap();
            let kept = |opened: &Opened<'_>| {
                assert!(opened.testimony().is_none(), "a session's message is not provable yet");
                opened.statement().to_vec()
            };
            receiver.attempt(&opener, TOPIC, Some(NOW), &bytes, kept).unwrap()
        })
        .collect();
    let manifest = session.manifest_to_vec(TOPIC, &mut Draws(3)).unwrap();
    let block = receiver.attempt(&opener, TOPIC, Some(NOW), &manifest, |opened| *opened.block().unwrap());
    let block = block.unwrap();
    let write = |receiver: &mut Receiver, topic, statement: &Vec<u8>| {
        block
            .testimony(receiver, topic, statement)
            .map(|testimony: Testimony<'_>| testimony.to_vec(&world.device.wire).unwrap())
    };
    let all: Vec<_> = statements.iter().map(|s| write(&mut receiver, TOPIC, s).unwrap()).collect();
    let leaves: Vec<_> =
        (1..=u64::from(count)).map(|n| receiver.sessions.leaf(&block.session(), n).unwrap()).collect();
    let known = |number: u64| Ok(leaves[number as usize - 1]);
    for (statement, evidence) in statements.iter().zip(&all) {
        let testimony = block.testimony_from(known, TOPIC, statement).unwrap();
        assert_eq!(testimony.to_vec_with(&world.device.card, &world.device.wire).as_ref(), Ok(evidence));
        let others = testimony.to_vec_with(&world.mallory.card, &world.mallory.wire);
        assert_eq!(others, Err(Error::UnknownSender));
        let unlike = testimony.to_vec_with(&world.device.card, &world.mallory.wire);
        assert_eq!(unlike, Err(Error::UnknownSender), "the bytes are those of the card");
    }
    let none = block.testimony_from(|_| Ok(None), TOPIC, &statements[0]);
    assert_eq!(none.err(), Some(Error::UnknownSession));
    assert_eq!(write(&mut receiver, "another/topic", &statements[0]).err(), Some(Error::Rejected));
    let mut other = statements[0].clone();
    let body = other.len() - 2;
    other[body] ^= 1;
    assert_eq!(write(&mut receiver, TOPIC, &other).err(), Some(Error::Rejected));
    block.release(&mut receiver).unwrap();
    assert!(receiver.sessions.leaf(&block.session(), 1).unwrap().is_none());
    assert_eq!(write(&mut receiver, TOPIC, &statements[0]).err(), Some(Error::UnknownSession));
    all
}

fn verified(bytes: &[u8]) -> Result<Evidence<'_>, Error> {
    UnverifiedEvidence::parse(bytes)?.verify()
}

/// What the GP makes of evidence that `from` hands on.
fn handed_on(
    world: &World,
    gp: &mut Receiver,
    from: &Person,
    evidence: &[u8],
) -> Result<(Vec<u8>, Origin), Error> {
    let mut sealer =
        Sealer::new(&from.identity, &world.gp.card, Some(NOW), Counter(gp.events.len() as u64)).unwrap();
    let bytes = sealer.forward_to_vec(TOPIC, Some(NOW), evidence, &mut Draws(5)).unwrap();
    let mut buffer = bytes;
    let opened = world.gp.opener().open(gp, TOPIC, Some(NOW), &mut buffer)?;
    let Content::Evidence(custody) = opened.content() else { panic!("{opened:?}") };
    assert!(opened.body().is_none());
    assert_eq!(custody.forwarder(), &from.identity.id());
    assert_eq!(custody.origin(), &world.device.identity.id());
    assert_eq!(custody.evidence().topic(), TOPIC);
    Ok((custody.evidence().body().to_vec(), custody.known()))
}

fn gp(pinned: &[&Person]) -> Receiver {
    let mut receiver = Receiver::default();
    for person in pinned {
        receiver.trust.pin(&person.card).unwrap();
    }
    receiver
}

#[test]
fn the_gp_sees_two_hands() {
    let world = World::new();
    for evidence in [one_shot_evidence(&world, 0, b"61"), session_evidence(&world, 1).remove(0)] {
        let body = verified(&evidence).unwrap().body().to_vec();
        let mut both = gp(&[&world.pgo, &world.device]);
        assert_eq!(handed_on(&world, &mut both, &world.pgo, &evidence), Ok((body.clone(), Origin::Pinned)));
        let mut pgo_alone = gp(&[&world.pgo]);
        let unknown = handed_on(&world, &mut pgo_alone, &world.pgo, &evidence);
        assert_eq!(unknown, Err(Error::UnknownSender));
        let mut introduced = gp(&[&world.pgo]);
        introduced.trust.introduce(&world.pgo.identity.id(), 0, [world.device.identity.id()].into_iter());
        assert_eq!(handed_on(&world, &mut introduced, &world.pgo, &evidence), Ok((body, Origin::Vouched)));
        let mut revoked = gp(&[&world.pgo, &world.device]);
        revoked.trust.revoke(&world.device.identity.id()).unwrap();
        assert_eq!(handed_on(&world, &mut revoked, &world.pgo, &evidence), Err(Error::Revoked));
    }
}

/// Threat A-01: evidence from another context is no evidence here.
#[test]
fn whoever_it_was_not_meant_for_cannot_hand_it_on() {
    let world = World::new();
    let evidence = one_shot_evidence(&world, 0, b"61");
    let mut both = gp(&[&world.mallory, &world.device]);
    let refused = handed_on(&world, &mut both, &world.mallory, &evidence);
    assert_eq!(refused, Err(Error::Rejected));
    // An introduction by one forwarder says nothing about another.
    let mut other = gp(&[&world.mallory, &world.pgo]);
    other.trust.introduce(&world.mallory.identity.id(), 0, [world.device.identity.id()].into_iter());
    assert_eq!(handed_on(&world, &mut other, &world.pgo, &evidence), Err(Error::UnknownSender));
}

#[test]
fn every_message_of_a_signed_block_is_provable_alone() {
    let world = World::new();
    for count in [1, 2, 3, 5, 8, 31, 64] {
        let all = session_evidence(&world, count);
        for (i, bytes) in all.iter().enumerate() {
            let evidence = verified(bytes).unwrap();
            assert_eq!(evidence.body(), [i as u8]);
            assert_eq!(evidence.signed_with(), (1, u64::from(count)));
            assert_eq!(evidence.sequence(), 1 + i as u64);
            assert_eq!(*evidence.origin(), world.device.identity.id());
        }
    }
}

#[test]
fn every_bit_flip_of_evidence_is_refused() {
    let world = World::new();
    for genuine in [one_shot_evidence(&world, 300, b"61"), session_evidence(&world, 5).remove(3)] {
        assert!(verified(&genuine).is_ok());
        for at in 0..genuine.len() {
            for bit in [0, 3, 7] {
                let mut flipped = genuine.clone();
                flipped[at] ^= 1 << bit;
                assert!(verified(&flipped).is_err(), "bit {bit} at {at}");
            }
            assert_eq!(verified(&genuine[..at]).err(), Some(Error::Malformed), "cut at {at}");
        }
        assert_eq!(verified(&[&genuine[..], &[0]].concat()).err(), Some(Error::Malformed));
    }
}

#[test]
fn introductions_replace_one_another_by_number_and_pin_nobody() {
    let world = World::new();
    let mut people = [&world.device, &world.gp, &world.mallory];
    people.sort_by_key(|person| person.identity.id());
    let wire: Vec<&[u8]> = people.iter().map(|person| &person.wire[..]).collect();
    let bytes = Introduction::to_vec(&wire).unwrap();
    let introduction = UnverifiedIntroduction::parse(&bytes).unwrap().verify().unwrap();
    assert!(introduction.ids().eq(people.iter().map(|person| person.identity.id())));
    let swapped = [wire[1], wire[0]];
    assert_eq!(Introduction::to_vec(&swapped).err(), Some(Error::Malformed));
    assert_eq!(Introduction::to_vec(&[wire[0], wire[0]]).err(), Some(Error::Malformed));
    assert_eq!(Introduction::to_vec(&vec![wire[0]; 65]).err(), Some(Error::TooLarge));

    let mut sealer = Sealer::new(&world.pgo.identity, &world.gp.card, Some(NOW), Counter(0)).unwrap();
    let envelope = sealer.introduce_to_vec(TOPIC, Some(NOW), &bytes, &mut Draws(1)).unwrap();
    let mut receiver = gp(&[&world.pgo]);
    let mut buffer = envelope;
    let opened = world.gp.opener().open(&mut receiver, TOPIC, Some(NOW), &mut buffer).unwrap();
    let Content::Introduction(introduction) = opened.content() else { panic!("{opened:?}") };
    let sequence = opened.sequence();
    let pgo = world.pgo.identity.id();
    use zegel::TrustStore as _;
    assert!(receiver.trust.introduce(&pgo, sequence, introduction.ids()));
    assert!(!receiver.trust.introduce(&pgo, sequence, [].into_iter()), "an older set changes nothing");
    assert!(receiver.trust.vouches(&pgo, &world.device.identity.id()).unwrap());
    assert!(receiver.trust.sender(&world.device.identity.id().kid()).unwrap().is_none());
    assert!(receiver.trust.introduce(&pgo, sequence + 1, [].into_iter()));
    assert!(!receiver.trust.vouches(&pgo, &world.device.identity.id()).unwrap());
}

#[test]
fn what_is_no_evidence_is_not_handed_on() {
    let world = World::new();
    let mut sealer = Sealer::new(&world.pgo.identity, &world.gp.card, Some(NOW), Counter(0)).unwrap();
    let mut out = [9; 600];
    let refused = sealer.forward(TOPIC, None, b"no evidence", &mut Draws(1), &mut out).err();
    assert_eq!((refused, out), (Some(Error::Malformed), [0; 600]));
    assert_eq!(sealer.next_sequence(), Ok(0));
}
