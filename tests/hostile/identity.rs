//! Who said it, to whom, and where: what a broker, a stranger, another sender and another recipient can make of a
//! captured envelope (threats, D-08 and D-12).

use curve25519_dalek::constants::EIGHT_TORSION;
use zegel::{Agree, Card, CardClaims, Error, KemKey, KemPublic, Opener, Status, envelope::Envelope};

use super::support::forge::{
    self, card_context, encrypted, encrypted_as, head, outer, sign1, signature, signed, statement,
    statement_context, to_be_signed, tstr,
};
use super::support::world::{NOW, Person, TOPIC, World};

fn refused(world: &World, envelope: &[u8]) -> Error {
    world.receiver().refuses(&world.pgo.opener(), TOPIC, Some(NOW), envelope)
}

fn payload() -> Vec<u8> {
    statement(0, Some(NOW), 42, b"61 beat/min", b"")
}

#[test]
fn another_topic_is_rejected() {
    let world = World::new();
    let envelope = world.envelope();
    for topic in ["zegel/7f3a/2", "zegel/7f3a/1/", "zegel/7f3a", "Zegel/7f3a/1", "/zegel/7f3a/1"] {
        let error = world.receiver().refuses(&world.pgo.opener(), topic, Some(NOW), &envelope);
        assert_eq!(error, Error::Rejected, "{topic}");
    }
    // Encrypted for this topic by somebody who knows the statement of another one.
    let spliced = signed(&world.device, &world.pgo, "zegel/7f3a/2", &payload());
    let envelope = encrypted(&world.pgo.keys[0].public(), TOPIC, &spliced);
    assert_eq!(refused(&world, &envelope), Error::Rejected);
}

#[test]
fn a_recipient_cannot_pass_a_statement_on_as_meant_for_another() {
    let world = World::new();
    let inner = signed(&world.device, &world.pgo, TOPIC, &payload());
    let resealed = encrypted(&world.gp.keys[0].public(), TOPIC, &inner);
    let error = world.receiver().refuses(&world.gp.opener(), TOPIC, Some(NOW), &resealed);
    assert_eq!(error, Error::Rejected);
    // To him for whom it was signed the same bytes open.
    let resealed = encrypted(&world.pgo.keys[0].public(), TOPIC, &inner);
    world.receiver().accepts(&world.pgo.opener(), TOPIC, &resealed);
    // A key of the PGO in the GP's hands does not make the GP the audience.
    let opener = Opener::new(world.gp.identity.id(), &world.pgo.keys);
    assert_eq!(world.receiver().refuses(&opener, TOPIC, Some(NOW), &resealed), Error::Rejected);
}

#[test]
fn a_retargeted_envelope_is_refused() {
    let world = World::new();
    let envelope = world.envelope();
    let parsed = Envelope::parse(&envelope).unwrap();
    let to_gp = outer(&world.gp.keys[0].public().kid().0, parsed.ek(), parsed.ciphertext());
    assert_eq!(refused(&world, &to_gp), Error::NotForMe);
    assert_eq!(world.receiver().refuses(&world.gp.opener(), TOPIC, Some(NOW), &to_gp), Error::Rejected);
    assert_eq!(world.receiver().refuses(&world.gp.opener(), TOPIC, Some(NOW), &envelope), Error::NotForMe);
}

#[test]
fn swapped_encapsulated_keys_and_ciphertexts_are_rejected() {
    let world = World::new();
    let one = world.envelope();
    let other = world.sealed(1, &super::support::world::measurement(b"62 beat/min"), zegel::Padding::None);
    let (a, b) = (Envelope::parse(&one).unwrap(), Envelope::parse(&other).unwrap());
    let kid = a.claimed_recipient().0;
    assert_eq!(refused(&world, &outer(&kid, b.ek(), a.ciphertext())), Error::Rejected);
    assert_eq!(refused(&world, &outer(&kid, a.ek(), b.ciphertext())), Error::Rejected);
    assert_eq!(
        refused(&world, &outer(&kid, world.mallory.keys[0].public().as_bytes(), a.ciphertext())),
        Error::Rejected
    );
}

