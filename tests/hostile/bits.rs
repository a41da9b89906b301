//! Every bit, every length and every byte too many or too few (threats A-09, B-12, C-09 and E-17).

use std::cell::RefCell;
use std::collections::HashMap;

use zegel::{
    Agree, Error, Format, KemKey, KemPublic, Measurement, Opener, Padding, Secret, envelope::Envelope,
};

use super::support::world::{NOW, TOPIC, World};

/// Remembers what each ephemeral key agreed on, since all but 256 flips of an envelope leave it as it is.
struct Remembering<'k> {
    key: &'k KemKey,
    agreed: RefCell<HashMap<[u8; 32], [u8; 32]>>,
}

impl Agree for Remembering<'_> {
    fn public(&self) -> &KemPublic {
        Agree::public(self.key)
    }

    fn agree(&self, peer: &[u8; 32]) -> Result<Secret<32>, Error> {
        if let Some(agreed) = self.agreed.borrow().get(peer) {
            return Ok(Secret::new(*agreed));
        }
        let agreed = self.key.agree(peer)?;
        self.agreed.borrow_mut().insert(*peer, *agreed.expose());
        Ok(agreed)
    }
}

/// Thirty envelopes: bodies around the lengths at which heads grow, padded and not, with and without a time.
fn envelopes(world: &World) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for (i, length) in
        [0, 1, 11, 22, 23, 24, 25, 60, 64, 100, 131, 150, 180, 220, 255].into_iter().enumerate()
    {
        let body: Vec<u8> = (0..length).map(|at| at as u8).collect();
        let time = (i % 3 != 0).then_some(NOW + i as u64);
        let measurement = Measurement { time, format: Format::CBOR, body: &body };
        let sequence = [0, 23, 24, 255, 256][i % 5];
        all.push(world.sealed(sequence, &measurement, Padding::None));
        all.push(world.sealed(sequence, &measurement, Padding::Buckets));
    }
    all
}

/// Runs `attack` over each envelope, and shows after it that the genuine one still opens, once.
fn each(attack: impl Fn(&[u8], &mut dyn FnMut(&[u8]) -> Error)) {
    let world = World::new();
    for envelope in envelopes(&world) {
        let mut receiver = world.receiver();
        let agreed = RefCell::default();
        let keys = [Remembering { key: &world.pgo.keys[0], agreed }];
        let opener = Opener::new(world.pgo.identity.id(), &keys);
        attack(&envelope, &mut |bytes| receiver.refuses(&opener, TOPIC, Some(NOW), bytes));
        receiver.accepts(&opener, TOPIC, &envelope);
        assert_eq!(receiver.refuses(&opener, TOPIC, Some(NOW), &envelope), Error::Duplicate);
    }
}

/// Where kid, ek and ciphertext stand; all the rest is fixed, or a length.
fn class(envelope: &[u8], at: usize) -> Error {
    let ciphertext = envelope.len() - Envelope::parse(envelope).unwrap().ciphertext().len();
    match at {
        10..18 => Error::NotForMe,
        21..53 => Error::Rejected,
        _ if at >= ciphertext => Error::Rejected,
        _ => Error::Malformed,
    }
}

#[test]
fn every_bit_flip_is_refused() {
    each(|envelope, refuses| {
        let mut changed = envelope.to_vec();
        for at in 0..envelope.len() {
            for bit in 0..8 {
                changed[at] ^= 1 << bit;
                assert_eq!(refuses(&changed), class(envelope, at), "bit {bit} of byte {at}");
                changed[at] ^= 1 << bit;
            }
        }
    });
}

#[test]
fn every_bit_of_the_encapsulated_key_counts() {
    let world = World::new();
    let (mut receiver, opener, envelope) = (world.receiver(), world.pgo.opener(), world.envelope());
    for bit in 0..256 {
        let mut changed = envelope.clone();
        changed[21 + bit / 8] ^= 1 << (bit % 8);
        assert_eq!(receiver.refuses(&opener, TOPIC, Some(NOW), &changed), Error::Rejected, "bit {bit}");
    }
    receiver.accepts(&opener, TOPIC, &envelope);
}

#[test]
fn every_truncation_is_refused() {
    each(|envelope, refuses| {
        for length in 0..envelope.len() {
            assert_eq!(refuses(&envelope[..length]), Error::Malformed, "{length} bytes");
            assert_eq!(refuses(&envelope[envelope.len() - length..]), Error::Malformed, "the last {length}");
        }
    });
}

#[test]
fn every_byte_too_few_is_refused() {
    each(|envelope, refuses| {
        for at in 0..envelope.len() {
            let shorter = [&envelope[..at], &envelope[at + 1..]].concat();
            assert_eq!(refuses(&shorter), Error::Malformed, "without byte {at}");
        }
    });
}

#[test]
fn every_byte_too_many_is_refused() {
    each(|envelope, refuses| {
        for at in 0..=envelope.len() {
            let beside = envelope[at.min(envelope.len() - 1)];
            for byte in [0, 0xff, 0x58, 0x5f, beside, beside.wrapping_add(1)] {
                let longer = [&envelope[..at], &[byte], &envelope[at..]].concat();
                // A length that grew with the insertion gives another ciphertext, and that one is rejected.
                let error = refuses(&longer);
                assert!(matches!(error, Error::Malformed | Error::Rejected), "{byte:02x} at {at}: {error}");
            }
        }
    });
}

#[test]
fn what_follows_an_envelope_is_refused() {
    each(|envelope, refuses| {
        for more in 1..=64 {
            let longer = [envelope, &vec![0; more]].concat();
            assert_eq!(refuses(&longer), Error::Malformed, "{more} bytes more");
        }
        assert_eq!(refuses(&[envelope, envelope].concat()), Error::Malformed, "two envelopes");
    });
}
