//! A man in the middle of a pairing, who owns the broker (threats D-01, D-02, D-03, A-14 and E-17): without the code he
//! can do nothing but drop, and with it he can take the scanner's place in time, under his own name, and no other's.
//! After whatever he tries the honest run completes, and nobody has a key of his.

use zegel::pairing::{MAX_MESSAGE, PairingCode, Reply, Scanner, Shower};
use zegel::{Card, CardClaims, Error, Identity, Secret, Sign, Status};

use super::support::forge::{
    around, card_context, head, other_heads, sign1, signature, statement, statement_context, to_be_signed,
};
use super::support::parley::{
    self, Other, Read, Waiting, answer, before, card_plaintext, completes, confirm, finish, honest, message,
    proof, proof_plaintext, reply, transcripts,
};
use super::support::random::{Draws, Script};
use super::support::world::{NOW, Person, TOPIC, World, card_of, measurement};

/// Shows each of these to the state that waits for message `step`, then lets the honest run complete.
#[track_caller]
fn refused(world: &World, step: usize, now: Option<u64>, attacks: impl FnOnce(&Read, &[Vec<u8>]) -> Attacks) {
    let (shower, scanner) = (&world.pgo, &world.device);
    let (mut waiting, other, read, messages) = before(step, shower, scanner, 77);
    for (what, bytes, error) in attacks(&read, &messages) {
        let (state, found) = waiting.refuses(now, &bytes);
        assert_eq!(found, error, "{what}, to who waits for message {step}");
        waiting = state;
    }
    completes(waiting, other, &messages, shower, scanner);
}

/// What is shown, in words, and the error that it has to get.
type Attacks = Vec<(String, Vec<u8>, Error)>;

const STEPS: [usize; 4] = [1, 2, 3, 4];

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
    let (shown, scanned, read) = parley::code(&world.pgo, 1);
    let shower = Shower::new(shown, &world.pgo.identity, &world.pgo.wire, None).unwrap();
    let mut out = [0; MAX_MESSAGE];
    let (scanner, _) =
        Scanner::new(scanned, &world.device.identity, &world.device.wire, None, &mut out).unwrap();
    let topic = |direction| format!("zegel/pair/{}/{direction}", super::support::hex(&read.id));
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
            let (kid, mark) = (&genuine[parley::kid(genuine)], &genuine[parley::partial_iv(genuine)]);
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
                let their_mark = &whole[parley::partial_iv(whole)];
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
                let renumbered = [&[step as u8], &earlier[parley::partial_iv(earlier)][1..]].concat();
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
            for short in 0..16 {
                let cut = message(kid, mark, &ciphertext[..short]);
                attacks.push((format!("{short} bytes of text"), cut, Error::Rejected));
            }
            assert_eq!(kid, read.id);
            attacks
        });
    }
}

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
                [head(4, 1), super::support::forge::tstr("zegel-pairing-1")].concat(),
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
    let as_proof = signature(device, &to_be_signed(&parley::pairing_context(device, pgo), &payload));
    let inner = sign1(&device.id().kid().0, &payload, &as_proof);
    let envelope = super::support::forge::encrypted(&world.pgo.keys[0].public(), TOPIC, &inner);
    let error = world.receiver().refuses(&world.pgo.opener(), TOPIC, Some(NOW), &envelope);
    assert_eq!(error, Error::Rejected);
    assert_eq!(
        world.receiver().accepts(&world.pgo.opener(), TOPIC, &around(&world.device, &world.pgo, &payload)),
        b"61"
    );
    let claims = super::support::forge::claims(&device.public_key(), &world.device.keys[0].public(), 2, b"");
    let as_proof = signature(device, &to_be_signed(&parley::pairing_context(device, pgo), &claims));
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
    let end = NOW + parley::LIFETIME;
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
        let (shown, scanned, _) = parley::code(&world.pgo, 7);
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

