//! What an application brings: its own code in the middle of a call, which may fail, lie, and come back.

mod people;

use std::sync::{Arc, Mutex};

use people::{ANYTHING, OPTIONS, TOPIC, beat, both, memory, number, open, person};
use zegel_uniffi::{
    Database, Failure, Identity, KemKey, KeyAgreement, MemoryDatabase, Opened, Opener, Row, Sealer,
    SealerOptions, Secret, Signer, Store, Taker,
};

/// A keystore: it signs with a key that this process does not show.
struct Keystore(Arc<Identity>, bool);

impl Signer for Keystore {
    fn public_key(&self) -> Vec<u8> {
        self.0.public_key()
    }

    fn sign(&self, _: Vec<u8>, _: Vec<u8>) -> Result<Vec<u8>, Failure> {
        if self.1 { Ok(vec![0; 64]) } else { Err(Failure::CALLBACK) }
    }
}

#[test]
fn a_keystore_that_fails_or_lies_seals_nothing() {
    let pgo = person("PGO");
    for answers in [false, true] {
        let signer = Arc::new(Keystore(Identity::generate().unwrap(), answers));
        let identity = Identity::from_signer(signer, &Secret::random().unwrap()).unwrap();
        let options = SealerOptions { self_check: true, ..OPTIONS };
        let sealer = Sealer::new(&identity, &pgo.card, None, &memory(), options).unwrap();
        assert_eq!(sealer.seal(TOPIC.into(), beat(b"61")).map_err(number), Err(20));
    }
}

/// A database in memory, and what the application does first where it is read or written.
struct First<F>(MemoryDatabase, F);

#[derive(PartialEq)]
enum Access {
    Read,
    Write,
}

impl<F: Fn(Access) -> Result<(), Failure> + Send + Sync> Database for First<F> {
    fn get(&self, key: Vec<u8>) -> Result<Option<Vec<u8>>, Failure> {
        (self.1)(Access::Read)?;
        self.0.get(key)
    }

    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> Result<(), Failure> {
        (self.1)(Access::Write)?;
        self.0.put(key, value)
    }

    fn remove(&self, key: Vec<u8>) -> Result<(), Failure> {
        self.0.remove(key)
    }

    fn scan(&self, from: Vec<u8>, limit: u32) -> Result<Vec<Row>, Failure> {
        self.0.scan(from, limit)
    }
}

#[test]
fn what_a_database_met_elsewhere_is_no_verdict_on_a_message() {
    let (device, pgo) = (person("watch"), person("PGO"));
    let met: Arc<Mutex<Option<Failure>>> = Arc::default();
    let says = Arc::clone(&met);
    let first =
        move |access| if access == Access::Write { says.lock().unwrap().map_or(Ok(()), Err) } else { Ok(()) };
    let store = Store::over(Arc::new(First(MemoryDatabase::default(), first)));
    store.pin(&device.card).unwrap();
    let opener = pgo.opener(&store);
    let sealed = device.sealer(&pgo).seal(TOPIC.into(), beat(b"61")).unwrap();
    for (number_met, told) in [(8, 18), (5, 18), (-3, 18), (21, 21)] {
        *met.lock().unwrap() = Some(Failure::Refused { number: number_met, trouble: None });
        assert_eq!(open(&opener, &sealed).map_err(number), Err(told));
    }
    *met.lock().unwrap() = None;
    assert!(open(&opener, &sealed).is_ok());
}

/// A key that a keystore holds, which says no in a way of its own.
struct Locked(Arc<KemKey>);

impl KeyAgreement for Locked {
    fn public_key(&self) -> Vec<u8> {
        self.0.public_key()
    }

    fn agree(&self, _: Vec<u8>) -> Result<Vec<u8>, Failure> {
        Err(Failure::CALLBACK)
    }
}

#[test]
fn a_point_that_a_keystore_refuses_is_not_waited_for() {
    let (device, pgo) = (person("watch"), person("PGO"));
    let key = KemKey::from_agreement(Arc::new(Locked(Arc::clone(&pgo.key)))).unwrap();
    let store = memory();
    store.pin(&device.card).unwrap();
    let opener = Opener::new(pgo.identity.id(), vec![key], store, ANYTHING).unwrap();
    let sealed = device.sealer(&pgo).seal(TOPIC.into(), beat(b"61")).unwrap();
    assert_eq!(open(&opener, &sealed).map_err(number), Err(20), "the user may unlock it");
    // The encapsulated key, under its label -4: a point of low order.
    let label = sealed.windows(3).position(|window| window == [0x23, 0x58, 32]).unwrap() + 3;
    let mut hostile = sealed;
    hostile[label..label + 32].fill(0);
    assert_eq!(open(&opener, &hostile).map_err(number), Err(3));
}