#[test]
fn low_order_encapsulated_keys_are_rejected() {
    let world = World::new();
    let envelope = world.envelope();
    let parsed = Envelope::parse(&envelope).unwrap();
    for ek in low_order() {
        assert_eq!(
            refused(&world, &outer(&parsed.claimed_recipient().0, &ek, parsed.ciphertext())),
            Error::Rejected
        );
        assert_eq!(KemPublic::from_bytes(ek).err(), Some(Error::WeakKey));
    }
}

/// Every encoding of a point of low order, the unreduced ones and those with the unused bit set included.
fn low_order() -> Vec<[u8; 32]> {
    let mut prime = [0xff; 32];
    (prime[0], prime[31]) = (0xed, 0x7f);
    let mut next = prime;
    next[0] = 0xee;
    let points = EIGHT_TORSION.iter().map(|point| point.to_montgomery().to_bytes()).chain([prime, next]);
    points
        .flat_map(|point| {
            [0, 0x80].map(|bit| {
                let mut p = point;
                p[31] |= bit;
                p
            })
        })
        .collect()
}

#[test]
fn a_signature_by_another_key_is_rejected() {
    let world = World::new();
    let context = statement_context(&world.device.identity.id().0, &world.pgo.identity.id().0, TOPIC);
    let kid = world.device.identity.id().kid().0;
    // Mallory signs as the device: over the device's context and over his own.
    let own = statement_context(&world.mallory.identity.id().0, &world.pgo.identity.id().0, TOPIC);
    for context in [context, own] {
        let signature = signature(&world.mallory.identity, &to_be_signed(&context, &payload()));
        let envelope = encrypted(&world.pgo.keys[0].public(), TOPIC, &sign1(&kid, &payload(), &signature));
        assert_eq!(refused(&world, &envelope), Error::Rejected);
    }
}

#[test]
fn a_stripped_signature_cannot_be_replaced_by_another_trusted_senders_name() {
    let world = World::new();
    let genuine = signed(&world.device, &world.pgo, TOPIC, &payload());
    let signature: [u8; 64] = genuine[genuine.len() - 64..].try_into().unwrap();
    let renamed = sign1(&world.mallory.identity.id().kid().0, &payload(), &signature);
    let envelope = encrypted(&world.pgo.keys[0].public(), TOPIC, &renamed);
    assert_eq!(refused(&world, &envelope), Error::Rejected);
    // What he can do is to say the same in his own name; the result names him.
    let mut own = forge::around(&world.mallory, &world.pgo, &payload());
    let mut receiver = world.receiver();
    let opened = world.pgo.opener().open(&mut receiver, TOPIC, Some(NOW), &mut own).unwrap();
    assert_eq!(*opened.sender(), world.mallory.identity.id());
}

#[test]
fn a_stolen_recipient_key_speaks_for_no_device() {
    let world = World::new();
    // The thief has the PGO's whole key material, and signs with its identity as the device.
    let kid = world.device.identity.id().kid().0;
    let context = statement_context(&world.device.identity.id().0, &world.pgo.identity.id().0, TOPIC);
    let by_pgo = signature(&world.pgo.identity, &to_be_signed(&context, &payload()));
    let envelope = encrypted(&world.pgo.keys[0].public(), TOPIC, &sign1(&kid, &payload(), &by_pgo));
    assert_eq!(refused(&world, &envelope), Error::Rejected);
}

