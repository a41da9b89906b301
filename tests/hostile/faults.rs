//! Generators, stores and signers that fail (threats C-01, C-03, C-04, E-01 and E-02): no output, a wiped buffer,
//! and no number used twice.

use std::collections::BTreeSet;
use std::ops::Range;

use zegel::{
    Card, CardClaims, Error, Identity, KemKey, MAX_NUMBER, Padding, Sealer, Secret, SequenceStore, Sign,
    Status, Stream, envelope::Envelope, hpke,
};

use super::support::random::{Draws, Script};
use super::support::world::{Counter, NOW, TOPIC, World, measurement};

/// What a failed seal leaves in a buffer that held something else.
fn seal(
    sealer: &mut Sealer<'_, impl SequenceStore, impl Sign>,
    rng: &mut Script,
    body: &[u8],
) -> Result<Vec<u8>, Error> {
    let mut out = vec![0xcc; 600];
    match sealer.seal(TOPIC, &measurement(body), rng, &mut out) {
        Ok(envelope) => Ok(envelope.to_vec()),
        Err(error) => {
            assert!(out.iter().all(|byte| *byte == 0), "the output is wiped on {error}");
            Err(error)
        }
    }
}

#[test]
fn a_generator_that_fails_at_any_draw_seals_nothing() {
    let world = World::new();
    let mut used = BTreeSet::new();
    let mut sealer = Sealer::new(&world.device.identity, &world.pgo.card, None, Counter(0)).unwrap();
    for good in 0..4 {
        let mut rng = Script::failing_after(good);
        while let Ok(envelope) = seal(&mut sealer, &mut rng, b"x") {
            let mut envelope = envelope;
            let looked = world.pgo.opener().look(TOPIC, &mut envelope).unwrap();
            assert!(used.insert(looked.claimed_sequence()), "a number was used twice");
        }
        assert_eq!(seal(&mut sealer, &mut rng, b"x"), Err(Error::Entropy));
    }
    assert_eq!(used.len(), 2, "two draws an envelope");
}

#[test]
fn a_generator_of_zeros_makes_nothing() {
    let world = World::new();
    let mut sealer = Sealer::new(&world.device.identity, &world.pgo.card, None, Counter(0)).unwrap();
    assert_eq!(seal(&mut sealer, &mut Script::constant(0), b"x"), Err(Error::Entropy));
    // The second draw may be the bad one.
    let mut half = Script::new([vec![1; 32], vec![0; 32]]);
    assert_eq!(seal(&mut sealer, &mut half, b"x"), Err(Error::Entropy));
    for rng in [|| Script::constant(0), || Script::failing_after(0)] {
        assert_eq!(Identity::generate(&mut rng()).err(), Some(Error::Entropy));
        assert_eq!(KemKey::generate(&mut rng()).err(), Some(Error::Entropy));
        assert_eq!(Secret::<32>::random(&mut rng()).err(), Some(Error::Entropy));
        let to = world.pgo.keys[0].public();
        assert_eq!(hpke::sender(&to, b"", None, &mut rng()).err(), Some(Error::Entropy));
        let mut out = [0xcc; 512];
        assert_eq!(
            Card::issue(&claims(), &world.device.identity, &mut rng(), &mut out).err(),
            Some(Error::Entropy)
        );
        assert_eq!(out, [0; 512]);
    }
}

fn claims() -> CardClaims<'static> {
    CardClaims { serial: 1, not_before: 0, expires: NOW, label: "", kem_keys: &[], status: Status::Active }
}

/// A stuck generator makes weak keys plain to see, and no key from them.
#[test]
fn a_stuck_generator_makes_no_key() {
    for byte in 0..=255 {
        assert!(matches!(
            Identity::generate(&mut Script::constant(byte)),
            Err(Error::WeakKey | Error::Entropy)
        ));
        assert!(matches!(
            KemKey::generate(&mut Script::constant(byte)),
            Err(Error::WeakKey | Error::Entropy)
        ));
    }
}

