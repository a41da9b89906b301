//! Somebody who has read the code (threats D-01, D-03 and A-14): in time he can take the scanner's place, under his own
//! name, and speak for nobody else.

use zegel::pairing::{MAX_MESSAGE, Scanner, Shower};
use zegel::{Card, CardClaims, Error, Status};

use super::support::ends::{Attacks, Waiting, answer, before, code, confirm, honest, refused, reply};
use super::support::forge::{
    self, around, card_context, encrypted, head, other_heads, sign1, signature, statement, statement_context,
    to_be_signed, tstr,
};
use super::support::parley::{Read, card_plaintext, pairing_context, proof, proof_plaintext, transcripts};
use super::support::random::Draws;
use super::support::world::{NOW, TOPIC, World};

/// With the secret he can encrypt whatever he likes, and still speaks for nobody but himself.
#[test]
fn with_the_code_nobody_elses_card_can_be_presented() {
    let world = World::new();
    let device = &world.device.identity;
    let withdrawn = CardClaims {
        serial: 2,
        not_before: 0,
        expires: NOW * 2,
        label: "",
        kem_keys: &[],
        status: Status::Withdrawn,
    };
    let withdrawn = Card::issue_to_vec(&withdrawn, device, &mut Draws(1)).unwrap();
    let expired = CardClaims { status: Status::Active, expires: NOW - 1, ..claims() };
    let expired = Card::issue_to_vec(&expired, device, &mut Draws(1)).unwrap();
    let early = CardClaims { not_before: NOW + 1, ..claims() };
    let early = Card::issue_to_vec(&early, device, &mut Draws(1)).unwrap();
    let mut forged = world.device.wire.clone();
    *forged.last_mut().unwrap() ^= 1;
    let cards = [
        ("no card", Vec::new(), Error::Malformed),
        ("a cut card", world.device.wire[1..].to_vec(), Error::Malformed),
        ("a forged card", forged, Error::Rejected),
        ("a withdrawn card", withdrawn, Error::Revoked),
        ("an expired card", expired, Error::Expired),
        ("a card that begins later", early, Error::NotYetValid),
    ];
    refused(&world, 1, Some(NOW), |read, _| {
        let mut attacks = Attacks::new();
        for (what, card, error) in cards.iter().cloned() {
            attacks.push((what.into(), read.seal(1, &card_plaintext(&card, None)), error));
        }
        let own = read.seal(1, &card_plaintext(&world.pgo.wire, None));
        attacks.push(("the shower's own card".into(), own, Error::Rejected));
        attacks.extend(shapes(read, 1, &card_plaintext(&world.mallory.wire, None)));
        attacks
    });
    refused(&world, 2, Some(NOW), |read, messages| {
        let after = transcripts(&[&messages[0]]);
        let mut attacks = Attacks::new();
        let mut two = |what: &str, card: &[u8], answers: &[u8], error| {
            attacks.push((what.into(), read.seal(2, &card_plaintext(card, Some(answers))), error));
        };
        two("Mallory's card", &world.mallory.wire, &after[0], Error::Rejected);
        two("the scanner's own card", &world.device.wire, &after[0], Error::Rejected);
        two("an answer to something else", &world.pgo.wire, &[0; 32], Error::Rejected);
        two("half an answer", &world.pgo.wire, &after[0][..31], Error::Rejected);
        for (what, card, error) in cards.iter().cloned() {
            two(what, &card, &after[0], error);
        }
        attacks.extend(shapes(read, 2, &card_plaintext(&world.mallory.wire, Some(&after[0]))));
        attacks
    });
}

fn claims() -> CardClaims<'static> {
    CardClaims {
        serial: 2,
        not_before: 0,
        expires: NOW + 1,
        label: "",
        kem_keys: &[],
        status: Status::Active,
    }
}

/// Plaintexts of any other shape, each encrypted as it should be.
fn shapes(read: &Read, step: u8, genuine: &[u8]) -> Attacks {
    let cut = (0..genuine.len()).map(|length| genuine[..length].to_vec());
    let more = [[genuine, b"\0"].concat(), [b"\x83", &genuine[1..], b"\0"].concat(), vec![0x80], Vec::new()];
    let other = cut.chain(more).chain(other_heads(genuine));
    other.map(|said| ("another shape".into(), read.seal(step, &said), Error::Rejected)).collect()
}

