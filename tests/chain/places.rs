//! Everything in its place: reserved formats where they do not belong, signatures of one kind shown as another, and
//! one word for every outcome that depends on a secret (SPEC §4.3, §7.1; threats A-14 and E-06).

use zegel::{Card, Error, Introduction, Padding, UnverifiedEvidence};

use super::bad_session::Inside;
use super::support::chain::{
    self, Group, ascending, evidence, group_plaintext, ids, limits, manifest_context, manifest_proof,
    session_plaintext, signed_block, signed_for, statement_context,
};
use super::support::forge::{
    self, around, bstr, card_context, encrypted, head, sign1, signature, statement, to_be_signed, tstr,
};
use super::support::world::{NOW, Person, TOPIC, World, measurement};

fn refused(world: &World, bytes: &[u8]) -> Error {
    world.receiver().refuses(&world.pgo.opener(), TOPIC, Some(NOW), bytes)
}

/// A genuine body of each reserved format, and one that is none.
fn bodies(world: &World) -> Vec<(u64, Vec<u8>)> {
    let (device, me) = (&world.device.identity, world.pgo.identity.id());
    let words = statement(3, Some(NOW), 42, b"x", b"");
    // What Mallory hands on has to have been meant for him.
    let signed = signed_for(device, &[me], TOPIC, &words);
    let proof = bstr(&signed[signed.len() - 64..]);
    vec![
        (65_000, limits(9, 9, 9)),
        (65_001, chain::manifest(device, &me, &signed_block(1, 1, &[7; 32]))),
        (65_002, evidence(&world.device.wire, &[me], TOPIC, &words, &proof)),
        (65_003, Introduction::to_vec(&[&world.device.wire]).unwrap()),
        (65_004, b"nothing".to_vec()),
        (65_535, b"nothing".to_vec()),
    ]
}

/// Each reserved format with each body in each of the four places: three open in a one-shot envelope, one in a
/// session, and that is all.
#[test]
fn a_reserved_format_has_one_place_and_one_shape() {
    let world = World::new();
    for (format, _) in bodies(&world) {
        for (meant, body) in bodies(&world) {
            let words = statement(2, Some(NOW), format, &body, b"");
            let one_shot = around(&world.device, &world.pgo, &words);
            let error = match format == meant && format < 65_004 && format != 65_001 {
                false => Some(refused(&world, &one_shot)),
                true => {
                    let mut receiver = world.receiver();
                    receiver.attempt(&world.pgo.opener(), TOPIC, Some(NOW), &one_shot, |_| ()).err()
                }
            };
            let expected = match (format, meant) {
                (65_000, 65_000) | (65_003, 65_003) => None,
                // The device is no audience of its own evidence: well-formed, and refused by its rule.
                _ => Some(Error::Rejected),
            };
            assert_eq!(error, expected, "{format} with the body of {meant} in a one-shot envelope");

            let (people, audience) = ascending(&[&world.pgo, &world.gp]);
            let signed = signed_for(&world.device.identity, &audience, TOPIC, &words);
            let group = Group::new(&people, TOPIC).sealed(&group_plaintext(&audience, &signed));
            assert_eq!(refused(&world, &group), Error::Rejected, "{format} in a group");

            let mut inside = Inside::new(&world);
            let bytes = inside.secrets.message(2, TOPIC, &session_plaintext(None, format, &body, b""));
            let mut opens = (format, meant) == (65_001, 65_001);
            assert_eq!(inside.open(&bytes).is_ok(), opens, "{format} with the body of {meant} in a session");
            opens = false;
            let proof = bstr(&signed[signed.len() - 64..]);
            let shown = evidence(&world.device.wire, &audience, TOPIC, &words, &proof);
            assert_eq!(UnverifiedEvidence::parse(&shown).is_ok(), opens, "{format} in evidence");
        }
    }
    // Evidence does open in a one-shot envelope, from him for whom it was meant.
    let (format, body) = bodies(&world).remove(2);
    let handed_on = around(&world.pgo, &world.gp, &statement(2, Some(NOW), format, &body, b""));
    let mut receiver = world.receiver();
    receiver.trust.pin(&world.pgo.card).unwrap();
    let opened = receiver.attempt(&world.gp.opener(), TOPIC, Some(NOW), &handed_on, |_| ());
    assert_eq!(opened, Ok(()));
}

/// What is signed in each of the five contexts, and in those of the encryption, which are signed nowhere.
fn contexts(world: &World) -> Vec<(&'static str, Vec<u8>)> {
    let (sender, me) = (world.device.identity.id(), world.pgo.identity.id());
    let (_, both) = ascending(&[&world.pgo, &world.gp]);
    vec![
        ("statement", statement_context("zegel-statement-1", &sender, &[me], TOPIC)),
        ("group", statement_context("zegel-statement-1", &sender, &both, TOPIC)),
        ("manifest", manifest_context("zegel-manifest-1", &sender, &[me])),
        ("card", card_context()),
        ("pairing", [head(4, 3), tstr("zegel-pairing-1"), bstr(&sender.0), bstr(&me.0)].concat()),
        ("envelope", [head(4, 2), tstr("zegel-envelope-1"), tstr(TOPIC)].concat()),
        ("session", [head(4, 2), tstr("zegel-session-1"), tstr(TOPIC)].concat()),
        ("manifest as statement", statement_context("zegel-manifest-1", &sender, &[me], TOPIC)),
        ("statement as manifest", manifest_context("zegel-statement-1", &sender, &[me])),
        ("manifest for two", manifest_context("zegel-manifest-1", &sender, &both)),
        ("nothing", vec![]),
    ]
}

