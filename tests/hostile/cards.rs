//! The same for cards: every bit, every length, every other encoding, and keys that nobody may have
//! (threats, B-01 to B-12, D-04 and D-06).

use curve25519_dalek::constants::EIGHT_TORSION;
use zegel::{Card, Error, Identity, KemKey, KemPublic, Secret};

use super::support::forge::{
    self, card, card_context, claims, head, heads, other_heads, sign1, signature, to_be_signed,
};
use super::support::world::{World, card_of};

fn refused(bytes: &[u8]) -> Error {
    Card::from_bytes(bytes).err().unwrap_or_else(|| panic!("accepted {bytes:02x?}"))
}

#[test]
fn every_bit_flip_of_a_card_is_refused() {
    let world = World::new();
    let wire = &world.pgo.wire;
    for at in 0..wire.len() {
        for bit in 0..8 {
            let mut changed = wire.clone();
            changed[at] ^= 1 << bit;
            let error = refused(&changed);
            assert!(
                matches!(error, Error::Malformed | Error::Rejected | Error::WeakKey),
                "{at}.{bit}: {error}"
            );
            if at >= wire.len() - 64 {
                assert_eq!(error, Error::Rejected, "a signature is right or rejected");
            }
        }
    }
    assert!(Card::from_bytes(wire).is_ok());
}

#[test]
fn every_other_length_of_a_card_is_malformed() {
    let world = World::new();
    let wire = &world.pgo.wire;
    for length in 0..wire.len() {
        assert_eq!(refused(&wire[..length]), Error::Malformed);
        assert_eq!(refused(&[&wire[..length], &wire[length + 1..]].concat()), Error::Malformed);
    }
    for more in 1..=64 {
        assert_eq!(refused(&[&wire[..], &vec![0; more]].concat()), Error::Malformed);
    }
    assert_eq!(refused(&[&wire[..], wire].concat()), Error::Malformed);
}

#[test]
fn every_other_encoding_of_a_card_is_malformed() {
    let world = World::new();
    let (identity, kem) = (&world.pgo.identity, world.pgo.keys[0].public());
    let claims = claims(&identity.public_key(), &kem, 300, b"PGO");
    assert!(Card::from_bytes(&card(identity, &claims)).is_ok(), "what is built by hand holds");
    for variant in other_heads(&card(identity, &claims)) {
        assert_eq!(refused(&variant), Error::Malformed);
    }
    // Here the signature holds over the very bytes that are refused.
    for variant in other_heads(&claims) {
        assert_eq!(refused(&card(identity, &variant)), Error::Malformed);
    }
    for tag in (0..=0xffff).filter(|tag| *tag != 18) {
        let changed = [&head(6, tag)[..], &world.pgo.wire[1..]].concat();
        assert_eq!(refused(&changed), Error::Malformed);
    }
    assert_eq!(refused(&world.pgo.wire[1..]), Error::Malformed, "untagged");
}

#[test]
fn labels_are_text_without_controls() {
    let world = World::new();
    let (identity, kem) = (&world.pgo.identity, world.pgo.keys[0].public());
    let of = |label: &[u8]| card(identity, &claims(&identity.public_key(), &kem, 1, label));
    for label in [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"a\0", b"a\nb", b"\x7f", b"\xc2\x85", &[b'a'; 65]]
    {
        assert_eq!(refused(&of(label)), Error::Malformed, "{label:02x?}");
    }
    for label in ["", "PGO", "huisarts é", &"a".repeat(64)] {
        assert_eq!(Card::from_bytes(&of(label.as_bytes())).unwrap().label(), label);
    }
}

#[test]
fn a_card_of_somebody_elses_key_is_rejected() {
    let world = World::new();
    let (victim, mallory) = (&world.device.identity, &world.mallory.identity);
    let kem = world.mallory.keys[0].public();
    let claims = claims(&victim.public_key(), &kem, 9, b"device");
    let by_mallory = signature(mallory, &to_be_signed(&card_context(), &claims));
    let named = |kid: &[u8]| [head(6, 18), sign1(kid, &claims, &by_mallory)].concat();
    assert_eq!(refused(&named(&victim.id().kid().0)), Error::Rejected);
    assert_eq!(refused(&named(&mallory.id().kid().0)), Error::Malformed);
    assert_eq!(refused(&card(mallory, &claims)), Error::Malformed);
}

