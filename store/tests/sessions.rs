//! Sessions: they go on after a restart, prove their blocks in any order of arrival, and end with their sender or
//! their key (threats C-18, E-11).

mod common;

use common::parties::{Device, Receiver, begin, manifest, measured, message};
use common::{card, identity};
use zegel::rng::SysRng;
use zegel::{
    Error, Event, Manifest, SessionId, SessionRecord, SessionStore as _, Status, UnverifiedEvidence,
};
use zegel_store::StoreError;

/// Threat C-18: whatever the order, and with a restart after each message.
#[test]
fn a_session_goes_on_after_each_restart() {
    let mut pgo = Receiver::new();
    let device = Device::of(&pgo);
    let (mut session, keyframe) = device.session(&pgo);
    let messages: Vec<_> = (0..3).map(|n| message(&mut session, &[n])).collect();
    let signed = manifest(&mut session);
    pgo.open(&keyframe).unwrap();
    for (arrival, proven) in [(&messages[2], 0), (&messages[0], 0), (&signed, 0), (&messages[1], 3)] {
        pgo.restart();
        let seen = pgo.open(arrival).unwrap();
        assert_eq!(seen.proven.len(), proven);
        for (n, proven) in seen.proven.iter().enumerate() {
            let evidence = UnverifiedEvidence::parse(&proven.evidence).unwrap().verify().unwrap();
            assert_eq!((evidence.origin(), evidence.body()), (&device.id(), &[n as u8][..]));
            assert_eq!(evidence.stream(), zegel::Stream::new(device.id(), &pgo.id()));
            assert_eq!(evidence.sequence(), proven.sequence);
        }
        pgo.restart();
        assert_eq!(pgo.open(arrival).unwrap_err(), Error::Duplicate);
    }
    assert_eq!(pgo.open(&keyframe).unwrap_err(), Error::Duplicate, "also one that the broker retained");
    pgo.restart();
    let next = message(&mut session, b"next block");
    assert_eq!(pgo.open(&next).unwrap().body.unwrap(), b"next block");
    assert_eq!(pgo.open(&manifest(&mut session)).unwrap().proven.len(), 1);
}

#[test]
fn a_measurement_alone_is_proven_at_once_and_named_as_it_was_stored() {
    let pgo = Receiver::new();
    let device = Device::of(&pgo);
    let envelope =
        device.sealer(&pgo).seal_to_vec(common::parties::TOPIC, &measured(b"1"), &mut SysRng).unwrap();
    let seen = pgo.open(&envelope).unwrap();
    let [proven] = &seen.proven[..] else { panic!("{seen:?}") };
    let evidence = UnverifiedEvidence::parse(&proven.evidence).unwrap().verify().unwrap();
    assert_eq!((evidence.digest(), evidence.body()), (&proven.digest, &b"1"[..]));
    assert_eq!(format!("{proven:?}"), format!("Proven(number 0, {} bytes)", proven.evidence.len()));
}

/// A message whose transaction was dropped has left nothing: neither a leaf nor a statement.
#[test]
fn what_is_not_committed_is_not_proven() {
    let pgo = Receiver::new();
    let device = Device::of(&pgo);
    let (mut session, keyframe) = device.session(&pgo);
    let (lost, signed) = (message(&mut session, b"lost"), manifest(&mut session));
    let opener = zegel::Opener::new(pgo.id(), &pgo.keys);
    let dropped = |bytes: &[u8]| {
        let (mut buffer, mut transaction) = (bytes.to_vec(), pgo.store().begin().unwrap());
        let opened = opener.open(&mut transaction, common::parties::TOPIC, None, &mut buffer).unwrap();
        transaction.evidence(&opened).unwrap();
    };
    dropped(&keyframe);
    assert_eq!(pgo.open(&lost).unwrap_err(), Error::UnknownSession, "its keyframe was never taken");
    pgo.open(&keyframe).unwrap();
    dropped(&lost);
    assert!(pgo.open(&signed).unwrap().proven.is_empty());
    assert_eq!(pgo.open(&lost).unwrap().proven.len(), 1, "it came again, and completes the block");
}

