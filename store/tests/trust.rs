//! Trust that lasts: pinned by somebody's word, renewed by succession, ended for good (threats A-16, D-05 to D-12).

mod common;

use common::{card, identity, place};
use zegel::{Error, Status, Succession, TrustStore as _};
use zegel_store::{Store, StoreError};

fn refusal<T>(result: Result<T, StoreError>) -> Error {
    match result {
        Err(StoreError::Refused(error)) => error,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("not refused"),
    }
}

#[test]
fn cards_succeed_each_other_in_any_order_of_arrival() {
    let (_directory, path) = place();
    let store = Store::create(&path).unwrap();
    let wearable = identity();
    let [one, two, other_two, three] = [(1, "a"), (2, "a"), (2, "b"), (3, "a")]
        .map(|(serial, label)| card(&wearable, serial, label, Status::Active));
    let mut transaction = store.begin().unwrap();
    assert_eq!(refusal(transaction.renew(&one)), Error::UnknownSender, "nobody is trusted on first use");
    assert_eq!(transaction.pin(&two).unwrap().0, Succession::New);
    assert_eq!(transaction.renew(&two).unwrap().0, Succession::Same);
    assert_eq!(refusal(transaction.renew(&one)), Error::Rollback);
    assert_eq!(refusal(transaction.pin(&one)), Error::Rollback);
    assert_eq!(refusal(transaction.renew(&other_two)), Error::Equivocation);
    assert_eq!(transaction.renew(&three).unwrap().0, Succession::Newer);
    transaction.commit().unwrap();
    drop(store);

    let store = Store::open(&path).unwrap();
    assert_eq!(store.card(&wearable.id()).unwrap().unwrap().serial(), 3);
    assert_eq!(store.peers().unwrap().len(), 1);
    let mut transaction = store.begin().unwrap();
    assert_eq!(refusal(transaction.pin(&two)), Error::Rollback, "also after a restart");
    assert!(transaction.sender(&wearable.id().kid()).unwrap().is_some());
    assert!(transaction.sender(&identity().id().kid()).unwrap().is_none());
}

#[test]
fn revocation_is_for_good_and_works_in_advance() {
    let (_directory, path) = place();
    let store = Store::create(&path).unwrap();
    let (known, unknown) = (identity(), identity());
    let mut transaction = store.begin().unwrap();
    transaction.pin(&card(&known, 1, "", Status::Active)).unwrap();
    transaction.revoke(&known.id()).unwrap();
    transaction.revoke(&unknown.id()).unwrap();
    transaction.revoke(&unknown.id()).unwrap();
    transaction.commit().unwrap();
    drop(store);

    let store = Store::open(&path).unwrap();
    assert_eq!(store.revoked().unwrap().len(), 2);
    assert!(store.peers().unwrap()[0].ended);
    assert!(store.card(&known.id()).unwrap().is_some(), "the card stays, as evidence");
    let mut transaction = store.begin().unwrap();
    for who in [&known, &unknown] {
        assert_eq!(refusal(transaction.pin(&card(who, 9, "", Status::Active))), Error::Revoked);
        assert_eq!(refusal(transaction.renew(&card(who, 9, "", Status::Active))), Error::Revoked);
    }
    transaction.commit().expect("a refusal breaks nothing");
}

#[test]
fn a_withdrawn_card_is_the_last_one() {
    let (_directory, path) = place();
    let store = Store::create(&path).unwrap();
    let wearable = identity();
    let mut transaction = store.begin().unwrap();
    transaction.pin(&card(&wearable, 1, "", Status::Active)).unwrap();
    assert_eq!(transaction.renew(&card(&wearable, 2, "", Status::Withdrawn)).unwrap().0, Succession::Newer);
    assert_eq!(refusal(transaction.pin(&card(&wearable, 3, "", Status::Active))), Error::Revoked);
    transaction.commit().unwrap();
    assert!(store.peers().unwrap()[0].ended);
}

#[test]
fn a_card_that_does_not_verify_changes_nothing() {
    let (_directory, path) = place();
    let store = Store::create(&path).unwrap();
    let mut forged = card(&identity(), 1, "", Status::Active);
    *forged.last_mut().unwrap() ^= 1;
    let mut transaction = store.begin().unwrap();
    assert_eq!(refusal(transaction.pin(&forged)), Error::Rejected);
    assert_eq!(refusal(transaction.pin(b"")), Error::Malformed);
    transaction.commit().unwrap();
    assert!(store.peers().unwrap().is_empty());
}