#[test]
fn a_card_with_a_weak_key_is_refused() {
    let world = World::new();
    let (identity, kem) = (&world.pgo.identity, world.pgo.keys[0].public());
    let genuine = claims(&identity.public_key(), &kem, 1, b"");
    let with = |old: &[u8; 32], new: &[u8; 32]| {
        let at = genuine.windows(32).position(|window| window == old).unwrap();
        [&genuine[..at], new, &genuine[at + 32..]].concat()
    };
    for point in EIGHT_TORSION {
        let point = point.compress().to_bytes();
        let claims = with(&identity.public_key(), &point);
        let kid = zegel::Id::of(&point).kid().0;
        let card = [head(6, 18), sign1(&kid, &claims, &[0; 64])].concat();
        assert_eq!(refused(&card), Error::WeakKey);
    }
    for point in EIGHT_TORSION {
        let claims = with(kem.as_bytes(), &point.to_montgomery().to_bytes());
        assert_eq!(refused(&card(identity, &claims)), Error::WeakKey);
    }
    let mut unreduced = *kem.as_bytes();
    unreduced[31] |= 0x80;
    assert_eq!(refused(&card(identity, &with(kem.as_bytes(), &unreduced))), Error::WeakKey);
}

#[test]
fn uniform_and_published_keys_are_refused() {
    for byte in 0..=255 {
        let seed = Secret::new([byte; 32]);
        assert_eq!(Identity::from_seed(&seed).err(), Some(Error::WeakKey));
        assert_eq!(KemKey::from_bytes(&seed).err(), Some(Error::WeakKey));
    }
    // RFC 8032 §7.1 TEST 2; RFC 7748 §6.1, Bob's public key.
    let seed = super::support::unhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    assert_eq!(Identity::from_seed(&Secret::new(seed.try_into().unwrap())).err(), Some(Error::WeakKey));
    let bob = super::support::unhex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    assert_eq!(KemPublic::from_bytes(bob.try_into().unwrap()).err(), Some(Error::WeakKey));
}

#[cfg(not(feature = "test-keys"))]
#[test]
fn the_keys_of_this_repository_are_refused() {
    use sha2::{Digest, Sha256};
    for name in ["device", "watch", "pgo", "gp", "carer", "mallory", "stranger", "pgo kem", "pgo old kem"] {
        let seed = Secret::new(Sha256::digest(format!("zegel test key: {name}")).into());
        assert_eq!(Identity::from_seed(&seed).err(), Some(Error::WeakKey), "{name}");
        assert_eq!(KemKey::from_bytes(&seed).err(), Some(Error::WeakKey), "{name}");
    }
}

#[test]
fn two_cards_of_one_serial_are_an_alarm() {
    let world = World::new();
    let mut receiver = world.receiver();
    let other = Card::from_bytes(&card_of(&world.device.identity, &[], 1, "other")).unwrap();
    let before = format!("{:?}", receiver.trust);
    assert_eq!(receiver.trust.pin(&other), Err(Error::Equivocation));
    assert_eq!(format!("{:?}", receiver.trust), before);
    assert_eq!(receiver.trust.get(&world.device.identity.id()).unwrap().label(), "device");
}

#[test]
fn claims_come_in_one_order_and_once() {
    let world = World::new();
    let (identity, kem) = (&world.pgo.identity, world.pgo.keys[0].public());
    let genuine = claims(&identity.public_key(), &kem, 1, b"PGO");
    let at = heads(&genuine);
    let (exp, nbf) = (&genuine[at[1].at..at[3].at], &genuine[at[3].at..at[5].at]);
    let rest = &genuine[at[5].at..];
    for claims in [
        [&[0xa7], nbf, exp, rest].concat(),
        [&[0xa7], exp, exp, rest].concat(),
        [&[0xa6], exp, rest].concat(),
        [&[0xa8], exp, nbf, nbf, rest].concat(),
        [&[0xa8], exp, nbf, &[0x06, 0x00], rest].concat(),
        [&[0xa8], exp, nbf, rest, &forge::uint(1), &forge::uint(1)].concat(),
    ] {
        assert_eq!(refused(&card(identity, &claims)), Error::Malformed);
    }
}