/// Threat C-03: the ephemeral key depends on the number and on what is said, not on the generator alone.
#[test]
fn a_constant_generator_repeats_no_ephemeral_key() {
    let world = World::new();
    let mut seen = BTreeSet::new();
    let mut ciphertexts = BTreeSet::new();
    // The same number twice, as after a restored backup, with other and with equal bodies.
    for (first, body) in [(0, &b"one"[..]), (0, b"two"), (1, b"one"), (1, b"two"), (2, b"two")] {
        let mut sealer = Sealer::new(&world.device.identity, &world.pgo.card, None, Counter(first)).unwrap();
        let envelope = seal(&mut sealer, &mut Script::constant(7), body).unwrap();
        let parsed = Envelope::parse(&envelope).unwrap();
        assert!(seen.insert(*parsed.ek()));
        assert!(ciphertexts.insert(parsed.ciphertext()[..16].to_vec()));
    }
    // And so for another topic, recipient and sender.
    let mut at = |from: &Identity, to: &Card, topic: &str| {
        let mut sealer = Sealer::new(from, to, None, Counter(0)).unwrap();
        let envelope = sealer.seal_to_vec(topic, &measurement(b"one"), &mut Script::constant(7)).unwrap();
        assert!(seen.insert(*Envelope::parse(&envelope).unwrap().ek()));
    };
    at(&world.device.identity, &world.pgo.card, "another");
    at(&world.device.identity, &world.gp.card, TOPIC);
    at(&world.mallory.identity, &world.pgo.card, TOPIC);
}

#[test]
fn a_counting_generator_repeats_no_ephemeral_key() {
    let world = World::new();
    let mut sealer = Sealer::new(&world.device.identity, &world.pgo.card, None, Counter(0)).unwrap();
    let mut rng = Script::counting();
    let seen: BTreeSet<[u8; 32]> = (0..50)
        .map(|_| *Envelope::parse(&seal(&mut sealer, &mut rng, b"x").unwrap()).unwrap().ek())
        .collect();
    assert_eq!(seen.len(), 50);
}

#[test]
fn two_signatures_of_one_message_differ() {
    let world = World::new();
    let sign = |noise| world.device.identity.sign(&[b"message"], &Secret::new([noise; 32])).unwrap();
    assert_ne!(sign(1)[..32], sign(2)[..32]);
    assert_ne!(sign(1)[32..], sign(2)[32..]);
}

/// A signer that a fault hits: one bit of each signature is wrong.
struct Faulty<'k>(&'k Identity, usize);

impl Sign for Faulty<'_> {
    fn public_key(&self) -> &[u8; 32] {
        Sign::public_key(self.0)
    }

    fn hedge(&self) -> &Secret<32> {
        self.0.hedge()
    }

    fn sign(&self, message: &[&[u8]], noise: &Secret<32>) -> Result<[u8; 64], Error> {
        let mut signature = self.0.sign(message, noise)?;
        signature[self.1 / 8] ^= 1 << (self.1 % 8);
        Ok(signature)
    }
}

#[test]
fn a_faulty_signature_never_leaves_a_sealer_that_checks_itself() {
    let world = World::new();
    for bit in 0..512 {
        let faulty = Faulty(&world.device.identity, bit);
        let sealer = Sealer::new(&faulty, &world.pgo.card, None, Counter(0)).unwrap();
        let mut sealer = sealer.with_self_check().unwrap();
        assert_eq!(
            seal(&mut sealer, &mut Script::constant(7), b"x"),
            Err(Error::KeyUnavailable),
            "bit {bit}"
        );
    }
    let sealer = Sealer::new(&world.device.identity, &world.pgo.card, None, Counter(0)).unwrap();
    assert!(seal(&mut sealer.with_self_check().unwrap(), &mut Script::constant(7), b"x").is_ok());
}

/// A store that answers by a script.
struct Scripted(Vec<Result<Range<u64>, Error>>);

impl SequenceStore for Scripted {
    fn reserve(&mut self, _: &Stream) -> Result<Range<u64>, Error> {
        if self.0.is_empty() { Err(Error::Storage) } else { self.0.remove(0) }
    }
}

