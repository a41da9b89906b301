//! One's own keys: they come back as they were stored, have their dates, and leave no trace when erased.

mod common;

use std::fs;

use common::{place, secret};
use zegel::{Error, Identity, KemKey, Secret};
use zegel_store::{Store, StoreError};

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
