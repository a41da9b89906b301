//! One's own keys: they come back as they were stored, have their dates, and leave no trace when erased.

mod common;

use std::fs;

use common::{place, secret};
use zegel::rng::SysRng;
use zegel::{
    Card, CardClaims, Error, Format, Identity, KemKey, Measurement, Opener, Sealer, Secret, Status,
    Succession,
};
use zegel_store::{OwnKey, Store, StoreError};

fn contains(path: &std::path::Path, secret: &Secret<32>) -> bool {
    fs::read(path).unwrap().windows(32).any(|window| window == secret.expose())
}

#[test]
fn there_is_one_identity_and_it_stays() {
    let (_directory, path) = place();
    let store = Store::create(&path).unwrap();
    assert!(store.identity().unwrap().is_none());
    let (seed, other) = (secret(), secret());
    let id = Identity::from_seed(&seed).unwrap().id();
    let mut transaction = store.begin().unwrap();
    transaction.set_identity(&seed, 10).unwrap();
    transaction.set_identity(&seed, 20).unwrap();
    assert!(matches!(transaction.set_identity(&other, 20), Err(StoreError::Refused(Error::Conflict))));
    let zeros = Secret::new([0; 32]);
    assert!(matches!(transaction.set_identity(&zeros, 20), Err(StoreError::Refused(Error::WeakKey))));
    assert!(matches!(transaction.add_kem_key(&zeros, 20), Err(StoreError::Refused(Error::WeakKey))));
    transaction.commit().unwrap();
    drop(store);

    let store = Store::open(&path).unwrap();
    assert_eq!(store.identity().unwrap().unwrap().id(), id);
    assert!(contains(&path, &seed), "the search below can find a key");
    assert!(store.erase_key(&id.kid()).unwrap());
    assert!(!store.erase_key(&id.kid()).unwrap());
    assert!(!contains(&path, &seed));
    assert!(store.identity().unwrap().is_none());
}

#[test]
fn kem_keys_have_a_grace_and_then_an_end() {
    let (_directory, path) = place();
    let store = Store::create(&path).unwrap();
    let secrets: Vec<_> = (0..4).map(|_| secret()).collect();
    let mut transaction = store.begin().unwrap();
    let mut kids = Vec::new();
    for (i, secret) in secrets.iter().enumerate() {
        kids.push(transaction.add_kem_key(secret, 100 + i as u64).unwrap());
    }
    assert!(transaction.retire_kem_key(&kids[0], 200).unwrap());
    assert!(transaction.retire_kem_key(&kids[0], 999).unwrap());
    assert!(transaction.retire_kem_key(&kids[1], 300).unwrap());
    transaction.add_kem_key(&secrets[0], 500).unwrap();
    transaction.commit().unwrap();

    let keys = store.kem_keys().unwrap();
    let dates: Vec<_> = keys.iter().map(|key| (key.created, key.retired)).collect();
    assert_eq!(dates, [(100, Some(200)), (101, Some(300)), (102, None), (103, None)]);
    for (key, secret) in keys.iter().zip(&secrets) {
        assert_eq!(key.key.public(), KemKey::from_bytes(secret).unwrap().public());
    }

    assert_eq!(store.erase_retired(200).unwrap(), 0, "its grace is not over");
    assert_eq!(store.erase_retired(201).unwrap(), 1);
    assert!(!contains(&path, &secrets[0]));
    assert!(secrets[1..].iter().all(|secret| contains(&path, secret)));
    drop(store);
    let store = Store::open(&path).unwrap();
    assert_eq!(store.kem_keys().unwrap().len(), 3);
    assert!(store.kem_keys().unwrap().iter().all(|key| key.key.public().kid() != kids[0]));
}

/// A key a day for a year must not make the file grow, nor leave one of them in it.
#[test]
fn erasing_again_and_again_does_not_grow_the_file() {
    let (_directory, path) = place();
    let store = Store::create(&path).unwrap();
    let mut largest = 0;
    for round in 0..30u64 {
        let secret = secret();
        let mut transaction = store.begin().unwrap();
        let kid = transaction.add_kem_key(&secret, round).unwrap();
        transaction.put("inbox", &round.to_be_bytes(), &[1; 500]).unwrap();
        transaction.commit().unwrap();
        assert!(store.erase_key(&kid).unwrap());
        assert!(!contains(&path, &secret), "round {round}");
        largest = largest.max(fs::metadata(&path).unwrap().len());
    }
    assert!(largest < 1 << 20, "{largest} bytes");
}