/// What nobody can prevent who has shown his code to the wrong eyes, and what he then sees.
#[test]
fn who_reads_the_code_in_time_takes_the_scanners_place_under_his_own_name() {
    let world = World::new();
    let (shown, scanned, read) = parley::code(&world.pgo, 7);
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

/// Faults of this end's own: no output, a wiped buffer, and a state that completes with a better generator.
#[test]
fn a_generator_or_signer_that_fails_sends_nothing() {
    let world = World::new();
    for step in [2, 3] {
        for rng in [|| Script::failing_after(0), || Script::constant(0)] {
            let (waiting, other, _, messages) = before(step, &world.pgo, &world.device, 77);
            let (mut message, mut out) = (messages[step - 1].clone(), [0xcc; MAX_MESSAGE]);
            let (waiting, error) = match waiting {
                Waiting::Scanner(state) => {
                    let refused = state.confirm(&mut message, Some(NOW), &mut rng(), &mut out).unwrap_err();
                    (Waiting::Scanner(refused.state), refused.error)
                }
                Waiting::Answered(state) => {
                    let refused = state.reply(&mut message, Some(NOW), &mut rng(), &mut out).unwrap_err();
                    (Waiting::Answered(refused.state), refused.error)
                }
                _ => panic!(),
            };
            assert_eq!((error, out), (Error::Entropy, [0; MAX_MESSAGE]));
            assert!(message.iter().all(|byte| *byte == 0));
            completes(waiting, other, &messages, &world.pgo, &world.device);
        }
    }
    for rng in [|| Script::failing_after(0), || Script::constant(0)] {
        let drawn = PairingCode::draw(&world.pgo.identity.id(), None, 0, &mut rng());
        assert_eq!(drawn.err(), Some(Error::Entropy));
    }
    let stuck = PairingCode::draw(&world.pgo.identity.id(), None, 0, &mut Script::constant(7));
    assert_eq!(stuck.err(), Some(Error::WeakKey));
}

/// A key in hardware that a fault hits, or that does not answer.
struct Hardware<'k>(&'k Identity, Option<usize>);

impl Sign for Hardware<'_> {
    fn public_key(&self) -> &[u8; 32] {
        Sign::public_key(self.0)
    }

    fn hedge(&self) -> &Secret<32> {
        self.0.hedge()
    }

    fn sign(&self, message: &[&[u8]], noise: &Secret<32>) -> Result<[u8; 64], Error> {
        let bit = self.1.ok_or(Error::KeyUnavailable)?;
        let mut signature = self.0.sign(message, noise)?;
        if bit < 512 {
            signature[bit / 8] ^= 1 << (bit % 8);
        }
        Ok(signature)
    }
}

#[test]
fn a_faulty_signature_never_leaves_and_a_good_key_in_hardware_pairs() {
    let world = World::new();
    for fault in [None, Some(0), Some(255), Some(256), Some(511), Some(512)] {
        let key = Hardware(&world.device.identity, fault);
        let key: &dyn Sign = &key;
        let (shown, scanned, _) = parley::code(&world.pgo, 7);
        let mut out = [0; MAX_MESSAGE];
        let (scanner, one) = Scanner::new(scanned, key, &world.device.wire, Some(NOW), &mut out).unwrap();
        let shower = Shower::new(shown, &world.pgo.identity, &world.pgo.wire, Some(NOW)).unwrap();
        let (answered, two) = answer(shower, one);
        let mut out = [0xcc; MAX_MESSAGE];
        let confirmed = scanner.confirm(&mut two.clone(), Some(NOW), &mut Draws(1), &mut out);
        if fault == Some(512) {
            let (confirming, three) = confirmed.unwrap();
            let (_, four) = reply(answered, three);
            assert_eq!(confirming.finish(&mut four.clone(), None).unwrap().partner().label(), "PGO");
        } else {
            assert_eq!(confirmed.unwrap_err().error, Error::KeyUnavailable);
            assert_eq!(out, [0; MAX_MESSAGE]);
        }
    }
}

