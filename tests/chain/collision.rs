//! One ciphertext that two keys open (threat A-10): ChaCha20-Poly1305 does not commit to its key, and here is the
//! attack. A sender gives one content key to the GP and another to the PGO; tag and ciphertext hold under both.
//!
//! SPEC §4.6 has no commitment against it, and needs none. What the ciphertext holds under either key has to be
//! `[audience, COSE_Sign1]` with a signature over all of its statement. The two blocks that make the tags equal depend
//! on every other block, the signature included, and there is no byte in a plaintext that is neither signed, nor
//! fixed, nor the signature itself: whoever solves for them has changed what was signed, and would have to sign again.
//! Beyond that the second plaintext is the first one xor two key streams: that it begins with the same hundred fixed
//! bytes is a matter of 2^800 attempts. And if it could be done, both contents would be signed, which
//! `two_contents_under_one_number_are_two_signatures` shows to be provable.

use zegel::Error;

use super::support::chain::{Group, ascending, decrypted_with, encrypted_with, group_plaintext, signed_for};
use super::support::forge::statement;
use super::support::random::Draws;
use super::support::world::{NOW, TOPIC, World};

/// A number modulo 2^130 - 5, in five limbs of 26 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Number([u64; 5]);

impl Number {
    const ONE: Self = Self([1, 0, 0, 0, 0]);

    /// `low + high * 2^128`.
    fn new(low: u128, high: u64) -> Self {
        let limb = |at: u32| (low >> at) as u64 & MASK;
        Self([limb(0), limb(26), limb(52), limb(78), limb(104) | high << 24]).reduced()
    }

    /// The number below 2^128, and what is above.
    fn parts(self) -> (u128, u64) {
        let limbs = self.0.iter().zip([0, 26, 52, 78]);
        let low = limbs.fold(0, |sum, (limb, at)| sum | u128::from(*limb) << at);
        (low | u128::from(self.0[4] & 0xff_ffff) << 104, self.0[4] >> 24)
    }

    /// One form for one number.
    fn reduced(mut self) -> Self {
        for _ in 0..3 {
            let mut carry = 0;
            for limb in &mut self.0 {
                *limb += carry;
                (*limb, carry) = (*limb & MASK, *limb >> 26);
            }
            self.0[0] += carry * 5;
        }
        let prime = [MASK - 4, MASK, MASK, MASK, MASK];
        if self.0 == prime || self.0[0] >= prime[0] && self.0[1..] == prime[1..] {
            self.0 = [self.0[0] - prime[0], 0, 0, 0, 0];
        }
        self
    }

    fn plus(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] + other.0[i])).reduced()
    }

    fn minus(self, other: Self) -> Self {
        let twice = [2 * (MASK - 4), 2 * MASK, 2 * MASK, 2 * MASK, 2 * MASK];
        Self(std::array::from_fn(|i| self.0[i] + twice[i] - other.0[i])).reduced()
    }

    fn times(self, other: Self) -> Self {
        let mut product = [0; 5];
        for (i, a) in self.0.iter().enumerate() {
            for (j, b) in other.0.iter().enumerate() {
                product[(i + j) % 5] += a * b * if i + j < 5 { 1 } else { 5 };
            }
        }
        Self(product).reduced()
    }

    fn power(self, exponent: u64) -> Self {
        (0..exponent).fold(Self::ONE, |product, _| product.times(self))
    }

    /// The power of 2^130 - 7, which has all bits but two.
    fn inverse(self) -> Self {
        (0..130).rev().fold(Self::ONE, |product, bit| {
            let squared = product.times(product);
            if bit == 1 || bit == 2 { squared } else { squared.times(self) }
        })
    }
}

const MASK: u64 = (1 << 26) - 1;

/// One block of ChaCha20 (RFC 8439 §2.3).
fn chacha20(key: &[u8; 32], counter: u32, nonce: &[u8; 12]) -> [u8; 64] {
    let words = |bytes: &[u8]| -> Vec<u32> {
        bytes.chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect()
    };
    let start = [words(b"expand 32-byte k"), words(key), vec![counter], words(nonce)].concat();
    let mut x = start.clone();
    let mut quarter = |a: usize, b: usize, c: usize, d: usize| {
        for (p, q, r, by) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
            x[p] = x[p].wrapping_add(x[q]);
            x[r] = (x[r] ^ x[p]).rotate_left(by);
        }
    };
    for _ in 0..10 {
        (0..4).for_each(|i| quarter(i, 4 + i, 8 + i, 12 + i));
        (0..4).for_each(|i| quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4));
    }
    let bytes = x.iter().zip(&start).flat_map(|(x, start)| x.wrapping_add(*start).to_le_bytes());
    bytes.collect::<Vec<_>>().try_into().unwrap()
}

/// The authenticator of one key: its point, and what is added at the end (RFC 8439 §2.5, §2.6).
fn authenticator(key: &[u8; 32], nonce: &[u8; 12]) -> (Number, u128) {
    let block = chacha20(key, 0, nonce);
    let half = |at: usize| u128::from_le_bytes(block[at..at + 16].try_into().unwrap());
    (Number::new(half(0) & 0x0fff_fffc_0fff_fffc_0fff_fffc_0fff_ffff, 0), half(16))
}

