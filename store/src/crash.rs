//! A disk that loses power: after every single operation, with any part of what was not synced lost or torn.
//!
//! Tests only. What was committed must be there afterwards, and what was not must be there whole or not at all.

use std::io;
use std::sync::{Arc, Mutex};

use redb::StorageBackend;
use zegel::{Error, Id, KemKey, ReplayGuard as _, Secret, SequenceStore as _, Stream};

use crate::base::Base;
use crate::error::StoreError;
use crate::{erase, file, schema, store::Store};

/// A disk in memory, which fails for good after so many operations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(Arc<Mutex<Platter>>);

#[derive(Debug, Default)]
struct Platter {
    /// What a process reads.
    live: Vec<u8>,
    /// What is certain to survive.
    durable: Vec<u8>,
    /// What may survive, in whole or in part.
    pending: Vec<Pending>,
    operations: usize,
    fails_at: Option<usize>,
}

#[derive(Clone, Debug)]
enum Pending {
    Write(usize, Vec<u8>),
    SetLen(usize),
}

impl Disk {
    pub(crate) fn holding(image: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(Platter { live: image.clone(), durable: image, ..Platter::default() })))
    }

    pub(crate) fn failing_at(self, operation: usize) -> Self {
        self.0.lock().unwrap().fails_at = Some(operation);
        self
    }

    pub(crate) fn operations(&self) -> usize {
        self.0.lock().unwrap().operations
    }

    pub(crate) fn image(&self) -> Vec<u8> {
        self.0.lock().unwrap().live.clone()
    }

    /// The disk after the power came back: what was synced, and of the rest what chance left of each sector.
    pub(crate) fn after_power_cut(&self, chance: &mut Chance) -> Vec<u8> {
        let platter = self.0.lock().unwrap();
        let mut image = platter.durable.clone();
        for pending in &platter.pending {
            match pending {
                Pending::SetLen(len) if chance.flip() => image.resize(*len, 0),
                Pending::SetLen(_) => {}
                Pending::Write(at, data) => {
                    for (i, sector) in data.chunks(512).enumerate() {
                        let start = at + i * 512;
                        if chance.flip() {
                            image.resize(image.len().max(start + sector.len()), 0);
                            image[start..start + sector.len()].copy_from_slice(sector);
                        }
                    }
                }
            }
        }
        image
    }
}

impl Platter {
    fn step(&mut self) -> io::Result<()> {
        self.operations += 1;
        match self.fails_at {
            Some(limit) if self.operations > limit => Err(io::Error::other("the power is off")),
            _ => Ok(()),
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().live.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap();
        let platter = self.0.lock().unwrap();
        let bytes = platter.live.get(start..start + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).unwrap();
        let mut platter = self.0.lock().unwrap();
        platter.step()?;
        platter.live.resize(len, 0);
        platter.pending.push(Pending::SetLen(len));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut platter = self.0.lock().unwrap();
        platter.step()?;
        platter.durable = platter.live.clone();
        platter.pending.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap();
        let mut platter = self.0.lock().unwrap();
        // A write that the cut hits is torn, and not just absent.
        platter.pending.push(Pending::Write(start, data.to_vec()));
        platter.step()?;
        let end = (start + data.len()).max(platter.live.len());
        platter.live.resize(end, 0);
        platter.live[start..start + data.len()].copy_from_slice(data);
        Ok(())
    }
}

/// Xorshift: reproducible, and good enough to tear sectors with.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn flip(&mut self) -> bool {
        self.next() & 4 == 0
    }
}

/// What the outside world was told before the power went.
#[derive(Default)]
struct Told {
    committed: u64,
    attempted: u64,
    saved: u64,
}

const STREAM: Stream = Stream { sender: Id([3; 32]), audience: [4; 32] };
const ROUNDS: u64 = 6;

fn digest(number: u64) -> [u8; 32] {
    let mut digest = [7; 32];
    digest[..8].copy_from_slice(&number.to_be_bytes());
    digest
}

pub(crate) fn open(disk: Disk) -> Result<Store, StoreError> {
    Ok(Store::over(base(disk)?))
}

pub(crate) fn base(disk: Disk) -> Result<Arc<Base>, StoreError> {
    let (database, stage) = file::open_disk(disk)?;
    Ok(Base::over(database, Box::new(stage)))
}

/// Takes numbers with their payloads and reserves others, from where the store is, until the power goes.
fn work(disk: Disk, told: &mut Told) -> Result<(), StoreError> {
    let store = open(disk)?;
    let mut sequence = store.sequence();
    let from = told.committed;
    for number in from..from + ROUNDS {
        told.attempted = number + 1;
        let mut transaction = store.begin()?;
        match transaction.take(&STREAM, number, &digest(number)) {
            Ok(_) => transaction.put("payload", &number.to_be_bytes(), &[number as u8; 3000])?,
            Err(Error::Duplicate) => {}
            Err(error) => return Err(error.into()),
        }
        transaction.commit()?;
        told.committed = number + 1;
        told.saved = sequence.reserve(&STREAM)?.end;
    }
    Ok(())
}