/// Threat E-11: who is revoked, or withdraws, sends nothing more in a session that he has open.
#[test]
fn an_end_ends_the_sessions() {
    for withdrawn in [false, true] {
        let mut pgo = Receiver::new();
        let (device, other) = (Device::of(&pgo), Device::of(&pgo));
        let (mut session, keyframe) = device.session(&pgo);
        let (mut others, others_keyframe) = other.session(&pgo);
        pgo.open(&keyframe).unwrap();
        pgo.open(&others_keyframe).unwrap();
        pgo.open(&message(&mut session, b"1")).unwrap();
        pgo.write(|transaction| {
            if withdrawn {
                transaction.renew(&device.card(2, Status::Withdrawn)).map(drop)
            } else {
                transaction.revoke(&device.id())
            }
        });
        pgo.write(|transaction| {
            assert_eq!(transaction.leaf(&session.id(), 1)?, None, "nothing waits any more");
            Ok(())
        });
        assert_eq!(pgo.open(&message(&mut session, b"2")).unwrap_err(), Error::Revoked);
        pgo.restart();
        assert_eq!(pgo.open(&message(&mut session, b"3")).unwrap_err(), Error::Revoked);
        assert_eq!(pgo.open(&keyframe).unwrap_err(), Error::Revoked);
        assert!(pgo.open(&message(&mut others, b"4")).is_ok());
    }
}

/// Nothing that was sealed to a key opens after its erasure, a session's messages included: not even while the
/// process that had their keys in memory goes on.
#[test]
fn an_erased_key_takes_its_sessions_along() {
    let mut pgo = Receiver::new();
    let device = Device::of(&pgo);
    let (mut session, keyframe) = device.session(&pgo);
    pgo.open(&keyframe).unwrap();
    pgo.open(&message(&mut session, b"1")).unwrap();
    let kid = pgo.keys[0].public().kid();
    assert!(!pgo.store().erase_key(&kid).unwrap(), "the key itself is elsewhere");
    let locked = pgo.store().sessions().unwrap()[0];
    assert_eq!(locked, locked.without_key(), "nothing is left that the keys derive from");
    assert_eq!(pgo.open(&message(&mut session, b"2")).unwrap_err(), Error::NotForMe);
    assert_eq!(pgo.open(&keyframe).unwrap_err(), Error::Duplicate, "and no second session");

    let secret = common::secret();
    pgo.keys = [zegel::KemKey::from_bytes(&secret).unwrap()];
    let kid = pgo.write(|transaction| transaction.add_kem_key(&secret, 10));
    let mut sealer = session.end();
    sealer.renew(&zegel::Card::from_bytes(&renewed(&pgo)).unwrap(), None).unwrap();
    let (mut session, keyframe) = begin(sealer);
    pgo.open(&keyframe).unwrap();
    pgo.write(|transaction| transaction.retire_kem_key(&kid, 20));
    assert_eq!(pgo.store().erase_retired(20).unwrap(), 0);
    assert_eq!(pgo.open(&message(&mut session, b"3")).unwrap().body.unwrap(), b"3", "in its grace");
    assert_eq!(pgo.store().erase_retired(21).unwrap(), 1);
    assert!(pgo.store().sessions().unwrap().iter().all(|session| *session == session.without_key()));
    assert_eq!(pgo.open(&message(&mut session, b"4")).unwrap_err(), Error::NotForMe);
}

fn renewed(pgo: &Receiver) -> Vec<u8> {
    let keys = [pgo.keys[0].public()];
    let claims = zegel::CardClaims {
        serial: 2,
        not_before: 0,
        expires: 4_000_000_000,
        label: "",
        kem_keys: &keys,
        status: Status::Active,
    };
    zegel::Card::issue_to_vec(&claims, &pgo.identity, &mut SysRng).unwrap()
}

/// The session of this number and identifier, with nothing real in it.
fn record(sender: u8, id: u8, sequence: u64) -> SessionRecord {
    let mut bytes = [sender; SessionRecord::BYTES];
    bytes[..8].fill(id);
    let numbers = [sequence, 0, 32, 100, 100].map(u64::to_be_bytes);
    bytes[72..112].copy_from_slice(numbers.as_flattened());
    SessionRecord::from_bytes(&bytes).unwrap()
}

#[test]
fn the_64_newest_sessions_of_a_sender_are_kept_with_all_that_waits() {
    let mut pgo = Receiver::new();
    let waiting = |n: u8| (SessionId([n; 8]), u64::from(n) + 1);
    pgo.write(|transaction| {
        for n in (0..70).rev() {
            transaction.keep_session(&record(1, n, u64::from(n)))?;
            if n >= 6 {
                let (id, sequence) = waiting(n);
                transaction.keep_leaf(&id, sequence, &[n; 32])?;
            } else {
                assert!(transaction.session(&waiting(n).0)?.is_none(), "an old one comes too late");
            }
        }
        transaction.keep_session(&record(2, 100, 0))?;
        transaction.keep_session(&record(1, 101, 1000))?;
        Ok(())
    });
    pgo.restart();
    assert_eq!(pgo.store().sessions().unwrap().len(), 64 + 1);
    pgo.write(|transaction| {
        assert!(transaction.session(&SessionId([6; 8]))?.is_none(), "the lowest number is given up");
        assert!(transaction.leaf(&SessionId([6; 8]), 7)?.is_none(), "and what waited in it");
        assert!(transaction.leaf(&SessionId([7; 8]), 8)?.is_some());
        assert!(transaction.session(&SessionId([100; 8]))?.is_some(), "others keep theirs");
        Ok(())
    });
}