/// The blocks that Poly1305 reads, as numbers (RFC 8439 §2.8).
fn blocks(aad: &[u8], ciphertext: &[u8]) -> Vec<Number> {
    let padded = |bytes: &[u8]| {
        let zeros = bytes.len().next_multiple_of(16) - bytes.len();
        [bytes, &vec![0; zeros]].concat()
    };
    let lengths = [(aad.len() as u64).to_le_bytes(), (ciphertext.len() as u64).to_le_bytes()].concat();
    let all = [padded(aad), padded(ciphertext), lengths].concat();
    all.chunks(16).map(|block| Number::new(u128::from_le_bytes(block.try_into().unwrap()), 1)).collect()
}

/// Changes two blocks of `ciphertext`, those at `free`, so that one tag holds under both keys, and appends it.
fn collide(keys: [&[u8; 32]; 2], nonce: &[u8; 12], aad: &[u8], ciphertext: &mut Vec<u8>, free: [usize; 2]) {
    let first = aad.len().div_ceil(16);
    for at in free {
        ciphertext[at * 16..at * 16 + 16].fill(0);
    }
    let mut numbers = blocks(aad, ciphertext);
    free.iter().for_each(|at| numbers[first + at] = Number::new(0, 0));
    let ends = keys.map(|key| authenticator(key, nonce));
    let mut draws = Draws(0xc0111de);
    loop {
        let tag = u128::from(draws.next()) << 64 | u128::from(draws.next());
        // For each key: point^a * x + point^b * y = tag - end - all other blocks.
        let equation = |(point, end): (Number, u128)| {
            let rest = numbers.iter().fold(Number::new(0, 0), |sum, block| sum.plus(*block).times(point));
            let power = |at: usize| point.power((numbers.len() - first - at) as u64);
            (power(free[0]), power(free[1]), Number::new(tag.wrapping_sub(end), 0).minus(rest))
        };
        let ((a, b, e), (c, d, f)) = (equation(ends[0]), equation(ends[1]));
        let determinant = a.times(d).minus(b.times(c)).inverse();
        let x = e.times(d).minus(b.times(f)).times(determinant);
        let y = a.times(f).minus(e.times(c)).times(determinant);
        // A block of 16 bytes has the number 2^128 and its content: one solution in sixteen has two such.
        if let ((x, 1), (y, 1)) = (x.parts(), y.parts()) {
            for (at, block) in free.into_iter().zip([x, y]) {
                ciphertext[at * 16..at * 16 + 16].copy_from_slice(&block.to_le_bytes());
            }
            ciphertext.extend_from_slice(&tag.to_le_bytes());
            return;
        }
    }
}

#[test]
fn a_ciphertext_that_two_keys_open_is_rejected_under_both() {
    let world = World::new();
    let (people, audience) = ascending(&[&world.gp, &world.pgo]);
    let (first, group) = (people[0], Group::new(&people, TOPIC));
    let (one, other) = ([0xa1; 32], [0xb2; 32]);
    // A genuine plaintext for the first key; the free blocks lie in its body.
    let words = statement(0, Some(NOW), 42, &[b'6'; 80], b"");
    let plaintext = group_plaintext(&audience, &signed_for(&world.device.identity, &audience, TOPIC, &words));
    let mut ciphertext = encrypted_with(&one, &group.iv, &group.aad(), &plaintext);
    ciphertext.truncate(plaintext.len());
    let body = plaintext.windows(16).position(|window| window == [b'6'; 16]).unwrap().div_ceil(16);
    collide([&one, &other], &group.iv, &group.aad(), &mut ciphertext, [body, body + 2]);

    let opened = [&one, &other].map(|key| decrypted_with(key, &group.iv, &group.aad(), &ciphertext));
    let [Some(under_one), Some(under_other)] = opened else { panic!("the ciphertext opens under both keys") };
    assert_ne!(under_one, under_other);
    // The first is what was written but for the two blocks, so that its shape is right, and its signature is not.
    let changed = under_one.iter().zip(&plaintext).filter(|(a, b)| a != b).count();
    assert!((1..=32).contains(&changed));

    let keys = [one, other];
    let recipients: Vec<_> = group.to.iter().zip(&keys).map(|(to, cek)| Group::recipient(to, cek)).collect();
    let envelope = group.around(&ciphertext, &recipients);
    for person in &people {
        let refused = world.receiver().refuses(&person.opener(), TOPIC, Some(NOW), &envelope);
        assert_eq!(refused, Error::Rejected);
    }
    // Without the change the first recipient opens what was signed.
    let ciphertext = encrypted_with(&one, &group.iv, &group.aad(), &plaintext);
    let envelope = group.around(&ciphertext, &recipients);
    assert_eq!(world.receiver().accepts(&first.opener(), TOPIC, &envelope), [b'6'; 80]);
}