#[test]
fn a_signature_of_one_kind_is_none_of_another() {
    let world = World::new();
    let (device, kid) = (&world.device.identity, world.device.identity.id().kid().0);
    let audience = world.pgo.identity.id().0;
    let statement_1 = statement_context(&device.id().0, &audience, TOPIC);
    let mut wrong = vec![card_context(), vec![], statement_1[1..].to_vec()];
    wrong.push([head(4, 4), tstr("zegel-statement-2"), statement_1[19..].to_vec()].concat());
    wrong.push([head(4, 2), tstr("zegel-envelope-1"), tstr(TOPIC)].concat());
    for context in wrong {
        let signature = signature(device, &to_be_signed(&context, &payload()));
        let envelope = encrypted(&world.pgo.keys[0].public(), TOPIC, &sign1(&kid, &payload(), &signature));
        assert_eq!(refused(&world, &envelope), Error::Rejected);
    }
    let plain = encrypted(
        &world.pgo.keys[0].public(),
        TOPIC,
        &sign1(&kid, &payload(), &signature(device, &payload())),
    );
    assert_eq!(refused(&world, &plain), Error::Rejected);
    // And the other way: a card signed as a statement.
    let claims = forge::claims(&device_key(&world.device), &world.device.keys[0].public(), 2, b"");
    let as_statement = signature(device, &to_be_signed(&statement_1, &claims));
    let card = [head(6, 18), sign1(&kid, &claims, &as_statement)].concat();
    assert_eq!(Card::from_bytes(&card).err(), Some(Error::Rejected));
}

fn device_key(person: &Person) -> [u8; 32] {
    person.identity.public_key()
}

#[test]
fn another_suite_or_context_is_rejected() {
    let world = World::new();
    let (to, inner) = (world.pgo.keys[0].public(), signed(&world.device, &world.pgo, TOPIC, &payload()));
    for (info, domain) in [
        (&b"zegel-0"[..], "zegel-envelope-1"),
        (b"zegel-2", "zegel-envelope-1"),
        (b"", "zegel-envelope-1"),
        (b"zegel-1", "zegel-envelope-0"),
        (b"zegel-1", ""),
    ] {
        assert_eq!(refused(&world, &encrypted_as(&to, info, domain, TOPIC, &inner)), Error::Rejected);
    }
}

#[test]
fn a_stranger_gets_unknown_sender_and_no_plaintext() {
    let world = World::new();
    let stranger = Person::new(77, "stranger");
    let envelope = forge::around(&stranger, &world.pgo, &payload());
    assert_eq!(refused(&world, &envelope), Error::UnknownSender);
}

#[test]
fn a_revoked_or_expired_sender_is_refused_for_good() {
    let world = World::new();
    let envelope = world.envelope();
    let (opener, mut receiver) = (world.pgo.opener(), world.receiver());
    assert_eq!(receiver.refuses(&opener, TOPIC, Some(NOW + 1001), &envelope), Error::Expired);
    assert_eq!(receiver.refuses(&opener, TOPIC, Some(NOW - 1001), &envelope), Error::NotYetValid);
    assert_eq!(receiver.refuses(&opener, TOPIC, Some(0), &envelope), Error::NotYetValid);
    assert_eq!(receiver.refuses(&opener, TOPIC, Some(u64::MAX), &envelope), Error::Expired);
    receiver.trust.revoke(&world.device.identity.id()).unwrap();
    assert_eq!(receiver.refuses(&opener, TOPIC, Some(NOW), &envelope), Error::Revoked);
    assert_eq!(receiver.refuses(&opener, TOPIC, None, &envelope), Error::Revoked);
    assert_eq!(receiver.trust.pin(&world.device.card), Ok(zegel::Succession::Same));
    assert_eq!(receiver.refuses(&opener, TOPIC, None, &envelope), Error::Revoked);
}

#[test]
fn a_withdrawn_card_ends_its_sender() {
    let world = World::new();
    let claims = CardClaims {
        serial: 2,
        not_before: 0,
        expires: u64::MAX >> 11,
        label: "",
        kem_keys: &[],
        status: Status::Withdrawn,
    };
    let bytes =
        Card::issue_to_vec(&claims, &world.device.identity, &mut super::support::random::Draws(2)).unwrap();
    let mut receiver = world.receiver();
    receiver.trust.pin(&Card::from_bytes(&bytes).unwrap()).unwrap();
    assert_eq!(receiver.refuses(&world.pgo.opener(), TOPIC, Some(NOW), &world.envelope()), Error::Revoked);
}

