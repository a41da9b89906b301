//! Numbers to send with: durable before they are given out, and given out once, to whoever asks (threat C-04).

mod common;

use std::collections::BTreeSet;
use std::thread;

use common::{place, stream};
use zegel::{Error, ReplayGuard as _, SequenceStore as _};
use zegel_store::{Store, StoreError};

#[test]
fn reservations_follow_one_another_across_reopening() {
    let (_directory, path) = place();
    let store = Store::create(&path).unwrap();
    let mut sequence = store.sequence();
    assert_eq!(sequence.reserve(&stream(1)).unwrap().start, 0);
    let second = sequence.reserve(&stream(1)).unwrap();
    assert_eq!(sequence.reserve(&stream(2)).unwrap().start, 0, "streams count apart");
    drop((store, sequence));
    let store = Store::open(&path).unwrap();
    let third = store.sequence().ahead(5).reserve(&stream(1)).unwrap();
    assert_eq!(third, second.end..second.end + 5);
    assert_eq!(store.sequence().ahead(0).reserve(&stream(1)).unwrap(), third.end..third.end + 1);
}

#[test]
fn sealers_in_many_threads_never_share_a_number() {
    let (_directory, path) = place();
    let store = Store::create(&path).unwrap();
    let reserve = || {
        let mut sequence = store.sequence().ahead(3);
        let ranges: Vec<_> = (0..5).map(|_| sequence.reserve(&stream(1)).unwrap()).collect();
        ranges.into_iter().flatten().collect::<Vec<u64>>()
    };
    let all: Vec<u64> = thread::scope(|scope| {
        let workers: Vec<_> = (0..16).map(|_| scope.spawn(reserve)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    assert_eq!(all.len(), 16 * 5 * 3);
}

/// redb alone would wait for ever here.
#[test]
fn a_thread_that_holds_a_transaction_is_told() {
    let (_directory, path) = place();
    let store = Store::create(&path).unwrap();
    let mut sequence = store.sequence();
    let mut transaction = store.begin().unwrap();
    assert!(matches!(store.begin(), Err(StoreError::Busy)));
    assert_eq!(sequence.reserve(&stream(1)), Err(Error::Storage));
    assert!(matches!(sequence.cause(), Some(StoreError::Busy)));
    assert!(sequence.cause().is_none());
    let _ = transaction.take(&stream(1), 0, &[0; 32]).unwrap();
    transaction.commit().unwrap();
    assert_eq!(sequence.reserve(&stream(1)).unwrap().start, 0);
}
