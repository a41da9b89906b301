//! What can go wrong at an end of a pairing by itself (threats E-01, E-02 and E-17): nothing leaves, and the same state
//! completes when the trouble is over.

use zegel::pairing::{MAX_MESSAGE, PairingCode, Scanner, Shower};
use zegel::{Card, CardClaims, Error, Identity, Secret, Sign, Status};

use super::support::ends::{Waiting, answer, before, code, completes, honest, reply};
use super::support::random::{Draws, Script};
use super::support::world::{NOW, Person, World};

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
        let (shown, scanned, _) = code(&world.pgo, 7);
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
    let (shown, scanned, _) = code(&world.pgo, 77);
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
        let (shown, scanned, _) = code(&world.pgo, 7);
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
