//! Evidence that is not: every other encoding, and every proof that is not of its statement (SPEC §11.1; threats A-01,
//! B-01 and B-02).

use zegel::{Error, Id, MAX_NUMBER, UnverifiedEvidence, UnverifiedIntroduction};

use super::support::chain::{
    self, ascending, evidence, leaf, manifest_proof, root, signed_block, signed_for,
};
use super::support::forge::{around, bstr, head, heads, other_heads, statement};
use super::support::world::{NOW, TOPIC, World, card_of};

fn verdict(bytes: &[u8]) -> Result<(), Error> {
    UnverifiedEvidence::parse(bytes).and_then(UnverifiedEvidence::verify).map(|_| ())
}

fn words(number: u64) -> Vec<u8> {
    statement(number, Some(NOW), 42, b"twenty-four bytes, longer", &[0; 5])
}

/// A proof of 64 bytes over any statement.
fn alone(world: &World, audience: &[Id], words: &[u8]) -> Vec<u8> {
    let signed = signed_for(&world.device.identity, audience, TOPIC, words);
    evidence(&world.device.wire, audience, TOPIC, words, &bstr(&signed[signed.len() - 64..]))
}

/// A block of five statements from number 10 on: their leaves, and the signature over their root.
fn block(world: &World) -> (Vec<[u8; 32]>, [u8; 64]) {
    let (device, me) = (&world.device.identity, world.pgo.identity.id());
    let leaves: Vec<_> = (10..15).map(|number| leaf(&device.id(), &me, TOPIC, &words(number))).collect();
    let signed = chain::manifest(device, &me, &signed_block(10, 5, &root(&leaves)));
    (leaves, *signed.last_chunk().unwrap())
}

#[test]
fn other_encodings_of_evidence_are_malformed() {
    let world = World::new();
    let me = world.pgo.identity.id();
    let (leaves, signature) = block(&world);
    let path = [leaves[1], root(&leaves[2..4]), leaves[4]];
    let in_block =
        evidence(&world.device.wire, &[me], TOPIC, &words(10), &manifest_proof(10, 5, &path, &signature));
    for genuine in [alone(&world, &[me], &words(7)), in_block] {
        assert_eq!(verdict(&genuine), Ok(()));
        for variant in other_heads(&genuine) {
            assert_eq!(verdict(&variant), Err(Error::Malformed));
        }
    }
    // Here the signature holds over the very bytes that are refused.
    for variant in other_heads(&words(7)) {
        assert_eq!(verdict(&alone(&world, &[me], &variant)), Err(Error::Malformed));
    }
    for variant in other_heads(&world.device.wire) {
        let bytes = evidence(&variant, &[me], TOPIC, &words(7), &bstr(&[7; 64]));
        assert_eq!(verdict(&bytes), Err(Error::Malformed));
    }
}

#[test]
fn evidence_has_one_shape() {
    let world = World::new();
    let me = world.pgo.identity.id();
    let (_, both) = ascending(&[&world.pgo, &world.gp]);
    let (_, signature) = block(&world);
    let many: Vec<Id> = (0..17).map(|i| Id([i; 32])).collect();
    let proof = bstr(&[7; 64]);
    let of = |audience: &[Id], topic: &str, words: &[u8], proof: &[u8]| {
        verdict(&evidence(&world.device.wire, audience, topic, words, proof))
    };
    let by_block = |audience: &[Id], first, count, path: &[[u8; 32]]| {
        of(audience, TOPIC, &words(10), &manifest_proof(first, count, path, &signature))
    };
    for (what, outcome) in [
        ("no audience", of(&[], TOPIC, &words(7), &proof)),
        ("an audience that is not sorted", of(&[both[1], both[0]], TOPIC, &words(7), &proof)),
        ("somebody twice", of(&[me, me], TOPIC, &words(7), &proof)),
        ("too many", of(&many, TOPIC, &words(7), &proof)),
        ("no topic", of(&[me], "", &words(7), &proof)),
        ("a wildcard", of(&[me], "zegel/#", &words(7), &proof)),
        ("a long topic", of(&[me], &"a".repeat(256), &words(7), &proof)),
        ("a pad", of(&[me], TOPIC, &statement(7, None, 42, b"", &[1]), &proof)),
        ("a keyframe", of(&[me], TOPIC, &statement(7, None, 65_000, b"\x83\x01\x01\x01", b""), &proof)),
        ("a number too large", of(&[me], TOPIC, &statement(MAX_NUMBER + 1, None, 42, b"", b""), &proof)),
        ("a short signature", of(&[me], TOPIC, &words(7), &bstr(&[7; 63]))),
        ("a long signature", of(&[me], TOPIC, &words(7), &bstr(&[7; 65]))),
        ("no proof", of(&[me], TOPIC, &words(7), &[0xf6])),
        ("a block for two", by_block(&both, 10, 5, &[[0; 32]; 3])),
        ("a block of none", by_block(&[me], 10, 0, &[])),
        ("a block of 65", by_block(&[me], 10, 65, &[[0; 32]; 3])),
        ("a path of seven", by_block(&[me], 10, 64, &[[0; 32]; 7])),
        ("a first number too large", by_block(&[me], MAX_NUMBER + 1, 5, &[[0; 32]; 3])),
    ] {
        assert_eq!(outcome, Err(Error::Malformed), "{what}");
    }
    let genuine = alone(&world, &[me], &words(7));
    assert_eq!(verdict(&[&genuine[..], &[0]].concat()), Err(Error::Malformed));
    assert_eq!(verdict(&[head(6, 18), genuine.clone()].concat()), Err(Error::Malformed));
    assert_eq!(heads(&genuine).len(), 7);
}

