//! One call for what comes: early messages wait and come back by themselves, and nothing is opened twice
//! (threats C-18, D-06).

mod common;

use common::parties::{Device, Receiver, TOPIC, manifest, measured, message};
use common::{card, identity};
use zegel::rng::SysRng;
use zegel::{Error, Introduction, MemorySequence, Opened, Opener, Sealer, Status};
use zegel_store::{Received, StoreError, Transaction};

/// Stores what is measured or handed on, and what is proven.
fn keep(transaction: &mut Transaction<'_>, opened: &Opened<'_>) -> Result<(), StoreError> {
    transaction.put("inbox", opened.digest(), opened.body().unwrap_or_default())?;
    for proven in transaction.evidence(opened)? {
        transaction.put("outbox", &proven.digest, &proven.evidence)?;
    }
    Ok(())
}

fn receive(to: &Receiver, message: &[u8]) -> Result<Received, Error> {
    let mut transaction = to.store().begin().unwrap();
    let opener = Opener::new(to.id(), &to.keys);
    match transaction.receive(&opener, TOPIC, Some(1_000_000), message, keep) {
        Ok(received) => transaction.commit().map(|()| received).map_err(Error::from),
        Err(error) => Err(error.into()),
    }
}

fn retry(to: &Receiver) -> Received {
    to.write(|transaction| transaction.retry(&Opener::new(to.id(), &to.keys), Some(1_000_000), keep))
}

fn counts(received: &Received) -> (usize, usize) {
    (received.opened, received.waiting)
}

fn rows(of: &Receiver, table: &str) -> usize {
    of.store().scan(table, b"", 100).unwrap().len()
}

#[test]
fn early_messages_come_back_with_their_keyframe() {
    let mut pgo = Receiver::new();
    let device = Device::of(&pgo);
    let (mut session, keyframe) = device.session(&pgo);
    let mut early: Vec<_> = (0..3).map(|n| message(&mut session, &[n])).collect();
    early.push(early[0].clone());
    early.push(manifest(&mut session));
    let mut noise = message(&mut session, b"noise");
    *noise.last_mut().unwrap() ^= 1;
    early.push(noise);
    for sealed in &early {
        assert_eq!(counts(&receive(&pgo, sealed).unwrap()), (0, 1));
    }
    pgo.restart();
    assert_eq!((pgo.store().shelved().unwrap(), rows(&pgo, "inbox")), (6, 0));
    let received = receive(&pgo, &keyframe).unwrap();
    assert_eq!(counts(&received), (1 + 3 + 1, 0));
    assert_eq!(received.refused, [Error::Duplicate, Error::Rejected]);
    assert_eq!((pgo.store().shelved().unwrap(), rows(&pgo, "outbox")), (0, 3));
    assert_eq!(receive(&pgo, &keyframe), Err(Error::Duplicate));
}

/// A stranger's keyframe waits for a card, and the session's message for the keyframe: one retry opens both.
#[test]
fn a_card_brings_back_a_session_that_waited() {
    let pgo = Receiver::new();
    let device = Device { identity: identity() };
    let (mut session, keyframe) = device.session(&pgo);
    let beat = message(&mut session, b"1");
    assert_eq!(counts(&receive(&pgo, &beat).unwrap()), (0, 1));
    assert_eq!(counts(&receive(&pgo, &keyframe).unwrap()), (0, 1));
    assert_eq!(counts(&retry(&pgo)), (0, 1), "of what can be tried, nothing opens yet");
    pgo.pin(&device.card(1, Status::Active));
    assert_eq!(counts(&retry(&pgo)), (2, 0));
    assert_eq!(pgo.store().shelved().unwrap(), 0);
    assert_eq!(retry(&pgo), Received::default());
}

/// What was opened by hand, or by another program, is no reason to wait for ever.
#[test]
fn a_keyframe_that_came_another_way_counts() {
    let pgo = Receiver::new();
    let device = Device::of(&pgo);
    let (mut session, keyframe) = device.session(&pgo);
    assert_eq!(counts(&receive(&pgo, &message(&mut session, b"1")).unwrap()), (0, 1));
    pgo.open(&keyframe).unwrap();
    assert_eq!(counts(&retry(&pgo)), (1, 0));
}

/// An introduction is taken by itself, and opens what was handed on before it.
#[test]
fn an_introduction_is_taken_and_brings_back_what_waited() {
    let (pgo, gp) = (Receiver::new(), Receiver::new());
    let device = Device::of(&pgo);
    gp.pin(&card(&pgo.identity, 1, "PGO", Status::Active));
    let measured = device.sealer(&pgo).seal_to_vec(TOPIC, &measured(b"1"), &mut SysRng).unwrap();
    assert_eq!(counts(&receive(&pgo, &measured).unwrap()), (1, 0));
    let evidence = pgo.store().scan("outbox", b"", 1).unwrap().remove(0).1;
    let gps = zegel::Card::from_bytes(&gp.card()).unwrap();
    let mut sealer = Sealer::new(&pgo.identity, &gps, None, MemorySequence::default()).unwrap();
    let forwarded = sealer.forward_to_vec(TOPIC, None, &evidence, &mut SysRng).unwrap();
    let introduction = Introduction::to_vec(&[&device.card(1, Status::Active)]).unwrap();
    let introduction = sealer.introduce_to_vec(TOPIC, None, &introduction, &mut SysRng).unwrap();
    assert_eq!(counts(&receive(&gp, &forwarded).unwrap()), (0, 1));
    assert_eq!(counts(&receive(&gp, &introduction).unwrap()), (2, 0));
    assert_eq!(gp.store().introduced(&pgo.id()).unwrap().len(), 1);
}

/// What the application says goes up as it is, and what waited goes on waiting.
#[test]
fn nothing_is_lost_when_the_application_cannot() {
    let pgo = Receiver::new();
    let device = Device::of(&pgo);
    let (mut session, keyframe) = device.session(&pgo);
    receive(&pgo, &message(&mut session, b"1")).unwrap();
    let mut transaction = pgo.store().begin().unwrap();
    let cannot = |_: &mut Transaction<'_>, opened: &Opened<'_>| match opened.body() {
        Some(_) => Err(StoreError::Io(std::io::Error::other("the queue is full"))),
        None => Ok(()),
    };
    let opener = Opener::new(pgo.id(), &pgo.keys);
    let result = transaction.receive(&opener, TOPIC, None, &keyframe, cannot);
    assert!(matches!(result, Err(StoreError::Io(_))));
    drop(transaction);
    assert_eq!(pgo.store().shelved().unwrap(), 1);
    assert_eq!(counts(&receive(&pgo, &keyframe).unwrap()), (2, 0));
}