/// Threat A-14 and D-01: who presents a card has to hold its key, and say so to this partner, in this pairing.
#[test]
fn with_the_code_nobody_else_can_sign() {
    let world = World::new();
    let (pgo, device, mallory) = (&world.pgo.identity, &world.device.identity, &world.mallory.identity);
    let elsewhere = honest(&world.pgo, &world.device, 5);
    let turned = honest(&world.device, &world.pgo, 5);
    for step in [3, 4] {
        let (speaker, listener) = if step == 3 { (device, pgo) } else { (pgo, device) };
        refused(&world, step, Some(NOW), |read, messages| {
            let before: Vec<&[u8]> = messages[..step - 1].iter().map(Vec::as_slice).collect();
            let after = transcripts(&before);
            let now = *after.last().unwrap();
            let number = step as u8;
            let mut attacks = Attacks::new();
            let mut signed = |what: &str, transcript: &[u8], signature: &[u8]| {
                let bytes = read.seal(number, &proof_plaintext(transcript, signature));
                attacks.push((what.into(), bytes, Error::Rejected));
            };
            signed("Mallory as the speaker", &now, &proof(mallory, speaker, listener, &now));
            signed("Mallory as himself", &now, &proof(mallory, mallory, listener, &now));
            signed("the listener's own", &now, &proof(listener, listener, speaker, &now));
            signed("the listener as the speaker", &now, &proof(listener, speaker, listener, &now));
            signed("to somebody else", &now, &proof(speaker, speaker, mallory, &now));
            signed("turned around", &now, &proof(speaker, listener, speaker, &now));
            signed("another transcript", &[9; 32], &proof(speaker, speaker, listener, &[9; 32]));
            signed("for another transcript", &now, &proof(speaker, speaker, listener, &[9; 32]));
            signed("beside another transcript", &[9; 32], &proof(speaker, speaker, listener, &now));
            signed("no signature", &now, &[0; 64]);
            signed("half a signature", &now, &[1; 63]);
            for earlier in &after[..after.len() - 1] {
                signed("an earlier transcript", earlier, &proof(speaker, speaker, listener, earlier));
            }
            for (what, other) in [("another pairing", &elsewhere), ("a pairing the other way", &turned)] {
                for message in &other.messages[2..] {
                    let said = other.read.open(message);
                    signed(what, &said[3..35], &said[37..]);
                    signed(what, &now, &said[37..]);
                }
            }
            // What the speaker has signed for other purposes, and what it signs over the same bytes.
            for context in [
                statement_context(&speaker.id().0, &listener.id().0, TOPIC),
                card_context(),
                Vec::new(),
                [head(4, 1), tstr("zegel-pairing-1")].concat(),
            ] {
                signed("of another kind", &now, &signature(speaker, &to_be_signed(&context, &now)));
            }
            signed("the bare transcript", &now, &signature(speaker, &now));
            let genuine = read.open(messages.last().unwrap());
            attacks.extend(shapes(read, number, &genuine));
            attacks
        });
    }
}

/// The other way of threat A-14: what is signed in a pairing is neither a statement nor a card.
#[test]
fn a_proof_is_neither_a_statement_nor_a_card() {
    let world = World::new();
    let (pgo, device) = (&world.pgo.identity, &world.device.identity);
    let payload = statement(0, Some(NOW), 42, b"61", b"");
    let as_proof = signature(device, &to_be_signed(&pairing_context(device, pgo), &payload));
    let inner = sign1(&device.id().kid().0, &payload, &as_proof);
    let envelope = encrypted(&world.pgo.keys[0].public(), TOPIC, &inner);
    let error = world.receiver().refuses(&world.pgo.opener(), TOPIC, Some(NOW), &envelope);
    assert_eq!(error, Error::Rejected);
    assert_eq!(
        world.receiver().accepts(&world.pgo.opener(), TOPIC, &around(&world.device, &world.pgo, &payload)),
        b"61"
    );
    let claims = forge::claims(&device.public_key(), &world.device.keys[0].public(), 2, b"");
    let as_proof = signature(device, &to_be_signed(&pairing_context(device, pgo), &claims));
    let card = [head(6, 18), sign1(&device.id().kid().0, &claims, &as_proof)].concat();
    assert_eq!(Card::from_bytes(&card).err(), Some(Error::Rejected));
}