#[test]
fn a_proof_of_another_place_is_rejected() {
    let world = World::new();
    let me = world.pgo.identity.id();
    let (leaves, signature) = block(&world);
    let path = [leaves[1], root(&leaves[2..4]), leaves[4]];
    let of = |number: u64, first: u64, count: u64, path: &[[u8; 32]], signature: &[u8]| {
        let proof = manifest_proof(first, count, path, signature);
        verdict(&evidence(&world.device.wire, &[me], TOPIC, &words(number), &proof))
    };
    assert_eq!(of(10, 10, 5, &path, &signature), Ok(()));
    assert_eq!(of(14, 10, 5, &[root(&leaves[..4])], &signature), Ok(()));
    for number in [9, 11, 12, 13, 14, 15, 16, MAX_NUMBER] {
        assert_eq!(of(number, 10, 5, &path, &signature), Err(Error::Rejected), "{number}");
    }
    let swapped = [path[1], path[0], path[2]];
    for (what, first, count, path) in [
        ("a path too short", 10, 5, &path[..2]),
        ("no path", 10, 5, &[]),
        ("a path too long", 10, 5, &[path[0], path[1], path[2], [0; 32]]),
        ("a path in another order", 10, 5, &swapped),
        ("another first", 9, 5, &path),
        ("another first, below", 11, 5, &path),
        ("another count", 10, 4, &path),
        ("another count, above", 10, 6, &path),
        // A node is no leaf: the root of a subtree cannot be shown as a message of a shorter block.
        ("a block of one", 10, 1, &[]),
    ] {
        assert_eq!(of(10, first, count, path, &signature), Err(Error::Rejected), "{what}");
    }
    let (_, both) = ascending(&[&world.pgo, &world.gp]);
    for audience in [vec![world.gp.identity.id()], both] {
        let mut shown = alone(&world, &[me], &words(7));
        let proof = shown.split_off(shown.len() - 66);
        let bytes = evidence(&world.device.wire, &audience, TOPIC, &words(7), &proof);
        assert_eq!(verdict(&bytes), Err(Error::Rejected));
    }
    let proof = manifest_proof(10, 5, &path, &signature);
    for (card, audience, topic) in [
        (&world.device.wire, world.gp.identity.id(), TOPIC),
        (&world.mallory.wire, me, TOPIC),
        (&world.device.wire, me, "another"),
    ] {
        assert_eq!(verdict(&evidence(card, &[audience], topic, &words(10), &proof)), Err(Error::Rejected));
    }
}

/// Threat A-01: inside an envelope everything that is wrong with evidence, or an introduction, has one name.
#[test]
fn bad_evidence_in_an_envelope_is_rejected() {
    let world = World::new();
    let me = world.pgo.identity.id();
    let good = alone(&world, &[me], &words(7));
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let for_the_gp = alone(&world, &[world.gp.identity.id()], &words(7));
    let mut receiver = world.receiver();
    receiver.trust.pin(&world.pgo.card).unwrap();
    let opener = world.gp.opener();
    let mut number = 0;
    let mut handed_on = |format, body: &[u8]| {
        number += 1;
        around(&world.pgo, &world.gp, &statement(number, Some(NOW), format, body, b""))
    };
    let mut withdrawn = vec![head(4, 1), bstr(&world.device.wire)].concat();
    assert!(UnverifiedIntroduction::parse(&withdrawn).is_ok());
    *withdrawn.last_mut().unwrap() ^= 1;
    let longer = card_of(&world.device.identity, &[], 9, "longer");
    let twice = [head(4, 2), bstr(&world.device.wire), bstr(&longer)].concat();
    for (format, body) in [
        (65_002, flipped),
        (65_002, for_the_gp),
        (65_002, good[..good.len() - 1].to_vec()),
        (65_002, vec![]),
        (65_003, withdrawn),
        (65_003, twice),
        (65_003, good.clone()),
        (65_003, vec![]),
    ] {
        let bytes = handed_on(format, &body);
        assert_eq!(receiver.refuses(&opener, TOPIC, Some(NOW), &bytes), Error::Rejected);
    }
    for variant in other_heads(&good) {
        let bytes = handed_on(65_002, &variant);
        assert_eq!(receiver.refuses(&opener, TOPIC, Some(NOW), &bytes), Error::Rejected);
    }
    let bytes = handed_on(65_002, &good);
    assert!(receiver.attempt(&opener, TOPIC, Some(NOW), &bytes, |_| ()).is_ok());
}
