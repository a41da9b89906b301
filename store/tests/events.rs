//! Security events: on the disk whatever became of their message, and there until somebody has looked (threat M-02).

mod common;

use common::parties::{Device, Receiver, TOPIC, measured};
use zegel::rng::SysRng;
use zegel::{Card, CardClaims, Error, Event, KemKey, Status, Watch as _};
use zegel_store::StoreError;

fn envelope(device: &Device, pgo: &Receiver, body: &[u8]) -> Vec<u8> {
    device.sealer(pgo).seal_to_vec(TOPIC, &measured(body), &mut SysRng).unwrap()
}

/// Threat M-02: the caller refuses the message and drops the transaction, and the process ends.
#[test]
fn a_conflict_outlives_its_message_and_the_process() {
    let mut pgo = Receiver::new();
    let device = Device::of(&pgo);
    pgo.open(&envelope(&device, &pgo, b"one")).unwrap();
    assert!(pgo.store().events().unwrap().is_empty());
    assert_eq!(pgo.open(&envelope(&device, &pgo, b"other")).unwrap_err(), Error::Conflict);
    let seen = pgo.store().events().unwrap();
    pgo.restart();
    assert_eq!(pgo.store().events().unwrap(), seen);
    let [noted] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!((noted.number, noted.times), (1, 1));
    assert!(matches!(noted.event, Event::Conflict { stream, sequence: 0 } if stream.sender == device.id()));
}

#[test]
fn an_event_that_is_dismissed_is_gone_and_its_number_is_never_used_again() {
    let mut pgo = Receiver::new();
    let device = Device::of(&pgo);
    pgo.open(&envelope(&device, &pgo, b"one")).unwrap();
    pgo.open(&envelope(&device, &pgo, b"other")).unwrap_err();
    pgo.write(|transaction| {
        assert!(transaction.dismiss(1)?);
        assert!(!transaction.dismiss(1)? && !transaction.dismiss(2)?);
        Ok(())
    });
    pgo.restart();
    assert!(pgo.store().events().unwrap().is_empty());
    pgo.open(&envelope(&device, &pgo, b"other")).unwrap_err();
    assert_eq!(pgo.store().events().unwrap()[0].number, 2);
}

/// A flood of one kind hides nothing, and who dismisses what he saw does not dismiss what came since.
#[test]
fn the_latest_of_a_kind_stands_for_all_of_them() {
    let pgo = Receiver::new();
    let (device, other) = (Device::of(&pgo), Device::of(&pgo));
    for device in [&device, &other] {
        pgo.open(&envelope(device, &pgo, b"one")).unwrap();
    }
    pgo.open(&envelope(&other, &pgo, b"other")).unwrap_err();
    for _ in 0..5 {
        pgo.open(&envelope(&device, &pgo, b"other")).unwrap_err();
    }
    let events = pgo.store().events().unwrap();
    assert_eq!(events.iter().map(|noted| (noted.number, noted.times)).collect::<Vec<_>>(), [(1, 1), (6, 5)]);
    pgo.write(|transaction| {
        assert!(!transaction.dismiss(2)?, "more came since");
        assert!(transaction.dismiss(6)?);
        Ok(())
    });
    assert_eq!(pgo.store().events().unwrap(), events[..1]);
}

#[test]
fn a_dismissal_that_is_not_committed_dismisses_nothing() {
    let pgo = Receiver::new();
    let id = pgo.id();
    let mut transaction = pgo.store().begin().unwrap();
    transaction.notice(&Event::Equivocation { id }).unwrap();
    transaction.commit().unwrap();
    let mut transaction = pgo.store().begin().unwrap();
    assert!(transaction.dismiss(1).unwrap());
    transaction.notice(&Event::KeyChanged { id, serial: 2 }).unwrap();
    drop(transaction);
    assert_eq!(pgo.store().events().unwrap().len(), 2);
}

#[test]
fn an_event_and_the_rest_of_its_transaction_are_noted_once() {
    let mut pgo = Receiver::new();
    let id = pgo.id();
    let mut transaction = pgo.store().begin().unwrap();
    transaction.notice(&Event::Equivocation { id }).unwrap();
    transaction.put("inbox", b"1", b"one").unwrap();
    transaction.commit().unwrap();
    pgo.restart();
    let events = pgo.store().events().unwrap();
    assert!(matches!(events[..], [ref noted] if (noted.number, noted.times) == (1, 1)), "{events:?}");
}

#[test]
fn cards_that_somebody_has_to_look_at() {
    let mut pgo = Receiver::new();
    let device = Device::of(&pgo);
    let key = KemKey::generate(&mut SysRng).unwrap().public();
    let with_key = |serial| {
        let (not_before, expires, label, status) = (0, 4_000_000_000, "device", Status::Active);
        let claims = CardClaims { serial, not_before, expires, label, kem_keys: &[key], status };
        Card::issue_to_vec(&claims, &device.identity, &mut SysRng).unwrap()
    };
    pgo.write(|transaction| {
        transaction.renew(&device.card(2, Status::Active))?;
        Ok(())
    });
    assert!(pgo.store().events().unwrap().is_empty(), "a newer card with the same keys is nothing");
    pgo.write(|transaction| {
        transaction.renew(&with_key(3))?;
        transaction.renew(&with_key(4))?;
        Ok(())
    });
    // Two cards of one serial: refused, and the transaction may well be dropped.
    let mut transaction = pgo.store().begin().unwrap();
    let refused = transaction.renew(&device.card(4, Status::Active));
    assert!(matches!(refused, Err(StoreError::Refused(Error::Equivocation))));
    let refused = transaction.pin(&device.card(4, Status::Active));
    assert!(matches!(refused, Err(StoreError::Refused(Error::Equivocation))));
    drop(transaction);
    pgo.restart();
    let id = device.id();
    let events: Vec<_> =
        pgo.store().events().unwrap().into_iter().map(|noted| (noted.event, noted.times)).collect();
    assert_eq!(events, [(Event::KeyChanged { id, serial: 3 }, 1), (Event::Equivocation { id }, 2)]);
}
