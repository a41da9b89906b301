//! Messages that came too early: nothing is lost in silence, and nobody fills the disk (threats C-16, E-11).

mod common;

use common::parties::{Device, Receiver, TOPIC, manifest, measured, message};
use common::{card, identity};
use zegel::rng::SysRng;
use zegel::{Error, MAX_ENVELOPE, SessionId, Status};
use zegel_store::{Awaited, StoreError};

/// Threat C-16: a keyframe that the broker holds back costs nothing but time, over a restart as well.
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

/// Threat E-11: nothing on the shelf is proven, so anybody can put something there: it is bounded, and its end is heard.
#[test]
fn the_shelf_is_bounded_and_says_so() {
    let pgo = Receiver::new();
    let of = |n: u8| Awaited::Keyframe(SessionId([n; 8]));
    let is_full = |result| matches!(result, Err(StoreError::Refused(Error::Full)));
    let mut transaction = pgo.store().begin().unwrap();
    for shelf in 0..4 {
        for _ in 0..4096 {
            transaction.shelve(of(shelf), "", b"1", Some(5)).unwrap();
        }
        assert!(is_full(transaction.shelve(of(shelf), "", b"1", Some(5))), "by number");
    }
    assert!(is_full(transaction.shelve(of(9), "", b"1", Some(5))), "in all");
    transaction.commit().expect("a refusal breaks nothing");
    let mut transaction = pgo.store().begin().unwrap();
    assert_eq!(transaction.unshelve(of(0)).unwrap().len(), 4096);
    let largest = vec![7; MAX_ENVELOPE - 1];
    for _ in 0..16 {
        transaction.shelve(of(9), "a", &largest, Some(6)).unwrap();
    }
    assert!(is_full(transaction.shelve(of(9), "a", b"", Some(6))), "by bytes");
    assert_eq!(transaction.unshelve(of(9)).unwrap().len(), 16);
    transaction.shelve(of(9), "a", &largest, Some(6)).unwrap();
    transaction.commit().unwrap();
    assert_eq!(pgo.store().shelved().unwrap(), 3 * 4096 + 1);
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
    pgo.write(|transaction| (0..4096).try_for_each(|_| transaction.shelve(Awaited::Card, "a", b"1", None)));
}