/// The promises, against what was told.
fn check(image: Vec<u8>, told: &Told) {
    let store = open(Disk::holding(image)).expect("a crash must not cost the store");
    let mut transaction = store.begin().unwrap();
    for number in 0..told.attempted {
        let payload = transaction.get("payload", &number.to_be_bytes()).unwrap();
        let taken = transaction.take(&STREAM, number, &digest(number));
        if number < told.committed {
            assert_eq!(taken, Err(Error::Duplicate), "number {number} was committed, and is taken again");
        }
        assert_eq!(payload.is_some(), taken.is_err(), "number {number} and its payload went different ways");
    }
    drop(transaction);
    assert!(store.sequence().reserve(&STREAM).unwrap().start >= told.saved, "a reserved number comes back");
}

pub(crate) fn empty_image() -> Vec<u8> {
    let disk = Disk::default();
    file::lay_out(disk.clone()).unwrap();
    disk.image()
}

#[test]
fn power_cut_after_every_operation_keeps_what_was_committed() {
    let start = empty_image();
    let whole = Disk::holding(start.clone());
    work(whole.clone(), &mut Told::default()).unwrap();
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    for cut in 0..=whole.operations() {
        let mut told = Told::default();
        let disk = Disk::holding(start.clone()).failing_at(cut);
        let _ = work(disk.clone(), &mut told);
        for _ in 0..4 {
            check(disk.after_power_cut(&mut chance), &told);
        }
    }
}

#[test]
fn power_cut_during_recovery_from_a_power_cut() {
    let start = empty_image();
    let mut chance = Chance(0xD1B5_4A32_D192_ED03);
    for _ in 0..40 {
        let mut told = Told::default();
        let mut image = start.clone();
        // Each life starts from what the last one left, and is cut as well.
        for _ in 0..6 {
            let disk = Disk::holding(image).failing_at(usize::try_from(chance.next() % 90).unwrap());
            let _ = work(disk.clone(), &mut told);
            image = disk.after_power_cut(&mut chance);
        }
        check(image, &told);
    }
}

/// A key whose erasure was begun is gone from the whole disk once the store is opened again, also when the power
/// goes again while it opens; and one whose erasure was not begun is there.
#[test]
fn power_cut_during_an_erasure_leaves_no_key() {
    let key = |salt: u8| Secret::new(std::array::from_fn(|i| salt ^ (i as u8).wrapping_mul(37)));
    let (secret, kept) = (key(0x41), key(0x95));
    let kid = |secret| KemKey::from_bytes(secret).unwrap().public().kid();
    let start = Disk::holding(empty_image());
    let store = open(start.clone()).unwrap();
    let mut transaction = store.begin().unwrap();
    transaction.add_kem_key(&secret, 1).unwrap();
    transaction.add_kem_key(&kept, 2).unwrap();
    transaction.put("payload", b"1", &[7; 3000]).unwrap();
    transaction.commit().unwrap();
    drop(store);
    let image = start.image();
    let stands = |image: &[u8], secret: &Secret<32>| image.windows(32).any(|part| part == secret.expose());
    let begin = |disk: &Disk| open(disk.clone()).and_then(|store| store.erase_key(&kid(&secret)));
    let whole = Disk::holding(image.clone());
    assert!(begin(&whole).unwrap());
    let found = stands(&image, &secret) && !stands(&whole.image(), &secret);
    assert!(found, "the search can find a key, and erasing removes it");
    let mut chance = Chance(0xA076_1D64_78BD_642F);
    for cut in 0..=whole.operations() {
        let mut disk = Disk::holding(image.clone()).failing_at(cut);
        let _ = begin(&disk);
        if chance.flip() {
            disk = Disk::holding(disk.after_power_cut(&mut chance))
                .failing_at(usize::try_from(chance.next() % 60).unwrap());
            let _ = base(disk.clone()).and_then(|base| erase::resume(&base));
        }
        let disk = Disk::holding(disk.after_power_cut(&mut chance));
        let base = base(disk.clone()).expect("a crash must not cost the store");
        erase::resume(&base).unwrap();
        let listed: Vec<_> =
            Store::over(base).kem_keys().unwrap().iter().map(|own| own.key.public().kid()).collect();
        assert!(
            listed.contains(&kid(&kept)) && stands(&disk.image(), &kept),
            "cut after {cut}: another key is gone"
        );
        let gone = !stands(&disk.image(), &secret);
        assert!(
            gone != listed.contains(&kid(&secret)),
            "cut after {cut}: not listed and still there, or lost"
        );
    }
}

#[test]
fn refused_file_is_never_written() {
    let mut image = empty_image();
    let disk = Disk::holding(image.clone());
    {
        let database = redb::Database::builder().create_with_backend(disk.clone()).unwrap();
        let transaction = database.begin_write().unwrap();
        schema::mark(&transaction, schema::SCHEMA + 1).unwrap();
        transaction.commit().unwrap();
    }
    image = disk.image();
    let disk = Disk::holding(image.clone());
    let refused = open(disk.clone()).unwrap_err();
    assert!(matches!(refused, StoreError::Newer { found: 3, supported: 2 }), "{refused}");
    assert_eq!(disk.operations(), 0);
    assert_eq!(disk.image(), image);
}
