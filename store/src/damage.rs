//! A store's file with any byte changed, or of any other length: it is refused untouched, or it holds what it held (threat D-11).
//!
//! Tests only, in memory, so that tens of thousands of damaged files take seconds.

use zegel::{Id, ReplayGuard as _, SequenceStore as _, Stream};

use crate::crash::{Disk, empty_image, open};
use crate::error::StoreError;
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
        transaction.commit().unwrap();
        store.sequence().reserve(&STREAM).unwrap();
    }
    drop(store);
    disk.image()
}

fn contents(store: &Store) -> String {
    let rows = store.scan("payload", b"", 100).unwrap();
    let gaps = store.gaps(&STREAM).unwrap();
    let reserved = store.sequence().reserve(&STREAM).unwrap();
    format!("{rows:?} {gaps:?} {:?} {:?} {reserved:?}", store.streams().unwrap(), store.revoked().unwrap())
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
        // Of the header every bit; of the pages one bit of every third byte, which leaves no field out.
        let bits = if at < 512 { 0..8 } else { at % 8..at % 8 + 1 };
        if at >= 512 && at % 3 != 0 {
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