/// An application that stored a key's bytes itself is told so, keeps its store, and ends the erasure later.
#[test]
fn an_erasure_that_cannot_end_is_owed_until_it_can() {
    let (_directory, path) = place();
    let store = Store::create(&path).unwrap();
    let (secret, next) = (secret(), secret());
    let mut transaction = store.begin().unwrap();
    let kid = transaction.add_kem_key(&secret, 1).unwrap();
    let other = transaction.add_kem_key(&next, 2).unwrap();
    transaction.put("backup", b"copy", secret.expose()).unwrap();
    transaction.commit().unwrap();
    assert!(matches!(store.erase_key(&kid), Err(StoreError::Remains)));
    assert!(store.kem_keys().unwrap().iter().all(|own| own.key.public().kid() != kid));
    drop(store);

    let store = Store::open(&path).unwrap();
    assert!(matches!(store.erase_retired(0), Err(StoreError::Remains)), "it is still owed");
    assert!(matches!(store.erase_key(&other), Err(StoreError::Remains)), "also after that of another key");
    let mut transaction = store.begin().unwrap();
    assert!(transaction.remove("backup", b"copy").unwrap());
    transaction.commit().unwrap();
    drop(store);
    let store = Store::open(&path).unwrap();
    assert!(!contains(&path, &secret) && !contains(&path, &next));
    assert_eq!(store.erase_retired(0).unwrap(), 0);
}

/// A file that is mostly free, as after a backlog went out, is overwritten as it is and not blown up.
#[test]
fn erasing_in_a_large_and_empty_file_does_not_grow_it() {
    let (_directory, path) = place();
    let store = Store::create(&path).unwrap();
    let secret = secret();
    let mut transaction = store.begin().unwrap();
    let kid = transaction.add_kem_key(&secret, 1).unwrap();
    for n in 0..2_000u64 {
        transaction.put("outbox", &n.to_be_bytes(), &[1; 3000]).unwrap();
    }
    transaction.commit().unwrap();
    let mut transaction = store.begin().unwrap();
    for n in 0..1_900u64 {
        transaction.remove("outbox", &n.to_be_bytes()).unwrap();
    }
    transaction.commit().unwrap();
    let before = fs::metadata(&path).unwrap().len();
    assert!(store.erase_key(&kid).unwrap());
    let after = fs::metadata(&path).unwrap().len();
    assert!(!contains(&path, &secret) && after <= before, "{before} bytes, and then {after}");
}

/// A whole rotation on two stores: nobody is paired anew, and the grace is what an old key opens in.
#[test]
fn what_was_sealed_to_the_old_key_opens_in_its_grace_and_not_after() {
    let (_pgo_directory, pgo_path) = place();
    let (_device_directory, device_path) = place();
    let (pgo, device) = (Store::create(&pgo_path).unwrap(), Store::create(&device_path).unwrap());
    let (owner, wearable) = (common::identity(), common::identity());
    let (old, new) = (secret(), secret());
    let card = |serial, secrets: &[&Secret<32>]| {
        let keys: Vec<_> =
            secrets.iter().map(|secret| KemKey::from_bytes(secret).unwrap().public()).collect();
        let claims = CardClaims {
            serial,
            not_before: 0,
            expires: 4_000_000_000,
            label: "PGO",
            kem_keys: &keys,
            status: Status::Active,
        };
        Card::issue_to_vec(&claims, &owner, &mut SysRng).unwrap()
    };
    let seal = |body: &[u8]| {
        let recipient = device.card(&owner.id()).unwrap().unwrap();
        let measurement = Measurement { time: None, format: Format::OCTET_STREAM, body };
        let mut sealer = Sealer::new(&wearable, &recipient, None, device.sequence().ahead(1)).unwrap();
        sealer.seal_to_vec("zegel/a", &measurement, &mut SysRng).unwrap()
    };
    let open = |envelope: &[u8]| {
        let keys: Vec<KemKey> = pgo.kem_keys().unwrap().into_iter().map(|own: OwnKey| own.key).collect();
        let mut transaction = pgo.begin().unwrap();
        let mut envelope = envelope.to_vec();
        let opener = Opener::new(owner.id(), &keys);
        let opened =
            opener.open(&mut transaction, "zegel/a", None, &mut envelope).map(|opened| opened.sequence());
        transaction.commit().unwrap();
        opened
    };

    let mut transaction = pgo.begin().unwrap();
    let old_kid = transaction.add_kem_key(&old, 100).unwrap();
    let _ = transaction.pin(&common::card(&wearable, 1, "device", Status::Active)).unwrap();
    transaction.commit().unwrap();
    let mut transaction = device.begin().unwrap();
    let _ = transaction.pin(&card(1, &[&old])).unwrap();
    transaction.commit().unwrap();
    let (early, late, too_late) = (seal(b"0"), seal(b"1"), seal(b"2"));
    assert_eq!(open(&early), Ok(0));

    let mut transaction = pgo.begin().unwrap();
    transaction.add_kem_key(&new, 200).unwrap();
    transaction.commit().unwrap();
    let mut transaction = device.begin().unwrap();
    assert_eq!(transaction.renew(&card(2, &[&new, &old])).unwrap().0, Succession::Newer);
    transaction.commit().unwrap();
    let mut transaction = pgo.begin().unwrap();
    assert!(transaction.retire_kem_key(&old_kid, 200).unwrap());
    transaction.commit().unwrap();
    assert_eq!(open(&seal(b"3")), Ok(3));
    assert_eq!(open(&late), Ok(1));

    assert_eq!(pgo.erase_retired(201).unwrap(), 1);
    assert_eq!(open(&too_late), Err(Error::NotForMe));
    assert_eq!(open(&seal(b"4")), Ok(4));
    assert!(!contains(&pgo_path, &old) && contains(&pgo_path, &new));
}