/// Threat A-14: the device signs what a receiver takes in one place, in the context of every other one.
#[test]
fn a_signature_in_one_context_is_none_in_another() {
    let world = World::new();
    let (device, me) = (&world.device.identity, world.pgo.identity.id());
    let (kid, to) = (device.id().kid().0, world.pgo.keys[0].public());
    let (people, both) = ascending(&[&world.pgo, &world.gp]);
    let words = statement(2, Some(NOW), 42, b"61", b"");
    let leaf = chain::leaf(&device.id(), &me, TOPIC, &words);
    let block = signed_block(2, 1, &leaf);
    let claims = forge::claims(&device.public_key(), &world.device.keys[0].public(), 2, b"");
    let mut tried = 0;
    for (context, external) in contexts(&world) {
        let by = |payload: &[u8]| signature(device, &to_be_signed(&external, payload));
        let one_shot = || {
            let envelope = encrypted(&to, TOPIC, &sign1(&kid, &words, &by(&words)));
            world.receiver().attempt(&world.pgo.opener(), TOPIC, Some(NOW), &envelope, |_| ())
        };
        let group = || {
            let plaintext = group_plaintext(&both, &sign1(&kid, &words, &by(&words)));
            let envelope = Group::new(&people, TOPIC).sealed(&plaintext);
            world.receiver().attempt(&world.pgo.opener(), TOPIC, Some(NOW), &envelope, |_| ())
        };
        let manifest = || {
            let mut inside = Inside::new(&world);
            let body = sign1(&kid, &block, &by(&block));
            let bytes = inside.secrets.message(3, TOPIC, &session_plaintext(None, 65_001, &body, b""));
            inside.open(&bytes).map(|_| ())
        };
        let card =
            || Card::from_bytes(&[head(6, 18), sign1(&kid, &claims, &by(&claims))].concat()).map(|_| ());
        let shown = |audience: &[zegel::Id], proof: &[u8]| {
            let bytes = evidence(&world.device.wire, audience, TOPIC, &words, proof);
            UnverifiedEvidence::parse(&bytes).and_then(UnverifiedEvidence::verify).map(|_| ())
        };
        let alone = || shown(&[me], &bstr(&by(&words)));
        let for_both = || shown(&both, &bstr(&by(&words)));
        let in_block = || shown(&[me], &manifest_proof(2, 1, &[], &by(&block)));
        let targets: [(&str, &str, Result<(), Error>); 7] = [
            ("one-shot", "statement", one_shot()),
            ("group", "group", group()),
            ("manifest", "manifest", manifest()),
            ("card", "card", card()),
            ("evidence", "statement", alone()),
            ("evidence for two", "group", for_both()),
            ("evidence of a block", "manifest", in_block()),
        ];
        for (target, wanted, outcome) in targets {
            let expected = if wanted == context { Ok(()) } else { Err(Error::Rejected) };
            assert_eq!(outcome, expected, "a signature of {context} as {target}");
            tried += 1;
        }
    }
    assert_eq!(tried, 77);
}