#[test]
fn keys_that_others_know_are_refused_wherever_they_are_held() {
    let held = |public: Vec<u8>, hedge: Vec<u8>| {
        Identity::from_signer(Arc::new(Foreign(public)), &Secret::of(hedge).unwrap()).err().map(number)
    };
    let sound = Identity::generate().unwrap().public_key();
    let hedge: Vec<u8> = (0..32).collect();
    // RFC 8032 §7.1, test 1.
    let published = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let published =
        (0..32).map(|at| u8::from_str_radix(&published[2 * at..2 * at + 2], 16).unwrap()).collect();
    assert_eq!(held(sound.clone(), hedge.clone()), None);
    assert_eq!(held(sound, vec![0; 32]), Some(13));
    assert_eq!(held(published, hedge.clone()), Some(13));
    assert_eq!(held(vec![0; 32], hedge), Some(13));
}

/// A public key, and nobody who signs.
struct Foreign(Vec<u8>);

impl Signer for Foreign {
    fn public_key(&self) -> Vec<u8> {
        self.0.clone()
    }

    fn sign(&self, _: Vec<u8>, _: Vec<u8>) -> Result<Vec<u8>, Failure> {
        Err(Failure::CALLBACK)
    }
}

#[test]
fn a_callback_that_comes_back_does_not_wait_for_itself() {
    let own: Arc<Mutex<Option<Arc<Store>>>> = Arc::default();
    let told: Arc<Mutex<Vec<Failure>>> = Arc::default();
    let (back, tells) = (Arc::clone(&own), Arc::clone(&told));
    let first = move |access| {
        if let (Access::Read, Some(store)) = (access, back.lock().unwrap().clone()) {
            tells.lock().unwrap().extend(store.shelved().err());
        }
        Ok(())
    };
    let store = Store::over(Arc::new(First(MemoryDatabase::default(), first)));
    *own.lock().unwrap() = Some(Arc::clone(&store));
    store.pin(&person("watch").card).unwrap();
    assert!(told.lock().unwrap().iter().all(|failure| *failure == Failure::BUSY));
    assert!(!told.lock().unwrap().is_empty());
    *own.lock().unwrap() = None;
}

/// A taker that hands on what it is given at once.
struct Eager(Arc<Sealer>, Mutex<Option<Result<Vec<u8>, Failure>>>);

impl Taker for Eager {
    fn take(&self, _: Opened) -> Result<(), Failure> {
        *self.1.lock().unwrap() = Some(self.0.seal(TOPIC.into(), beat(b"62")));
        Ok(())
    }
}

#[test]
fn a_taker_seals_with_numbers_of_another_store_alone() {
    both(|store| {
        let (device, pgo, gp) = (person("watch"), person("PGO"), person("GP"));
        store.pin(&device.card).unwrap();
        let opener = pgo.opener(&store);
        let from = device.sealer(&pgo);
        for (numbers, busy) in [(Arc::clone(&store), true), (memory(), false)] {
            let sealer = Sealer::new(&pgo.identity, &gp.card, None, &numbers, OPTIONS).unwrap();
            // Its numbers are reserved by now: it would not even ask the store.
            sealer.next_sequence().unwrap();
            let eager = Arc::new(Eager(Arc::clone(&sealer), Mutex::default()));
            let sealed = from.seal(TOPIC.into(), beat(b"61")).unwrap();
            opener.open(TOPIC.into(), None, sealed.clone(), false, Some(eager.clone())).unwrap();
            assert_eq!(open(&opener, &sealed).map_err(number), Err(8), "it was taken");
            let told = eager.1.lock().unwrap().take().unwrap();
            assert_eq!(told.err(), busy.then_some(Failure::BUSY));
            assert!(sealer.seal(TOPIC.into(), beat(b"62")).is_ok(), "afterwards it seals");
        }
    });
}
