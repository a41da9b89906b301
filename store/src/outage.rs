//! Power cuts on a receiver at work: sessions, events, the shelf and evidence survive each of them together, and an
//! older file is brought up to this schema whole or not at all (threats C-18, D-11, M-02).
//!
//! Tests only. The broker delivers again what was not acknowledged; after that everything is there, once.

use std::collections::BTreeSet;
use std::sync::Arc;

use redb::{ReadableDatabase as _, TableHandle as _};
use zegel::rng::SysRng;
use zegel::{
    Card, CardClaims, Error, Event, Format, Id, Identity, KemKey, Measurement, MemorySequence,
    Opener, ReplayGuard as _, Sealer, Session, SessionLimits, SessionStore as _, Status, Stream,
    UnverifiedEvidence, Watch as _,
};

use crate::base::Base;
use crate::crash::{Chance, Disk, base, empty_image, open};
use crate::error::StoreError;
use crate::schema::{self, CARDS, DIGESTS, FILLER, HOLES, KEYS, REVOKED, SECRETS, SEQUENCE, STREAMS, own};
use crate::store::Store;
use crate::transaction::Transaction;

const TOPIC: &str = "zegel/7f3a/1";

/// A receiver, and what the broker has for it: a message before its keyframe, one that was sent twice, one of a
/// clone, and a manifest.
struct Play {
    me: Id,
    keys: [KemKey; 1],
    device: Id,
    device_card: Vec<u8>,
    deliveries: Vec<Vec<u8>>,
}

impl Play {
    fn new() -> Self {
        let (identity, device) =
            (Identity::generate(&mut SysRng).unwrap(), Identity::generate(&mut SysRng).unwrap());
        let keys = [KemKey::generate(&mut SysRng).unwrap()];
        let card = |identity: &Identity, kem_keys: &[zegel::KemPublic]| {
            let (serial, not_before, expires, label) = (1, 0, 4_000_000_000, "");
            let claims = CardClaims { serial, not_before, expires, label, kem_keys, status: Status::Active };
            Card::issue_to_vec(&claims, identity, &mut SysRng).unwrap()
        };
        let mine = Card::from_bytes(&card(&identity, &[keys[0].public()])).unwrap();
        let sealer = || Sealer::new(&device, &mine, None, MemorySequence::default()).unwrap();
        let measured = |body| Measurement { time: None, format: Format::OCTET_STREAM, body };
        let (mut session, keyframe) =
            Session::begin_to_vec(sealer(), TOPIC, None, SessionLimits::default(), &mut SysRng).unwrap();
        let mut message = |body| session.seal_to_vec(TOPIC, &measured(body), None).unwrap();
        let (early, next) = (message(b"1"), message(b"2"));
        let manifest = session.manifest_to_vec(TOPIC, &mut SysRng).unwrap();
        let clone = sealer().seal_to_vec(TOPIC, &measured(b"clone"), &mut SysRng).unwrap();
        let deliveries = vec![early, keyframe, next.clone(), next, clone, manifest];
        Self { me: identity.id(), keys, device: device.id(), device_card: card(&device, &[]), deliveries }
    }

    /// A disk with a store in which the device is pinned.
    fn image(&self) -> Vec<u8> {
        let disk = Disk::holding(empty_image());
        let store = open(disk.clone()).unwrap();
        let mut transaction = store.begin().unwrap();
        transaction.pin(&self.device_card).unwrap();
        transaction.commit().unwrap();
        drop(store);
        disk.image()
    }

