//! A man in the middle of a pairing, who owns the broker and has not read the code (threats D-01, D-03 and E-17): he can
//! do nothing but drop. After whatever he tries the honest run completes, and nobody has a key of his.

use zegel::Error;
use zegel::pairing::{MAX_MESSAGE, PairingCode, Reply, Scanner, Shower};

use super::support::ends::{
    Attacks, LIFETIME, Other, STEPS, Waiting, answer, before, code, completes, finish, honest, refused,
};
use super::support::forge::other_heads;
use super::support::hex;
use super::support::parley::{self, KID, PARTIAL_IV, card_plaintext, message, proof_plaintext, transcripts};
use super::support::random::{Draws, Script};
use super::support::world::{Counter, NOW, Receiver, TOPIC, World, card_of, measurement};

#[test]
fn either_end_may_show_the_code() {
    let world = World::new();
    honest(&world.pgo, &world.device, 1);
    honest(&world.device, &world.pgo, 1);
}

#[test]
fn an_end_writes_what_the_spec_says() {
    let world = World::new();
    let run = honest(&world.pgo, &world.device, 1);
    let [one, two, three, four] = &run.messages;
    let after = transcripts(&[one, two, three]);
    let said = [
        card_plaintext(&world.device.wire, None),
        card_plaintext(&world.pgo.wire, Some(&after[0])),
        proof_plaintext(&after[1], &run.read.open(three)[37..]),
        proof_plaintext(&after[2], &run.read.open(four)[37..]),
    ];
    for (step, (message, said)) in (1..).zip(run.messages.iter().zip(said)) {
        assert_eq!(run.read.open(message), said, "message {step}");
        assert_eq!(run.read.seal(step, &said), *message, "message {step}");
        assert!(message.len() <= MAX_MESSAGE);
    }
    let (shown, scanned, read) = code(&world.pgo, 1);
    let shower = Shower::new(shown, &world.pgo.identity, &world.pgo.wire, None).unwrap();
    let mut out = [0; MAX_MESSAGE];
    let (scanner, _) =
        Scanner::new(scanned, &world.device.identity, &world.device.wire, None, &mut out).unwrap();
    let topic = |direction| format!("zegel/pair/{}/{direction}", hex(&read.id));
    assert_eq!((shower.listens_on(), shower.speaks_on()), (scanner.speaks_on(), scanner.listens_on()));
    assert_eq!(shower.listens_on().as_str(), topic(1));
    assert_eq!(shower.speaks_on().as_str(), topic(2));
}

/// Without the secret: every byte of every part is the sender's, or the message is nothing.
#[test]
fn without_the_code_no_bit_can_be_changed() {
    let world = World::new();
    for step in STEPS {
        refused(&world, step, Some(NOW), |_, messages| {
            let genuine = messages.last().unwrap();
            let mut attacks = Attacks::new();
            for bit in 0..genuine.len() * 8 {
                let mut changed = genuine.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                // All but the mark and the ciphertext is for everybody to see.
                let sealed =
                    (21..27).contains(&(bit / 8)) || parley::ciphertext(genuine).contains(&(bit / 8));
                // Who waits for message 3 still knows message 1, and this is another one.
                let known = step == 3 && changed[20] == 1;
                let error = if sealed || known { Error::Rejected } else { Error::Malformed };
                attacks.push((format!("bit {bit}"), changed, error));
            }
            for length in 0..genuine.len() {
                attacks.push((format!("{length} bytes"), genuine[..length].to_vec(), Error::Malformed));
            }
            for more in [&b"\0"[..], b"\xff", genuine] {
                attacks.push(("trailing bytes".into(), [genuine, more].concat(), Error::Malformed));
            }
            for other in other_heads(genuine) {
                attacks.push((format!("{other:02x?}"), other, Error::Malformed));
            }
            attacks.push(("1 MiB".into(), vec![0xd0; 1 << 20], Error::Malformed));
            attacks
        });
    }
}

