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