#[test]
fn leaves_and_manifests_are_bounded() {
    let pgo = Receiver::new();
    let id = SessionId([9; 8]);
    let signed = |first: u64| {
        let mut bytes = [0; Manifest::BYTES];
        bytes[..16].copy_from_slice([first, 1].map(u64::to_be_bytes).as_flattened());
        Manifest::from_bytes(&bytes).unwrap()
    };
    pgo.write(|transaction| {
        assert_eq!(transaction.keep_leaf(&id, 1, &[0; 32]), Err(Error::UnknownSession));
        assert_eq!(transaction.keep_manifest(&id, &signed(1)), Err(Error::UnknownSession));
        transaction.keep_session(&record(1, 9, 0))?;
        for number in (1..=4096).chain([5000]) {
            transaction.keep_leaf(&id, number, &[1; 32])?;
        }
        for (number, kept) in [(1, false), (904, false), (905, true), (4096, true), (5000, true)] {
            assert_eq!(transaction.leaf(&id, number)?.is_some(), kept, "{number}");
        }
        transaction.keep_leaf(&id, 7, &[1; 32])?;
        assert!(transaction.leaf(&id, 7)?.is_none(), "what is that late is not kept");
        for first in 1..=70 {
            transaction.keep_manifest(&id, &signed(first))?;
        }
        assert!(transaction.manifest(&id, 6)?.is_none() && transaction.manifest(&id, 7)?.is_some());
        Ok(())
    });
}

#[test]
fn a_second_session_of_one_identifier_is_an_alarm() {
    let pgo = Receiver::new();
    let (one, other) = (record(1, 9, 5), record(2, 9, 5));
    let mut transaction = pgo.store().begin().unwrap();
    transaction.keep_session(&one).unwrap();
    assert_eq!(transaction.admits(&one), Ok(()));
    assert_eq!(transaction.admits(&other), Err(Error::Equivocation));
    assert_eq!(transaction.keep_session(&other), Err(Error::Equivocation));
    transaction.commit().expect("a refusal breaks nothing");
    assert_eq!(pgo.store().sessions().unwrap(), [one]);
}

/// A manifest over what was never sent: the sender has two hands.
#[test]
fn a_block_that_contradicts_its_manifest_is_an_alarm() {
    let mut pgo = Receiver::new();
    let device = Device::of(&pgo);
    let (mut session, keyframe) = device.session(&pgo);
    pgo.open(&keyframe).unwrap();
    pgo.open(&message(&mut session, b"sent")).unwrap();
    // The leaf is what the receiver saw; another one in its place is what another receiver would have seen.
    let id = session.id();
    pgo.write(|transaction| Ok(transaction.keep_leaf(&id, 1, &[7; 32])?));
    assert_eq!(pgo.open(&manifest(&mut session)).unwrap_err(), Error::Conflict);
    pgo.restart();
    let events = pgo.store().events().unwrap();
    assert!(
        matches!(events[..], [ref noted] if matches!(noted.event, Event::Conflict { sequence: 2, .. })),
        "{events:?}"
    );
}

/// A session's keys are nobody's but its sender's and receiver's: a store that is copied has the record, and no key.
#[test]
fn a_session_without_its_kem_key_stays_closed() {
    let mut pgo = Receiver::new();
    let device = Device::of(&pgo);
    let (mut session, keyframe) = device.session(&pgo);
    pgo.open(&keyframe).unwrap();
    pgo.restart();
    pgo.keys = [zegel::KemKey::generate(&mut SysRng).unwrap()];
    assert_eq!(pgo.open(&message(&mut session, b"1")).unwrap_err(), Error::NotForMe);
}

#[test]
fn evidence_is_of_who_is_pinned() {
    let pgo = Receiver::new();
    let device = Device::of(&pgo);
    let (mut session, keyframe) = device.session(&pgo);
    pgo.open(&keyframe).unwrap();
    pgo.open(&message(&mut session, b"1")).unwrap();
    pgo.write(|transaction| transaction.renew(&device.card(2, Status::Active)).map(drop));
    let proven = pgo.open(&manifest(&mut session)).unwrap().proven;
    let evidence = UnverifiedEvidence::parse(&proven[0].evidence).unwrap().verify().unwrap();
    assert_eq!(zegel::Card::from_bytes(evidence.card()).unwrap().serial(), 2, "the newest card goes with it");
    let stranger = card(&identity(), 1, "", Status::Active);
    let mut transaction = pgo.store().begin().unwrap();
    assert!(matches!(transaction.renew(&stranger), Err(StoreError::Refused(Error::UnknownSender))));
}