/// Threat E-06: what fails under a key of the receiver's has one name, in a group envelope and in a session.
#[test]
fn every_secret_outcome_of_the_new_forms_is_one_error() {
    let world = World::new();
    let (people, audience) = ascending(&[&world.pgo, &world.gp]);
    let group = Group::new(&people, TOPIC);
    let words = |pad: &[u8]| statement(2, Some(NOW), 42, b"61", pad);
    let signed = |audience: &[zegel::Id], topic, words: &[u8]| {
        signed_for(&world.device.identity, audience, topic, words)
    };
    let plain = group_plaintext(&audience, &signed(&audience, TOPIC, &words(b"")));
    let sealed = |plaintext: &[u8]| group.sealed(plaintext);
    let recipient =
        |cek: &[u8; 32]| people.iter().map(|p| Group::recipient(&p.keys[0].public(), cek)).collect();
    let recipients: Vec<_> = recipient(&group.cek);
    let ciphertext = chain::encrypted_with(&group.cek, &group.iv, &group.aad(), &plain);
    let flipped = |at: usize| {
        let mut ciphertext = ciphertext.clone();
        ciphertext[at] ^= 1;
        group.around(&ciphertext, &recipients)
    };
    let low_order: Vec<Vec<u8>> =
        recipients.iter().map(|recipient| [&recipient[..20], &[0; 32], &recipient[52..]].concat()).collect();
    let other = |topic, domain| Group { topic, domain, ..group.clone() }.sealed(&plain);
    let mut causes = vec![
        ("low-order ek", group.around(&ciphertext, &low_order)),
        ("another content key", group.around(&ciphertext, &recipient(&[0x11; 32]))),
        ("no ciphertext", group.around(b"", &recipients)),
        ("a tag alone", group.around(&[0; 16], &recipients)),
        ("ciphertext flipped", flipped(0)),
        ("tag flipped", flipped(ciphertext.len() - 1)),
        ("another topic", other("another", "zegel-envelope-1")),
        ("another domain", other(TOPIC, "zegel-session-1")),
        ("empty plaintext", sealed(b"")),
        ("no CBOR", sealed(b"\xff")),
        ("trailing byte", sealed(&[&plain[..], &[0]].concat())),
        ("a one-shot plaintext", sealed(&signed(&audience, TOPIC, &words(b"")))),
        ("pad", sealed(&group_plaintext(&audience, &signed(&audience, TOPIC, &words(&[1]))))),
        (
            "audience",
            sealed(&group_plaintext(&[audience[1], audience[0]], &signed(&audience, TOPIC, &words(b"")))),
        ),
        (
            "signature for one",
            sealed(&group_plaintext(&audience, &signed(&audience[..1], TOPIC, &words(b"")))),
        ),
        (
            "signature for another topic",
            sealed(&group_plaintext(&audience, &signed(&audience, "x", &words(b"")))),
        ),
        ("signature of zeros", sealed(&[&plain[..plain.len() - 64], &[0; 64]].concat())),
    ];
    assert_eq!(&recipients[0][18..20], b"\x58\x20", "that is where ek stands");
    for (cause, envelope) in causes.drain(..) {
        assert_eq!(refused(&world, &envelope), Error::Rejected, "{cause}");
    }
    assert_eq!(world.receiver().accepts(&world.pgo.opener(), TOPIC, &sealed(&plain)), b"61");

    let mut inside = Inside::new(&world);
    let good = session_plaintext(Some(NOW), 42, b"61", b"");
    let genuine = inside.secrets.message(2, TOPIC, &good);
    let mut last_flipped = genuine.clone();
    *last_flipped.last_mut().unwrap() ^= 1;
    let secrets = &inside.secrets;
    for (cause, bytes) in [
        ("no ciphertext", secrets.around(&[2], b"")),
        ("a tag alone", secrets.around(&[2], &[0; 16])),
        ("tag flipped", last_flipped),
        ("another number", secrets.around(&[3], &genuine[genuine.len() - good.len() - 16..])),
        ("another topic", secrets.message(2, "another", &good)),
        ("another domain", secrets.message_in("zegel-envelope-1", 2, TOPIC, &good)),
        ("beyond the session", secrets.message(2 + 65_536, TOPIC, &good)),
        ("the keyframe's number", secrets.message(0, TOPIC, &good)),
        ("empty plaintext", secrets.message(2, TOPIC, b"")),
        ("no CBOR", secrets.message(2, TOPIC, b"\xff")),
        ("a statement", secrets.message(2, TOPIC, &words(b""))),
        ("trailing byte", secrets.message(2, TOPIC, &[&good[..], &[0]].concat())),
        ("pad", secrets.message(2, TOPIC, &session_plaintext(None, 42, b"61", &[1]))),
        ("reserved", secrets.message(2, TOPIC, &session_plaintext(None, 65_000, &limits(1, 1, 1), b""))),
        ("too late", secrets.message(2, TOPIC, &session_plaintext(Some(NOW + 86_401), 42, b"61", b""))),
        ("no manifest", secrets.message(2, TOPIC, &session_plaintext(None, 65_001, b"61", b""))),
    ] {
        let refused = inside.receiver.refuses(&world.pgo.opener(), TOPIC, Some(NOW), &bytes);
        assert_eq!(refused, Error::Rejected, "{cause}");
    }
    assert!(inside.open(&genuine).is_ok());
}

/// What a forged audience costs nothing to check by hand: its encoding is that of the library.
#[test]
fn what_is_built_by_hand_is_what_the_library_builds() {
    let world = World::new();
    let (_, audience) = ascending(&[&world.pgo, &world.gp, &world.mallory]);
    let stream = zegel::Stream::to_several(world.device.identity.id(), &audience).unwrap();
    use sha2::Digest as _;
    assert_eq!(stream.audience, <[u8; 32]>::from(sha2::Sha256::digest(ids(&audience))));
    let envelope = world.sealed(2, &measurement(b"61"), Padding::None);
    let mut receiver = world.receiver();
    let written = receiver.attempt(&world.pgo.opener(), TOPIC, Some(NOW), &envelope, |opened| {
        (opened.statement().to_vec(), opened.testimony().unwrap().to_vec(&world.device.wire).unwrap())
    });
    let (words, shown) = written.unwrap();
    let person: &Person = &world.pgo;
    let again =
        evidence(&world.device.wire, &[person.identity.id()], TOPIC, &words, &shown[shown.len() - 66..]);
    assert_eq!(shown, again);
}