    /// Takes what the broker delivers, until the power goes; `acknowledged` is what it need not deliver again.
    fn receive(&self, disk: Disk, acknowledged: &mut usize) -> Result<(), StoreError> {
        let store = open(disk)?;
        for delivery in self.deliveries.iter().skip(*acknowledged) {
            match self.take(&store, delivery) {
                Ok(()) | Err(StoreError::Refused(Error::Duplicate | Error::Conflict)) => *acknowledged += 1,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn take(&self, store: &Store, message: &[u8]) -> Result<(), StoreError> {
        let mut transaction = store.begin()?;
        let opener = Opener::new(self.me, &self.keys);
        let received = transaction.receive(&opener, TOPIC, None, message, |transaction, opened| {
            if let Some(body) = opened.body() {
                transaction.put("inbox", opened.digest(), body)?;
            }
            for proven in transaction.evidence(opened)? {
                transaction.put("outbox", &proven.digest, &proven.evidence)?;
            }
            Ok(())
        });
        if let Err(StoreError::Refused(error)) = received {
            transaction.refuse()?;
            return Err(error.into());
        }
        received?;
        transaction.commit()
    }

    /// What was acknowledged is there, and once the rest has come again all of it is there, once.
    fn check(&self, image: Vec<u8>, mut acknowledged: usize) {
        let disk = Disk::holding(image);
        let store = open(disk.clone()).expect("a crash must not cost the store");
        let rows = |table| store.scan(table, b"", 9).unwrap();
        if acknowledged > 0 {
            let stored = rows("inbox").iter().any(|row| row.1 == b"1");
            assert!(stored || store.shelved().unwrap() == 1, "a message that came early is lost");
        }
        if acknowledged > 4 {
            assert_eq!(store.events().unwrap().len(), 1, "an alarm was answered and is lost");
        }
        drop(store);
        self.receive(disk.clone(), &mut acknowledged).unwrap();
        let store = open(disk).unwrap();
        let rows = |table| store.scan(table, b"", 9).unwrap();
        let digests = |table| rows(table).into_iter().map(|row| row.0).collect::<BTreeSet<_>>();
        assert_eq!(digests("inbox").len(), 2);
        assert_eq!(digests("inbox"), digests("outbox"));
        for (_, evidence) in rows("outbox") {
            let evidence = UnverifiedEvidence::parse(&evidence).unwrap().verify().unwrap();
            assert_eq!(*evidence.origin(), self.device);
        }
        assert_eq!((store.shelved().unwrap(), store.sessions().unwrap().len()), (0, 1));
        assert!(matches!(store.events().unwrap()[..], [ref noted] if noted.times > 0));
    }
}

#[test]
fn power_cut_after_every_operation_of_a_receiver() {
    let play = Play::new();
    let start = play.image();
    let whole = Disk::holding(start.clone());
    let mut all = 0;
    play.receive(whole.clone(), &mut all).unwrap();
    assert_eq!(all, play.deliveries.len());
    let mut chance = Chance::new(0x2545_F491_4F6C_DD1D);
    for cut in 0..=whole.operations() {
        let (disk, mut acknowledged) = (Disk::holding(start.clone()).failing_at(cut), 0);
        let _ = play.receive(disk.clone(), &mut acknowledged);
        for _ in 0..2 {
            play.check(disk.after_power_cut(&mut chance), acknowledged);
        }
    }
}

/// The disk fails just when the event is to be written: it stays in memory, is listed, and goes with the next commit.
#[test]
fn an_event_waits_for_a_disk_that_works() {
    let event = Event::Equivocation { id: Id([7; 32]) };
    let disk = Disk::holding(empty_image());
    let store = open(disk.clone()).unwrap();
    let mut transaction = store.begin().unwrap();
    transaction.notice(&event).unwrap();
    let disk = disk.failing_at(0);
    drop(transaction);
    let listed = |store: &Store| -> Vec<_> {
        store.events().unwrap().iter().map(|noted| (noted.number, noted.event, noted.times)).collect()
    };
    // redb answers nothing more after such a failure; a working one takes the event over.
    let base = base(Disk::holding(disk.image())).unwrap();
    *base.pending.lock().unwrap() = std::mem::take(&mut *store.pending().lock().unwrap());
    let store = Store::over(base);
    assert_eq!(listed(&store), [(1, event, 1)], "before it is on the disk");
    let transaction = store.begin().unwrap();
    transaction.commit().unwrap();
    assert_eq!(listed(&store), [(1, event, 1)], "and when it is");
    assert!(store.pending().lock().unwrap().is_empty());
}

/// Keys in memory go with their session, whatever ends it (threat E-11).
#[test]
fn keys_are_forgotten_with_their_session() {
    let play = Play::new();
    let base: Arc<Base> = base(Disk::holding(play.image())).unwrap();
    let store = Store::over(Arc::clone(&base));
    let ends: [&dyn Fn(); 3] = [
        &|| {
            let mut transaction = store.begin().unwrap();
            transaction.forget_sessions(&play.device).unwrap();
            transaction.commit().unwrap();
        },
        &|| assert!(!store.erase_key(&play.keys[0].public().kid()).unwrap()),
        &|| {
            let mut transaction = store.begin().unwrap();
            transaction.revoke(&play.device).unwrap();
            transaction.commit().unwrap();
        },
    ];
    let keyframe = |sealed: &[u8]| {
        let mut transaction = store.begin().unwrap();
        let mut buffer = sealed.to_vec();
        let opener = Opener::new(play.me, &play.keys);
        let opened = opener.open(&mut transaction, TOPIC, None, &mut buffer).is_ok();
        transaction.commit().unwrap();
        opened
    };
    assert!(keyframe(&play.deliveries[1]));
    let record = store.sessions().unwrap()[0];
    for end in ends {
        let mut transaction = store.begin().unwrap();
        transaction.keep_session(&record).unwrap();
        transaction.commit().unwrap();
        keyframe(&play.deliveries[2]);
        assert_eq!(base.keyring.len(), 1);
        end();
        assert_eq!(base.keyring.len(), 0);
    }
}

/// Keys of a keyframe that was never committed are nobody's: they go with its transaction (threat E-11).
#[test]
fn keys_are_forgotten_with_their_transaction() {
    let play = Play::new();
    let base: Arc<Base> = base(Disk::holding(play.image())).unwrap();
    let store = Store::over(Arc::clone(&base));
    let open = |transaction: &mut Transaction<'_>, sealed: &[u8]| {
        let opener = Opener::new(play.me, &play.keys);
        opener.open(transaction, TOPIC, None, &mut sealed.to_vec()).map(drop)
    };
    let mut transaction = store.begin().unwrap();
    open(&mut transaction, &play.deliveries[1]).unwrap();
    open(&mut transaction, &play.deliveries[2]).unwrap();
    drop(transaction);
    assert_eq!(base.keyring.len(), 0);
    let mut transaction = store.begin().unwrap();
    assert_eq!(open(&mut transaction, &play.deliveries[2]), Err(Error::UnknownSession));
    open(&mut transaction, &play.deliveries[1]).unwrap();
    transaction.commit().unwrap();
    assert_eq!(base.keyring.len(), 1);
}

/// A file of schema 1, as the first version made it.
fn old_image() -> Vec<u8> {
    let disk = Disk::default();
    let database = redb::Database::builder().create_with_backend(disk.clone()).unwrap();
    let transaction = database.begin_write().unwrap();
    schema::mark(&transaction, 1).unwrap();
    own(&transaction, HOLES).unwrap();
    own(&transaction, DIGESTS).unwrap();
    own(&transaction, CARDS).unwrap();
    own(&transaction, REVOKED).unwrap().insert(&[8; 32], ()).unwrap();
    own(&transaction, SEQUENCE).unwrap();
    own(&transaction, KEYS).unwrap();
    own(&transaction, SECRETS).unwrap();
    own(&transaction, FILLER).unwrap();
    own(&transaction, STREAMS).unwrap().insert(&[9; 64], (0, 5)).unwrap();
    transaction.commit().unwrap();
    drop(database);
    disk.image()
}

/// The tables and the schema that an image has, looked at from below.
fn shape(image: Vec<u8>) -> (u64, usize) {
    let database = redb::Database::builder().create_with_backend(Disk::holding(image)).unwrap();
    let transaction = database.begin_read().unwrap();
    let tables =
        transaction.list_tables().unwrap().filter(|table| table.name().starts_with("zegel.")).count();
    (schema::recognise(&transaction).unwrap(), tables)
}

#[test]
fn an_older_file_is_brought_up_whole_or_not_at_all() {
    let image = old_image();
    let (old, new) = (shape(image.clone()), shape(empty_image()));
    assert_eq!((old.0, new.0), (1, schema::SCHEMA));
    let whole = Disk::holding(image.clone());
    drop(open(whole.clone()).unwrap());
    assert_eq!(shape(whole.image()), new);
    let mut chance = Chance::new(0x9E37_79B9_7F4A_7C15);
    let mut seen = BTreeSet::new();
    for cut in 0..=whole.operations() {
        let disk = Disk::holding(image.clone()).failing_at(cut);
        let _ = open(disk.clone());
        for _ in 0..4 {
            let after = disk.after_power_cut(&mut chance);
            let shape = shape(after.clone());
            assert!(shape == old || shape == new, "cut after {cut}: {shape:?}");
            seen.insert(shape);
            let store = open(Disk::holding(after)).unwrap();
            let stream = Stream { sender: Id([9; 32]), audience: [9; 32] };
            assert_eq!(store.begin().unwrap().next(&stream), Ok(5), "cut after {cut}");
            assert_eq!(store.revoked().unwrap(), [Id([8; 32])]);
            assert!(store.events().unwrap().is_empty() && store.sessions().unwrap().is_empty());
        }
    }
    assert_eq!(seen.len(), 2, "cuts on both sides of the commit");
}