#[test]
fn without_the_code_no_field_can_be_swapped() {
    let world = World::new();
    let elsewhere = honest(&world.pgo, &world.device, 5);
    let mallorys = honest(&world.mallory, &world.device, 6);
    for step in STEPS {
        refused(&world, step, Some(NOW), |read, messages| {
            let genuine = messages.last().unwrap();
            let (kid, mark) = (&genuine[KID], &genuine[PARTIAL_IV]);
            let ciphertext = &genuine[parley::ciphertext(genuine)];
            let mut attacks = Attacks::new();
            for number in (0..=255).filter(|number| usize::from(*number) != step) {
                let other = [&[number], &mark[1..]].concat();
                let error = if (step, number) == (3, 1) { Error::Rejected } else { Error::Malformed };
                attacks.push((format!("step {number}"), message(kid, &other, ciphertext), error));
            }
            for (what, other) in [("another pairing", &elsewhere), ("Mallory's pairing", &mallorys)] {
                let whole = &other.messages[step - 1];
                attacks.push((what.into(), whole.clone(), Error::Malformed));
                let theirs = &whole[parley::ciphertext(whole)];
                let their_mark = &whole[PARTIAL_IV];
                attacks.push((format!("{what}, renamed"), message(kid, their_mark, theirs), Error::Rejected));
                attacks.push((format!("{what}'s text"), message(kid, mark, theirs), Error::Rejected));
                attacks.push((
                    format!("{what}'s mark"),
                    message(kid, their_mark, ciphertext),
                    Error::Rejected,
                ));
            }
            // Reflected, replayed, reordered, and each of these under the number that is waited for.
            for (at, earlier) in messages.iter().enumerate().filter(|(at, _)| at + 1 != step) {
                let renumbered = [&[step as u8], &earlier[PARTIAL_IV][1..]].concat();
                let text = &earlier[parley::ciphertext(earlier)];
                let what = format!("message {}", at + 1);
                attacks.push((
                    format!("{what}, renumbered"),
                    message(kid, &renumbered, text),
                    Error::Rejected,
                ));
                match (step, at + 1) {
                    (3, 1) => {} // answered again, which is no attack
                    (4, 2) => attacks.push((what, earlier.clone(), Error::Duplicate)),
                    _ => attacks.push((what, earlier.clone(), Error::Malformed)),
                }
            }
            for later in step + 1..=4 {
                let later = &honest(&world.pgo, &world.device, 77).messages[later - 1];
                attacks.push(("a later message".into(), later.clone(), Error::Malformed));
            }
            let long = vec![7; MAX_MESSAGE];
            attacks.push(("a longer text".into(), message(kid, mark, &long), Error::Malformed));
            attacks.push(("a longer text, sealed".into(), read.seal(step as u8, &long), Error::Malformed));
            for short in 0..16 {
                let cut = message(kid, mark, &ciphertext[..short]);
                attacks.push((format!("{short} bytes of text"), cut, Error::Rejected));
            }
            assert_eq!(kid, read.id);
            attacks
        });
    }
}

#[test]
fn messages_that_come_again_stop_nothing() {
    let world = World::new();
    let (waiting, other, _, messages) = before(3, &world.pgo, &world.device, 77);
    let Waiting::Answered(mut answered) = waiting else { panic!() };
    for _ in 0..3 {
        let (mut out, mut rng) = ([0; MAX_MESSAGE], Script::new([]));
        match answered.reply(&mut messages[0].clone(), Some(NOW), &mut rng, &mut out).unwrap() {
            Reply::Again(state, again) => {
                assert_eq!(again, messages[1], "the same message gets the same answer");
                answered = state;
            }
            Reply::Paired(..) => panic!("message 1 pairs nobody"),
        }
    }
    completes(Waiting::Answered(answered), other, &messages, &world.pgo, &world.device);
}

/// Threat D-03: who has the code too late, or second, gets nothing.
#[test]
fn a_code_serves_one_scanner_and_no_other() {
    let world = World::new();
    let forged = card_of(&world.device.identity, &[], 9, "device, anew");
    refused(&world, 3, Some(NOW), |read, _| {
        vec![
            ("Mallory".into(), read.seal(1, &card_plaintext(&world.mallory.wire, None)), Error::CodeUsed),
            ("the GP".into(), read.seal(1, &card_plaintext(&world.gp.wire, None)), Error::CodeUsed),
            ("a newer card".into(), read.seal(1, &card_plaintext(&forged, None)), Error::CodeUsed),
            ("anything".into(), read.seal(1, b"anything"), Error::CodeUsed),
            // Without the code that alarm does not ring.
            ("noise".into(), message(&read.id, &[1; 7], &[7; 300]), Error::Rejected),
        ]
    });
}

#[test]
fn a_code_that_has_run_out_serves_nobody() {
    let world = World::new();
    let end = NOW + LIFETIME;
    for step in STEPS {
        for late in [end + 1, u64::MAX] {
            refused(&world, step, Some(late), |read, messages| {
                let mut attacks = vec![("too late".into(), messages.last().unwrap().clone(), Error::Expired)];
                attacks.push(("noise".into(), vec![7; 300], Error::Malformed));
                let mallory = read.seal(step as u8, &card_plaintext(&world.mallory.wire, None));
                attacks.push(("Mallory, too late".into(), mallory, Error::Expired));
                attacks
            });
        }
    }
    let begin = |now| {
        let (shown, scanned, _) = code(&world.pgo, 7);
        let shower = Shower::new(shown, &world.pgo.identity, &world.pgo.wire, now).err();
        let mut out = [0xcc; MAX_MESSAGE];
        let scanner = Scanner::new(scanned, &world.device.identity, &world.device.wire, now, &mut out).err();
        assert!(scanner.is_none() || out == [0; MAX_MESSAGE]);
        assert_eq!(shower, scanner);
        scanner
    };
    assert_eq!(begin(Some(end)), None);
    assert_eq!(begin(Some(end + 1)), Some(Error::Expired));
    assert_eq!(begin(Some(end - 86_401)), Some(Error::TooLarge));
    assert_eq!(begin(None), None);
}