#[test]
fn a_store_that_fails_or_goes_back_seals_nothing() {
    let world = World::new();
    let numbers = |script: Vec<Result<Range<u64>, Error>>| {
        let sealer = Sealer::new(&world.device.identity, &world.pgo.card, None, Scripted(script));
        let mut used = Vec::new();
        let Ok(mut sealer) = sealer else { return used };
        for _ in 0..8 {
            match seal(&mut sealer, &mut Script::constant(7), b"x") {
                Ok(mut envelope) => {
                    let looked = world.pgo.opener().look(TOPIC, &mut envelope).unwrap();
                    used.push(looked.claimed_sequence());
                }
                Err(error) => assert_eq!(error, Error::Storage),
            }
        }
        used
    };
    assert_eq!(numbers(vec![]), []);
    assert_eq!(numbers(vec![Ok(0..2)]), [0, 1]);
    assert_eq!(numbers(vec![Ok(0..2), Err(Error::Storage), Ok(2..4)]), [0, 1, 2, 3]);
    assert_eq!(numbers(vec![Ok(5..7), Ok(5..7), Ok(6..9), Ok(7..8)]), [5, 6, 7]);
    assert_eq!(numbers(vec![Ok(5..5)]), []);
}

#[test]
fn the_last_number_is_the_last() {
    let world = World::new();
    let mut sealer = Sealer::new(&world.device.identity, &world.pgo.card, None, Counter(MAX_NUMBER)).unwrap();
    let mut rng = Script::constant(7);
    assert!(seal(&mut sealer, &mut rng, b"x").is_ok());
    for _ in 0..3 {
        assert_eq!(seal(&mut sealer, &mut rng, b"x"), Err(Error::Exhausted));
    }
}

#[test]
fn a_restored_backup_is_a_conflict() {
    let world = World::new();
    let mut receiver = world.receiver();
    let mut sealer = Sealer::new(&world.device.identity, &world.pgo.card, None, Counter(0)).unwrap();
    let first = sealer.seal_to_vec(TOPIC, &measurement(b"before"), &mut Draws(1)).unwrap();
    receiver.accepts(&world.pgo.opener(), TOPIC, &first);
    let mut restored = Sealer::new(&world.device.identity, &world.pgo.card, None, Counter(0)).unwrap();
    let again = restored.seal_to_vec(TOPIC, &measurement(b"after"), &mut Draws(1)).unwrap();
    assert_eq!(receiver.refuses(&world.pgo.opener(), TOPIC, Some(NOW), &again), Error::Conflict);
    assert_eq!(receiver.refuses(&world.pgo.opener(), TOPIC, Some(NOW), &first), Error::Duplicate);
    // Sealed again, the same statement is the same statement.
    let mut restored = Sealer::new(&world.device.identity, &world.pgo.card, None, Counter(0)).unwrap();
    let same = restored.seal_to_vec(TOPIC, &measurement(b"before"), &mut Draws(2)).unwrap();
    assert_eq!(receiver.refuses(&world.pgo.opener(), TOPIC, Some(NOW), &same), Error::Duplicate);
}

#[test]
fn a_buffer_too_small_by_one_is_wiped() {
    let world = World::new();
    for padding in [Padding::None, Padding::Buckets] {
        let sealer = Sealer::new(&world.device.identity, &world.pgo.card, None, Counter(0)).unwrap();
        let mut sealer = sealer.with_padding(padding);
        let length = sealer.sealed_len(&measurement(b"x")).unwrap();
        for short in [0, 1, length / 2, length - 1] {
            let mut out = vec![0xcc; short];
            let sealed = sealer.seal(TOPIC, &measurement(b"x"), &mut Draws(1), &mut out);
            assert_eq!(sealed.err(), Some(Error::BufferTooSmall));
            assert!(out.iter().all(|byte| *byte == 0));
        }
        let mut out = vec![0xcc; length];
        assert_eq!(sealer.seal(TOPIC, &measurement(b"x"), &mut Draws(1), &mut out).unwrap().len(), length);
    }
}