/// One word for every outcome that depends on a secret (threat E-06).
#[test]
fn twenty_causes_give_one_error() {
    let world = World::new();
    let (to, kid) = (world.pgo.keys[0].public(), world.device.identity.id().kid().0);
    let genuine = world.envelope();
    let parsed = Envelope::parse(&genuine).unwrap();
    let (ek, ciphertext) = (*parsed.ek(), parsed.ciphertext());
    let inner = signed(&world.device, &world.pgo, TOPIC, &payload());
    let sealed = |plaintext: &[u8]| encrypted(&to, TOPIC, plaintext);
    let around = |payload: &[u8]| forge::around(&world.device, &world.pgo, payload);
    let flipped = |at: usize| {
        let mut ciphertext = ciphertext.to_vec();
        ciphertext[at] ^= 1;
        outer(&to.kid().0, &ek, &ciphertext)
    };
    let causes = [
        ("low-order ek", outer(&to.kid().0, &[0; 32], ciphertext)),
        ("another ek", outer(&to.kid().0, to.as_bytes(), ciphertext)),
        ("no ciphertext", outer(&to.kid().0, &ek, b"")),
        ("shorter than a tag", outer(&to.kid().0, &ek, &[0; 15])),
        ("tag alone", outer(&to.kid().0, &ek, &[0; 16])),
        ("ciphertext flipped", flipped(0)),
        ("tag flipped", flipped(ciphertext.len() - 1)),
        ("another topic", encrypted(&to, "another", &inner)),
        ("another info", encrypted_as(&to, b"", "zegel-envelope-1", TOPIC, &inner)),
        ("empty plaintext", sealed(b"")),
        ("no CBOR", sealed(b"\xff")),
        ("inner shape", sealed(&inner[..inner.len() - 1])),
        ("trailing byte", sealed(&[&inner[..], &[0]].concat())),
        ("statement shape", around(b"\x80")),
        ("statement sequence", around(&statement(1 << 53, None, 42, b"", b""))),
        ("statement format", around(&statement(0, None, 65_535, b"", b""))),
        ("pad", around(&statement(0, None, 42, b"", &[1]))),
        ("signature of zeros", sealed(&sign1(&kid, &payload(), &[0; 64]))),
        ("signature with S above L", sealed(&sign1(&kid, &payload(), &[0xff; 64]))),
        ("signature for another audience", sealed(&signed(&world.device, &world.gp, TOPIC, &payload()))),
        ("signature for another topic", sealed(&signed(&world.device, &world.pgo, "another", &payload()))),
        (
            "signature by another sender",
            sealed(&{
                let mallory = signed(&world.mallory, &world.pgo, TOPIC, &payload());
                sign1(&kid, &payload(), &mallory[mallory.len() - 64..])
            }),
        ),
    ];
    assert!(causes.len() >= 20);
    for (cause, envelope) in causes {
        assert_eq!(refused(&world, &envelope), Error::Rejected, "{cause}");
    }
}

#[test]
fn an_old_kem_key_opens_until_it_is_erased() {
    let world = World::new();
    let new = KemKey::generate(&mut super::support::random::Draws(8)).unwrap();
    let both: [&dyn Agree; 2] = [&new, &world.pgo.keys[0]];
    let opener = Opener::new(world.pgo.identity.id(), &both);
    world.receiver().accepts(&opener, TOPIC, &world.envelope());
    let opener = Opener::new(world.pgo.identity.id(), &both[..1]);
    assert_eq!(world.receiver().refuses(&opener, TOPIC, Some(NOW), &world.envelope()), Error::NotForMe);
}
