//! Messages that came too early: nothing is lost in silence, and nobody fills the disk (threat D-06).

mod common;

use common::parties::{Device, Receiver, TOPIC, manifest, measured, message};
use common::{card, identity};
use zegel::rng::SysRng;
use zegel::{Error, MAX_ENVELOPE, SessionId, Status};
use zegel_store::{Awaited, StoreError, Transaction};

/// Threat D-06: a keyframe that the broker holds back costs nothing but time, over a restart as well.
#[test]
fn messages_wait_for_their_keyframe() {
    let mut pgo = Receiver::new();
    let device = Device::of(&pgo);
    let (mut session, keyframe) = device.session(&pgo);
    let mut early: Vec<_> = (0..4).map(|n| message(&mut session, &[n])).collect();
    early.push(manifest(&mut session));
    for (n, sealed) in early.iter().enumerate() {
        let error = pgo.open(sealed).unwrap_err();
        let awaited = Awaited::after(error, sealed).unwrap();
        assert_eq!(awaited, Awaited::Keyframe(session.id()));
        pgo.write(|transaction| transaction.shelve(awaited, TOPIC, sealed, Some(n as u64)));
    }
    pgo.restart();
    assert_eq!(pgo.store().shelved().unwrap(), 5);
    let came = pgo.open(&keyframe).unwrap().came.unwrap();
    let waiting = pgo.write(|transaction| transaction.unshelve(came));
    assert!(waiting.iter().map(|it| (&it.sealed, it.since.unwrap())).eq(early.iter().zip(0..)));
    assert!(waiting.iter().all(|it| it.topic == TOPIC));
    let proven: usize = waiting.iter().map(|it| pgo.open(&it.sealed).unwrap().proven.len()).sum();
    assert_eq!((proven, pgo.store().shelved().unwrap()), (4, 0));
    assert!(pgo.write(|transaction| transaction.unshelve(came)).is_empty());
}

#[test]
fn an_unknown_sender_waits_for_a_card() {
    let pgo = Receiver::new();
    let device = Device { identity: identity() };
    let sealed = device.sealer(&pgo).seal_to_vec(TOPIC, &measured(b"1"), &mut SysRng).unwrap();
    let awaited = Awaited::after(pgo.open(&sealed).unwrap_err(), &sealed).unwrap();
    assert_eq!(awaited, Awaited::Card);
    pgo.write(|transaction| transaction.shelve(awaited, TOPIC, &sealed, None));
    pgo.pin(&card(&device.identity, 1, "", Status::Active));
    let waiting = pgo.write(|transaction| transaction.unshelve(Awaited::Card));
    assert_eq!(pgo.open(&waiting[0].sealed).unwrap().body.unwrap(), b"1");
    assert_eq!(format!("{:?}", waiting[0]), format!("Early({} bytes, since None)", sealed.len()));
}

#[test]
fn what_no_time_heals_does_not_wait() {
    let pgo = Receiver::new();
    let device = Device::of(&pgo);
    let sealed = message(&mut device.session(&pgo).0, b"1");
    for error in Error::ALL {
        let heals = matches!(
            error,
            Error::UnknownSession | Error::UnknownSender | Error::NotYetValid | Error::Expired
        );
        assert_eq!(Awaited::after(error, &sealed).is_some(), heals, "{error}");
    }
    assert_eq!(Awaited::after(Error::UnknownSession, b"noise"), None);
}

/// Nothing on the shelf is proven, so anybody can put something there: it is bounded, what it gives up is heard, and
/// who fills it keeps nobody out.
#[test]
fn the_shelf_is_bounded_and_says_so() {
    let pgo = Receiver::new();
    let of = |n: u8| Awaited::Keyframe(SessionId([n; 8]));
    let mut transaction = pgo.store().begin().unwrap();
    let mut put = |awaited, since| transaction.shelve(awaited, "", b"1", Some(since)).unwrap();
    for shelf in 0..3 {
        assert_eq!((0..4096).map(|n| put(of(shelf), n)).sum::<u64>(), 0);
        assert_eq!(put(of(shelf), 5000), 1, "by number");
    }
    assert_eq!((0..4000).map(|n| put(of(3), n)).sum::<u64>(), 0);
    assert_eq!((0..97).map(|n| put(of(9), n)).sum::<u64>(), 1, "in all");
    assert_eq!((0..4096).map(|n| put(Awaited::Card, n)).sum::<u64>(), 0, "cards have a room of their own");
    assert_eq!(put(Awaited::Card, 5000), 1);
    transaction.commit().unwrap();
    assert_eq!((pgo.store().shelved().unwrap(), pgo.store().lost().unwrap()), (5 * 4096, 5));
    let mut transaction = pgo.store().begin().unwrap();
    let first = |early: &[zegel_store::Early]| (early.len(), early[0].since, early.last().unwrap().since);
    // Of those that are as full the last one gave up its oldest, and nobody else anything.
    for (shelf, left) in [
        (0, (4096, Some(1), Some(5000))),
        (2, (4095, Some(2), Some(5000))),
        (3, (4000, Some(0), Some(3999))),
        (9, (97, Some(0), Some(96))),
    ] {
        assert_eq!(first(&transaction.unshelve(of(shelf)).unwrap()), left, "{shelf}");
    }
}

#[test]
fn the_shelf_is_bounded_by_bytes() {
    let pgo = Receiver::new();
    let of = |n: u8| Awaited::Keyframe(SessionId([n; 8]));
    let largest = vec![7; MAX_ENVELOPE - 1];
    let mut transaction = pgo.store().begin().unwrap();
    let mut put = |n: u8| transaction.shelve(of(n), "a", &largest, Some(6)).unwrap();
    for shelf in 1..=4 {
        assert_eq!((0..16).map(|_| put(shelf)).sum::<u64>(), 0);
    }
    assert_eq!((put(1), put(9)), (1, 1));
    let huge = vec![7; 16 * MAX_ENVELOPE];
    let refused = transaction.shelve(of(9), "a", &huge, None);
    assert!(matches!(refused, Err(StoreError::Refused(Error::Full))));
    assert_eq!(transaction.unshelve(of(9)).unwrap().len(), 1);
    // The room of what was taken is free again.
    assert_eq!(transaction.shelve(of(9), "a", &largest, Some(6)).unwrap(), 0);
    transaction.commit().expect("a refusal breaks nothing");
    assert_eq!((pgo.store().shelved().unwrap(), pgo.store().lost().unwrap()), (64, 2));
}

#[test]
fn what_waits_too_long_is_dropped_and_counted() {
    let pgo = Receiver::new();
    pgo.write(|transaction| {
        for since in [Some(10), Some(20), None, Some(30)] {
            transaction.shelve(Awaited::Card, "a", b"1", since)?;
        }
        transaction.shelve(Awaited::Keyframe(SessionId([1; 8])), "a", b"1", Some(11))?;
        assert_eq!(transaction.expire_shelf(20)?, 2);
        assert_eq!(transaction.expire_shelf(20)?, 0);
        Ok(())
    });
    let left = pgo.write(|transaction| transaction.unshelve(Awaited::Card));
    assert_eq!(left.iter().map(|it| it.since).collect::<Vec<_>>(), [Some(20), None, Some(30)]);
    // The room of what was dropped is free again.
    let shelve = |transaction: &mut Transaction<'_>| transaction.shelve(Awaited::Card, "a", b"1", None);
    assert_eq!(pgo.write(|transaction| (0..4096).map(|_| shelve(transaction)).sum::<Result<u64, _>>()), 0);
    assert_eq!(pgo.store().lost().unwrap(), 2);
}