/// An end without a clock, and a shower without one, whose code names no end.
#[test]
fn a_clock_is_not_needed() {
    let world = World::new();
    let code = PairingCode::draw(&world.device.identity.id(), None, 600, &mut Draws(3)).unwrap();
    assert_eq!(code.expires(), None);
    let scanned = PairingCode::parse(&code.to_text()).unwrap();
    let mut out = [[0; MAX_MESSAGE]; 4];
    let [one, two, three, four] = &mut out;
    let shower = Shower::new(code, &world.device.identity, &world.device.wire, None).unwrap();
    let (scanner, message) =
        Scanner::new(scanned, &world.pgo.identity, &world.pgo.wire, Some(NOW), one).unwrap();
    let (answered, message) = shower.answer(&mut message.to_vec(), None, two).unwrap();
    let (confirming, message) =
        scanner.confirm(&mut message.to_vec(), Some(NOW), &mut Draws(1), three).unwrap();
    let Reply::Paired(paired, message) =
        answered.reply(&mut message.to_vec(), None, &mut Draws(2), four).unwrap()
    else {
        panic!()
    };
    assert_eq!(paired.partner().id(), world.pgo.card.id());
    assert_eq!(finish(confirming, message).partner().label(), "device");
    for (now, lifetime, error) in [
        (Some(NOW), 86_401, Error::TooLarge),
        (None, 86_401, Error::TooLarge),
        (Some(u64::MAX), 600, Error::TooLarge),
        (Some(1 << 40), 600, Error::TooLarge),
    ] {
        let drawn = PairingCode::draw(&world.device.identity.id(), now, lifetime, &mut Draws(3));
        assert_eq!(drawn.err(), Some(error));
    }
}

/// A scanner that begins again with the same code says the same words in the same bytes, and others under another
/// nonce, so that no nonce is used for two (promise 7 of SPEC §15).
#[test]
fn an_end_that_begins_again_uses_no_nonce_for_two_messages() {
    let world = World::new();
    let newer = card_of(&world.device.identity, &[], 9, "device, anew");
    let mut seen = std::collections::BTreeMap::new();
    for round in 0..40 {
        let (shown, scanned, _) = code(&world.pgo, 7);
        let card = if round % 2 == 0 { &world.device.wire } else { &newer };
        let mut out = [0; MAX_MESSAGE];
        let (scanner, one) =
            Scanner::new(scanned, &world.device.identity, card, Some(NOW), &mut out).unwrap();
        let shower = Shower::new(shown, &world.pgo.identity, &world.pgo.wire, Some(NOW)).unwrap();
        let one = one.to_vec();
        let (_, two) = answer(shower, &one);
        let mut out = [0; MAX_MESSAGE];
        let (_, three) = scanner.confirm(&mut two.clone(), Some(NOW), &mut Draws(round), &mut out).unwrap();
        for message in [one, two, three.to_vec()] {
            let nonce = message[PARTIAL_IV].to_vec();
            let first = seen.entry(nonce).or_insert_with(|| message.clone());
            assert_eq!(*first, message);
        }
    }
    assert_eq!(seen.len(), 2 + 2 + 40);
}

/// A paired device seals, and its partner opens, with what the pairing gave them.
#[test]
fn what_a_pairing_gives_is_enough_to_seal_and_open() {
    let world = World::new();
    let (waiting, other, _, messages) = before(4, &world.pgo, &world.device, 3);
    let (Waiting::Confirming(confirming), Other::Paired(scanner)) = (waiting, other) else { panic!() };
    let shower = finish(confirming, &messages[3]);
    let store = Counter(0);
    let mut sealer = zegel::Sealer::new(&world.device.identity, shower.partner(), Some(NOW), store).unwrap();
    let envelope = sealer.seal_to_vec(TOPIC, &measurement(b"61"), &mut Draws(1)).unwrap();
    let mut receiver = Receiver::default();
    receiver.trust.pin(scanner.partner()).unwrap();
    assert_eq!(receiver.accepts(&world.pgo.opener(), TOPIC, &envelope), b"61");
    assert_eq!(format!("{scanner:?}"), format!("Paired({})", world.device.card.id()));
}