#[test]
fn a_buffer_too_small_by_one_sends_nothing() {
    let world = World::new();
    let run = honest(&world.pgo, &world.device, 77);
    let [one, two, three, four] = &run.messages;
    let (shown, scanned, _) = parley::code(&world.pgo, 77);
    let mut short = vec![0xcc; one.len() - 1];
    let begun = Scanner::new(scanned, &world.device.identity, &world.device.wire, Some(NOW), &mut short);
    assert_eq!(begun.err(), Some(Error::BufferTooSmall));
    assert!(short.iter().all(|byte| *byte == 0));

    let shower = Shower::new(shown, &world.pgo.identity, &world.pgo.wire, Some(NOW)).unwrap();
    let mut short = vec![0xcc; two.len() - 1];
    let refused = shower.answer(&mut one.clone(), Some(NOW), &mut short).unwrap_err();
    assert_eq!(refused.error, Error::BufferTooSmall);
    assert!(short.iter().all(|byte| *byte == 0));
    let (answered, _) = answer(refused.state, one);
    for _ in 0..2 {
        let mut short = vec![0xcc; four.len() - 1];
        let (waiting, other, _, messages) = before(3, &world.pgo, &world.device, 77);
        let Waiting::Answered(state) = waiting else { panic!() };
        let refused =
            state.reply(&mut messages[2].clone(), Some(NOW), &mut Draws(1), &mut short).unwrap_err();
        assert_eq!(refused.error, Error::BufferTooSmall);
        assert!(short.iter().all(|byte| *byte == 0));
        completes(Waiting::Answered(refused.state), other, &messages, &world.pgo, &world.device);
    }
    drop(answered);
    let (waiting, other, _, messages) = before(2, &world.pgo, &world.device, 77);
    let Waiting::Scanner(state) = waiting else { panic!() };
    let mut short = vec![0xcc; three.len() - 1];
    let refused = state.confirm(&mut messages[1].clone(), Some(NOW), &mut Draws(1), &mut short).unwrap_err();
    assert_eq!(refused.error, Error::BufferTooSmall);
    assert!(short.iter().all(|byte| *byte == 0));
    completes(Waiting::Scanner(refused.state), other, &messages, &world.pgo, &world.device);
}

/// What an end brings itself has to be its own, and good.
#[test]
fn an_end_begins_with_its_own_code_card_and_identity() {
    let world = World::new();
    let begin = |person: &Person, card: &[u8]| {
        let (shown, scanned, _) = parley::code(&world.pgo, 7);
        let mut out = [0xcc; MAX_MESSAGE];
        let scanner = Scanner::new(scanned, &person.identity, card, Some(NOW), &mut out).err();
        assert!(scanner.is_none() || out == [0; MAX_MESSAGE]);
        (Shower::new(shown, &person.identity, card, Some(NOW)).err(), scanner)
    };
    let (pgo, device) = (&world.pgo, &world.device);
    assert_eq!(begin(pgo, &pgo.wire), (None, Some(Error::Rejected)), "one's own code is not for scanning");
    assert_eq!(begin(device, &device.wire), (Some(Error::Rejected), None), "nor another's for showing");
    let both = |error| (Some(error), Some(error));
    assert_eq!(begin(pgo, &device.wire), both(Error::KeyUnavailable));
    assert_eq!(begin(pgo, &pgo.wire[1..]), both(Error::Malformed));
    let ended = CardClaims { status: Status::Withdrawn, ..claims() };
    let ended = Card::issue_to_vec(&ended, &pgo.identity, &mut Draws(1)).unwrap();
    assert_eq!(begin(pgo, &ended), both(Error::Revoked));
    let expired = CardClaims { expires: NOW - 1, ..claims() };
    let expired = Card::issue_to_vec(&expired, &pgo.identity, &mut Draws(1)).unwrap();
    assert_eq!(begin(pgo, &expired), both(Error::Expired));
}

/// A scanner that begins again with the same code says the same words in the same bytes, and others under another
/// nonce, so that no nonce is used for two (promise 7 of SPEC §15).
#[test]
fn an_end_that_begins_again_uses_no_nonce_for_two_messages() {
    let world = World::new();
    let newer = card_of(&world.device.identity, &[], 9, "device, anew");
    let mut seen = std::collections::BTreeMap::new();
    for round in 0..40 {
        let (shown, scanned, _) = parley::code(&world.pgo, 7);
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
            let nonce = message[parley::partial_iv(&message)].to_vec();
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
    let store = super::support::world::Counter(0);
    let mut sealer = zegel::Sealer::new(&world.device.identity, shower.partner(), Some(NOW), store).unwrap();
    let envelope = sealer.seal_to_vec(TOPIC, &measurement(b"61"), &mut Draws(1)).unwrap();
    let mut receiver = super::support::world::Receiver::default();
    receiver.trust.pin(scanner.partner()).unwrap();
    assert_eq!(receiver.accepts(&world.pgo.opener(), TOPIC, &envelope), b"61");
    assert_eq!(format!("{scanner:?}"), format!("Paired({})", world.device.card.id()));
}