/// Two pairings at once: what is said in one means nothing in the other, to whoever encrypts it anew.
#[test]
fn two_pairings_do_not_mix() {
    let world = World::new();
    let other = honest(&world.pgo, &world.device, 5);
    for step in [2, 3, 4] {
        refused(&world, step, Some(NOW), |read, _| {
            let said = other.read.open(&other.messages[step - 1]);
            vec![("the other pairing's words".into(), read.seal(step as u8, &said), Error::Rejected)]
        });
    }
    // Message 1 says the same in both: here is my card.
    let (waiting, _, read, _) = before(1, &world.pgo, &world.device, 77);
    let Waiting::Shower(shower) = waiting else { panic!() };
    answer(shower, &read.seal(1, &other.read.open(&other.messages[0])));
}

/// What nobody can prevent who has shown his code to the wrong eyes, and what he then sees.
#[test]
fn who_reads_the_code_in_time_takes_the_scanners_place_under_his_own_name() {
    let world = World::new();
    let (shown, scanned, read) = code(&world.pgo, 7);
    let mut out = [0; MAX_MESSAGE];
    let (scanner, one) =
        Scanner::new(scanned, &world.device.identity, &world.device.wire, Some(NOW), &mut out).unwrap();
    let one = one.to_vec();
    let shower = Shower::new(shown, &world.pgo.identity, &world.pgo.wire, Some(NOW)).unwrap();

    let mine = read.seal(1, &card_plaintext(&world.mallory.wire, None));
    let (answered, two) = answer(shower, &mine);
    let (state, error) = Waiting::Answered(answered).refuses(Some(NOW), &one);
    assert_eq!(error, Error::CodeUsed, "the real scanner gets no answer");
    let (state_of_scanner, error) = Waiting::Scanner(scanner).refuses(Some(NOW), &two);
    assert_eq!(error, Error::Rejected, "the answer to Mallory is none to the scanner");
    let after = transcripts(&[&mine, &two]);
    let three = proof_plaintext(
        &after[1],
        &proof(&world.mallory.identity, &world.mallory.identity, &world.pgo.identity, &after[1]),
    );
    let Waiting::Answered(answered) = state else { panic!() };
    let (paired, four) = reply(answered, &read.seal(3, &three));
    assert_eq!(paired.partner().label(), "Mallory", "and the shower sees whom it has");

    // He goes on as the shower towards the scanner: his card is not the one in the code.
    let after = transcripts(&[&one]);
    let mut state = state_of_scanner;
    for card in [&world.mallory.wire, &world.gp.wire] {
        let two = read.seal(2, &card_plaintext(card, Some(&after[0])));
        let (next, error) = state.refuses(Some(NOW), &two);
        assert_eq!(error, Error::Rejected);
        state = next;
    }
    // The shower's own card he can present, for it is public. He cannot sign as the shower.
    let two = read.seal(2, &card_plaintext(&world.pgo.wire, Some(&after[0])));
    let Waiting::Scanner(scanner) = state else { panic!() };
    let (confirming, three) = confirm(scanner, &two);
    let after = transcripts(&[&one, &two, &three]);
    let mut state = Waiting::Confirming(confirming);
    for signer in [&world.mallory.identity, &world.gp.identity, &world.device.identity] {
        let said = proof_plaintext(
            &after[2],
            &proof(signer, &world.pgo.identity, &world.device.identity, &after[2]),
        );
        let (next, error) = state.refuses(Some(NOW), &read.seal(4, &said));
        assert_eq!(error, Error::Rejected);
        state = next;
    }
    let (_, error) = state.refuses(Some(NOW), &four);
    assert_eq!(error, Error::Rejected, "and what the shower signed for him is for him");
}
