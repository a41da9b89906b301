//! A store's file with any byte changed, or of any other length: it is refused untouched, or it holds what it held (threat D-11).
//!
//! Tests only, in memory, so that tens of thousands of damaged files take seconds.

use zegel::{
    Event, Id, Manifest, ReplayGuard as _, SequenceStore as _, SessionId, SessionRecord, SessionStore as _,
    Stream, Watch as _,
};

use crate::crash::{Disk, empty_image, open};
use crate::error::StoreError;
use crate::shelf::Awaited;
use crate::store::Store;

const STREAM: Stream = Stream { sender: Id([3; 32]), audience: [4; 32] };

fn sample() -> Vec<u8> {
    let disk = Disk::holding(empty_image());
    let store = open(disk.clone()).unwrap();
    for round in 0..3 {
        let mut transaction = store.begin().unwrap();
        for number in 0..5 {
            let _ = transaction.take(&STREAM, round * 20 + number * 2, &[9; 32]).unwrap();
            transaction.put("payload", &[round as u8, number as u8], &[8; 50]).unwrap();
        }
        transaction.revoke(&Id([round as u8; 32])).unwrap();
        let id = SessionId([round as u8; 8]);
        transaction.keep_session(&session(round)).unwrap();
        transaction.keep_leaf(&id, round + 1, &[6; 32]).unwrap();
        transaction.keep_manifest(&id, &Manifest::from_bytes(&[1; Manifest::BYTES]).unwrap()).unwrap();
        transaction.notice(&Event::KeyChanged { id: Id([7; 32]), serial: round }).unwrap();
        transaction.shelve(Awaited::Keyframe(id), "a", &[5; 40], Some(round)).unwrap();
        transaction.commit().unwrap();
        store.sequence().reserve(&STREAM).unwrap();
    }
    drop(store);
    disk.image()
}

fn session(round: u64) -> SessionRecord {
    let mut bytes = [round as u8; SessionRecord::BYTES];
    bytes[72..112].copy_from_slice([round, 0, 32, 100, 100].map(u64::to_be_bytes).as_flattened());
    SessionRecord::from_bytes(&bytes).unwrap()
}

/// What is kept of sessions, events and early messages.
fn rest(store: &Store) -> String {
    let mut transaction = store.begin().unwrap();
    let mut rest = format!("{:?} {:?}", store.events().unwrap(), store.sessions().unwrap());
    for round in 0..3 {
        let id = SessionId([round as u8; 8]);
        rest += &format!("{:?}", transaction.leaf(&id, round + 1).unwrap());
        rest += &format!("{:?}", transaction.manifest(&id, u64::MAX).unwrap());
        let early = transaction.unshelve(Awaited::Keyframe(id)).unwrap();
        rest +=
            &format!("{:?}", early.iter().map(|it| (&it.topic, &it.sealed, it.since)).collect::<Vec<_>>());
    }
    rest
}

fn contents(store: &Store) -> String {
    let rows = store.scan("payload", b"", 100).unwrap();
    let gaps = store.gaps(&STREAM).unwrap();
    let reserved = store.sequence().reserve(&STREAM).unwrap();
    let (streams, revoked) = (store.streams().unwrap(), store.revoked().unwrap());
    format!("{rows:?} {gaps:?} {streams:?} {revoked:?} {reserved:?} {}", rest(store))
}

/// Opens the damaged image: refused and untouched, or all there.
fn open_damaged(image: Vec<u8>, expected: &str, what: &str) {
    let disk = Disk::holding(image.clone());
    match open(disk.clone()) {
        Ok(store) => assert_eq!(contents(&store), expected, "{what}: opened with other contents"),
        Err(StoreError::Corrupt(_) | StoreError::NotAStore(_)) => {
            assert_eq!(disk.operations(), 0, "{what}: refused, and written to");
            assert!(disk.image() == image, "{what}: refused, and changed");
        }
        Err(error) => panic!("{what}: {error:?}"),
    }
}

#[test]
fn a_changed_byte_is_refused_or_does_not_matter() {
    let image = sample();
    let expected = contents(&open(Disk::holding(image.clone())).unwrap());
    for at in 0..image.len() {
        // Of the header every bit; of the pages one bit of every seventh byte, which leaves no field of 8 out.
        let bits = if at < 512 { 0..8 } else { at % 8..at % 8 + 1 };
        if at >= 512 && at % 7 != 0 {
            continue;
        }
        for bit in bits {
            let mut changed = image.clone();
            changed[at] ^= 1 << bit;
            open_damaged(changed, &expected, &format!("byte {at} bit {bit}"));
        }
    }
}

#[test]
fn another_length_is_refused_or_does_not_matter() {
    let image = sample();
    let expected = contents(&open(Disk::holding(image.clone())).unwrap());
    for length in (1..image.len()).step_by(509).chain(1..400).chain([image.len() - 1]) {
        open_damaged(image[..length].to_vec(), &expected, &format!("length {length}"));
    }
    for more in [1, 511, 4096, 100_000] {
        let mut longer = image.clone();
        longer.resize(image.len() + more, 0xA5);
        open_damaged(longer, &expected, &format!("{more} more bytes"));
    }
}
