//! The replay guard: as the model in memory says, across commits, aborts and reopening (threats C-06, C-11, C-16).

mod common;

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use common::{digest, place, stream};
use proptest::prelude::*;
use zegel::{Arrival, Error, ExactGuard, MAX_NUMBER, ReplayGuard};
use zegel_store::Store;

#[derive(Clone, Debug)]
enum Step {
    Take { stream: u8, sequence: u64, content: u8 },
    Commit,
    Abort,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let sequence = prop_oneof![8 => 0..24u64, 1 => 0..2000u64, 1 => Just(MAX_NUMBER)];
    prop_oneof![
        20 => (0..3u8, sequence, 0..2u8)
            .prop_map(|(stream, sequence, content)| Step::Take { stream, sequence, content }),
        2 => Just(Step::Commit),
        1 => Just(Step::Abort),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_guard_in_memory(schedule in proptest::collection::vec(step(), 1..120)) {
        let (_directory, path) = place();
        let mut store = Store::create(&path).unwrap();
        let mut committed = ExactGuard::new();
        let mut schedule = schedule.into_iter().peekable();
        while schedule.peek().is_some() {
            let mut transaction = store.begin().unwrap();
            let mut model = committed.clone();
            let mut reopen = false;
            let mut commit = true;
            for step in schedule.by_ref() {
                match step {
                    Step::Take { stream: tag, sequence, content } => {
                        let (stream, digest) = (stream(tag), digest(sequence, content));
                        let taken = transaction.take(&stream, sequence, &digest);
                        prop_assert_eq!(taken, model.take(&stream, sequence, &digest));
                        continue;
                    }
                    Step::Commit => {}
                    Step::Abort => commit = false,
                    Step::Reopen => reopen = true,
                }
                break;
            }
            if commit {
                transaction.commit().unwrap();
                committed = model;
            } else {
                drop(transaction);
            }
            if reopen {
                drop(store);
                store = Store::open(&path).unwrap();
            }
            for tag in 0..3 {
                prop_assert_eq!(store.gaps(&stream(tag)).unwrap(), committed.gaps(&stream(tag)));
            }
        }
    }
}

#[test]
fn duplicates_conflicts_and_gaps() {
    let (_directory, path) = place();
    let store = Store::create(&path).unwrap();
    let mut transaction = store.begin().unwrap();
    let mut take = |sequence, content| transaction.take(&stream(1), sequence, &digest(sequence, content));
    assert_eq!(take(5, 0), Ok(Arrival { missing: Some((0, 4)), late: false }));
    assert_eq!(take(5, 0), Err(Error::Duplicate));
    assert_eq!(take(5, 1), Err(Error::Conflict));
    assert_eq!(take(2, 0), Ok(Arrival { missing: None, late: true }));
    assert_eq!(take(2, 1), Err(Error::Conflict));
    assert_eq!(take(MAX_NUMBER + 1, 0), Err(Error::TooLarge));
    transaction.commit().unwrap();
    assert_eq!(store.gaps(&stream(1)).unwrap(), [(0, 1), (3, 4)]);
    assert_eq!(store.gaps(&stream(2)).unwrap(), []);
    assert_eq!(store.streams().unwrap(), [(stream(1), 6)]);
}

#[test]
fn a_number_whose_digest_is_forgotten_stays_taken() {
    let (_directory, path) = place();
    let store = Store::create(&path).unwrap();
    let mut transaction = store.begin().unwrap();
    for sequence in [0, 1, 3, 4] {
        let _ = transaction.take(&stream(1), sequence, &digest(sequence, 0)).unwrap();
        let _ = transaction.take(&stream(2), sequence, &digest(sequence, 0)).unwrap();
    }
    transaction.forget_digests(&stream(1), 4).unwrap();
    transaction.forget_digests(&stream(7), 4).unwrap();
    let mut take = |tag, sequence| transaction.take(&stream(tag), sequence, &digest(sequence, 0));
    assert_eq!(take(1, 0), Err(Error::Duplicate));
    assert_eq!(take(1, 4), Err(Error::Duplicate));
    assert_eq!(take(2, 0), Err(Error::Duplicate));
    assert_eq!(take(1, 2), Ok(Arrival { missing: None, late: true }), "a late number is still heard");
}

#[test]
fn a_number_and_its_measurement_go_together() {
    let (_directory, path) = place();
    let store = Store::create(&path).unwrap();
    let mut transaction = store.begin().unwrap();
    let _ = transaction.take(&stream(1), 0, &digest(0, 0)).unwrap();
    transaction.put("inbox", b"0", b"lost").unwrap();
    drop(transaction);
    assert_eq!(store.get("inbox", b"0").unwrap(), None);
    assert_eq!(store.streams().unwrap(), []);

    let mut transaction = store.begin().unwrap();
    let _ = transaction.take(&stream(1), 0, &digest(0, 0)).unwrap();
    transaction.put("inbox", b"0", b"kept").unwrap();
    transaction.put("inbox", b"1", b"more").unwrap();
    assert_eq!(transaction.get("inbox", b"0").unwrap().unwrap(), b"kept");
    transaction.commit().unwrap();
    drop(store);

    let store = Store::open(&path).unwrap();
    assert_eq!(store.get("inbox", b"0").unwrap().unwrap(), b"kept");
    assert_eq!(store.scan("inbox", b"", 10).unwrap().len(), 2);
    assert_eq!(store.scan("inbox", b"00", 10).unwrap(), [(b"1".to_vec(), b"more".to_vec())]);
    assert_eq!(store.scan("inbox", b"", 1).unwrap().len(), 1);
    assert_eq!(store.scan("zegel.secrets", b"", 10).unwrap(), []);
    let mut transaction = store.begin().unwrap();
    assert!(transaction.remove("inbox", b"0").unwrap());
    assert!(!transaction.remove("inbox", b"0").unwrap());
}

/// Threat C-11: many workers get the same numbers, and exactly one of them gets each.
#[test]
fn of_64_threads_one_takes_each_number() {
    const NUMBERS: usize = 40;
    let (_directory, path) = place();
    let store = Store::create(&path).unwrap();
    let taken: Vec<AtomicUsize> = (0..NUMBERS).map(|_| AtomicUsize::new(0)).collect();
    let start = Barrier::new(64);
    thread::scope(|scope| {
        for worker in 0..64usize {
            let (store, taken, start) = (&store, &taken, &start);
            scope.spawn(move || {
                start.wait();
                for i in 0..NUMBERS {
                    let number = (i + worker) % NUMBERS;
                    let sequence = number as u64;
                    let mut transaction = store.begin().unwrap();
                    match transaction.take(&stream(1), sequence, &digest(sequence, 0)) {
                        Ok(_) => {
                            transaction.commit().unwrap();
                            taken[number].fetch_add(1, Ordering::SeqCst);
                        }
                        Err(error) => assert_eq!(error, Error::Duplicate),
                    }
                }
            });
        }
    });
    assert!(taken.iter().all(|count| count.load(Ordering::SeqCst) == 1));
    assert_eq!(store.gaps(&stream(1)).unwrap(), []);
}
