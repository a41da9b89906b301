//! The bridge as a face calls it: each story once over a file and once over a database of the application's.

mod people;

use std::sync::{Arc, Mutex};

use people::{TOPIC, beat, both, claims, memory, number, open, person};
use zegel_uniffi::{
    Card, Content, Event, Failure, Identity, KemKey, Opened, Pack, Pairing, PairingCode, Policy, Record,
    Secret, SessionLimits, Store, Succession, Taker, Value,
};

const LIMITS: SessionLimits = SessionLimits { block: 4, messages: 100, seconds: 600 };

/// Stores what it is given, or fails.
#[derive(Default)]
struct Shelf {
    taken: Mutex<Vec<Opened>>,
    full: bool,
}

impl Taker for Shelf {
    fn take(&self, opened: Opened) -> Result<(), Failure> {
        self.taken.lock().unwrap().push(opened);
        if self.full { Err(Failure::CALLBACK) } else { Ok(()) }
    }
}

#[test]
fn a_measurement_is_taken_once_and_can_be_handed_on() {
    both(|store| {
        let (device, pgo, gp) = (person("watch"), person("PGO"), person("GP"));
        store.pin(&device.card).unwrap();
        let opener = pgo.opener(&store);
        let sealed = device.sealer(&pgo).seal(TOPIC.into(), beat(b"61")).unwrap();
        let opened = open(&opener, &sealed).unwrap();
        assert_eq!(opened.content, Content::Measurement { format: 42, body: b"61".to_vec() });
        assert_eq!((opened.sender, opened.is_signed), (device.identity.id(), true));
        assert_eq!(open(&opener, &sealed).map_err(number), Err(8));

        let forwarded =
            pgo.sealer(&gp).forward(TOPIC.into(), None, opened.proven[0].evidence.clone()).unwrap();
        let theirs = memory();
        theirs.pin(&pgo.card).unwrap();
        theirs.pin(&device.card).unwrap();
        let Content::Evidence { evidence, pinned } = open(&gp.opener(&theirs), &forwarded).unwrap().content
        else {
            panic!("no evidence");
        };
        assert_eq!((evidence.origin, evidence.body, pinned), (device.identity.id(), b"61".to_vec(), true));
    });
}

#[test]
fn what_the_application_cannot_store_is_not_taken() {
    both(|store| {
        let (device, pgo) = (person("watch"), person("PGO"));
        store.pin(&device.card).unwrap();
        let opener = pgo.opener(&store);
        let sealed = device.sealer(&pgo).seal(TOPIC.into(), beat(b"61")).unwrap();
        let full = Arc::new(Shelf { full: true, ..Shelf::default() });
        let attempt = |taker| opener.open(TOPIC.into(), None, sealed.clone(), false, Some(taker));
        assert_eq!(attempt(full.clone()), Err(Failure::CALLBACK));
        assert_eq!(full.taken.lock().unwrap().len(), 1);
        assert!(attempt(Arc::new(Shelf::default())).is_ok());
        assert_eq!(attempt(Arc::new(Shelf::default())).map_err(number), Err(8));
    });
}

#[test]
fn what_came_early_waits_for_its_keyframe_and_its_card() {
    both(|store| {
        let (device, pgo) = (person("watch"), person("PGO"));
        let opener = pgo.opener(&store);
        let sealer = device.sealer(&pgo);
        let alone = sealer.seal(TOPIC.into(), beat(b"60")).unwrap();
        let keyframe = sealer.begin_session(TOPIC.into(), None, LIMITS).unwrap();
        assert_eq!(sealer.seal(TOPIC.into(), beat(b"61")), Err(Failure::BAD_CONTEXT));
        let message = sealer.session_seal(TOPIC.into(), beat(b"61"), None).unwrap();
        let manifest = sealer.session_manifest(TOPIC.into()).unwrap();
        sealer.end_session().unwrap();
        let shelf = Arc::new(Shelf::default());
        let receive = |message: &[u8]| {
            let received =
                opener.receive(TOPIC.into(), Some(1_764_000_000), message.to_vec(), true, shelf.clone());
            received.map(|received| (received.taken, received.early)).map_err(number)
        };
        assert_eq!([receive(&message), receive(&keyframe), receive(&alone)], [Ok((0, true)); 3]);
        assert_eq!(store.shelved(), Ok(3));
        store.pin(&device.card).unwrap();
        let retried = opener.retry(Some(1_764_000_000), true, shelf.clone()).unwrap();
        assert_eq!((retried.taken, retried.refused, store.shelved()), (3, 0, Ok(0)));
        assert_eq!(receive(&manifest), Ok((1, false)));
        let taken = shelf.taken.lock().unwrap();
        let proven: Vec<usize> = taken.iter().map(|opened| opened.proven.len()).collect();
        assert_eq!(proven.iter().sum::<usize>(), 2, "the lone one and the block: {proven:?}");
        assert_eq!(receive(&message), Err(8));
    });
}

#[test]
fn what_waits_for_sessions_that_never_were_has_an_end() {
    both(|store| {
        let (device, pgo) = (person("watch"), person("PGO"));
        store.pin(&device.card).unwrap();
        let (opener, sealer) = (pgo.opener(&store), device.sealer(&pgo));
        sealer.begin_session(TOPIC.into(), None, LIMITS).unwrap();
        let id = sealer.session_id().unwrap();
        let message = sealer.session_seal(TOPIC.into(), beat(&vec![0; 900_000]), None).unwrap();
        let at = message.windows(8).position(|window| window == id).unwrap();
        let receive = |session: u8| {
            let mut message = message.clone();
            message[at] = session;
            let received = opener.receive(TOPIC.into(), Some(10), message, false, Arc::new(Shelf::default()));
            received.map(|received| received.early).map_err(number)
        };
        // Each names another session: 64 MiB of them, and then they are refused, and nothing waits for room.
        let early = (0..=255).take_while(|session| receive(*session) == Ok(true)).count();
        assert!((70..75).contains(&early), "{early}");
        assert_eq!(receive(255), Err(24));
        assert_eq!(store.shelved(), Ok(early as u64));
        assert_eq!(store.expire_shelf(11), Ok(early as u64));
        assert_eq!((store.shelved(), receive(0)), (Ok(0), Ok(true)));
    });
}

#[test]
fn an_alarm_stays_until_somebody_has_seen_it() {
    both(|store| {
        let (device, pgo) = (person("watch"), person("PGO"));
        store.pin(&device.card).unwrap();
        let opener = pgo.opener(&store);
        // A device that was cloned counts from the start again.
        let [one, other] =
            [b"1", b"2"].map(|body| device.sealer(&pgo).seal(TOPIC.into(), beat(body)).unwrap());
        assert!(open(&opener, &one).is_ok());
        assert_eq!(open(&opener, &other).map_err(number), Err(10));
        assert_eq!(open(&opener, &other).map_err(number), Err(10));
        let events = store.events().unwrap();
        let [Event::Conflict { number, times: 2, sequence: 0, .. }] = events[..] else {
            panic!("{events:?}")
        };
        assert_eq!((store.dismiss(number), store.dismiss(number)), (Ok(true), Ok(false)));
        assert_eq!(store.events(), Ok(vec![]));
    });
}

#[test]
fn trust_follows_one_rule() {
    both(|store| {
        let device = person("watch");
        let newer = Card::issue(&device.identity, claims("watch", 2, &KemKey::generate().unwrap())).unwrap();
        assert_eq!(store.renew(&newer).map_err(number), Err(4));
        assert_eq!(store.pin(&device.card), Ok(Succession::New));
        assert_eq!(store.renew(&newer), Ok(Succession::Newer));
        assert_eq!(store.pin(&device.card).map_err(number), Err(11));
        let other = Card::issue(&device.identity, claims("clone", 2, &device.key)).unwrap();
        assert_eq!(store.pin(&other).map_err(number), Err(12));
        assert_eq!(store.events().unwrap().len(), 2, "other keys, and two cards for one place");
        assert_eq!(store.card(device.identity.id()).unwrap().unwrap().bytes(), newer.bytes());
        store.revoke(device.identity.id()).unwrap();
        assert!(store.peers().unwrap()[0].ended);
        assert_eq!(
            store.renew(&Card::issue(&device.identity, claims("", 3, &device.key)).unwrap()).map_err(number),
            Err(5)
        );
    });
}

#[test]
fn two_ends_pair_by_a_code() {
    let (shows, scans) = (person("PGO"), person("watch"));
    let code = PairingCode::draw(&shows.identity, Some(1_764_000_000), 600).unwrap();
    let scanned = PairingCode::scan(code.text().unwrap()).unwrap();
    let now = Some(1_764_000_100);
    let shower = Pairing::show(&code, &shows.identity, &shows.card, now).unwrap();
    assert_eq!(code.text(), Err(Failure::BAD_CONTEXT), "a code serves once");
    let scanner = Pairing::answer(&scanned, &scans.identity, &scans.card, now).unwrap();
    assert_eq!((shower.listens_on(), shower.speaks_on()), (scanner.speaks_on(), scanner.listens_on()));
    assert_eq!(shower.take(b"noise".to_vec(), now).err().map(number), Some(1));
    let two = shower.take(scanner.first_message().unwrap(), now).unwrap().answer.unwrap();
    let three = scanner.take(two, now).unwrap().answer.unwrap();
    let last = shower.take(three, now).unwrap();
    assert_eq!(last.partner.unwrap().bytes(), scans.card.bytes());
    let done = scanner.take(last.answer.unwrap(), now).unwrap();
    assert_eq!(done.partner.unwrap().bytes(), shows.card.bytes());
    assert_eq!(scanner.take(b"more".to_vec(), now).err().map(number), Some(30));
}

#[test]
fn what_no_policy_lists_stays_home() {
    let named = |name: &str, number| Record {
        name: name.into(),
        unit: None,
        value: Some(Value::Number { number }),
        sum: None,
        time: None,
        update_time: None,
        base_name: None,
        base_time: None,
        base_unit: None,
        base_value: None,
        base_sum: None,
        base_version: None,
    };
    let mut rate = named("heart-rate", 69.0);
    rate.unit = Some("beat/min".into());
    let pack = Pack::new(vec![rate, named("latitude", 52.37)]).unwrap();
    let nothing = Policy {
        names: vec![],
        prefixes: vec![],
        locations: vec![],
        keep_base_name: false,
        resolution: Some(60),
    };
    let policy = Policy { names: vec!["heart-rate".into()], ..nothing.clone() };
    assert_eq!(pack.withheld(policy.clone()), ["latitude"]);
    let (device, pgo) = (person("watch"), person("PGO"));
    let sealer = device.sealer(&pgo);
    assert_eq!(sealer.seal_pack(TOPIC.into(), None, &pack, nothing).map_err(number), Err(23));
    assert!(sealer.seal_pack(TOPIC.into(), None, &pack, policy).is_ok());
}

#[test]
fn threads_share_a_sealer_and_no_number() {
    let (device, pgo) = (person("watch"), person("PGO"));
    let sealer = device.sealer(&pgo);
    let sealed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..8 {
                    let envelope = sealer.seal(TOPIC.into(), beat(b"61")).unwrap();
                    sealed.lock().unwrap().push(envelope);
                }
            });
        }
    });
    let store = memory();
    store.pin(&device.card).unwrap();
    let opener = pgo.opener(&store);
    let sealed = sealed.into_inner().unwrap();
    assert!(sealed.iter().all(|envelope| open(&opener, envelope).is_ok()));
}

#[test]
fn keys_live_in_a_file_and_in_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state").to_str().unwrap().to_owned();
    let store = Store::file(path).unwrap();
    let secret = Secret::random().unwrap();
    store.set_identity(&secret, 1).unwrap();
    store.add_kem_key(&Secret::random().unwrap(), 1).unwrap();
    let key = &store.kem_keys().unwrap()[0];
    assert_eq!(store.retire_kem_key(key.key.kid(), 2), Ok(true));
    assert_eq!(store.erase_retired(3), Ok(1));
    assert_eq!(store.identity().unwrap().unwrap().id(), Identity::from_seed(&secret).unwrap().id());
    assert_eq!(memory().set_identity(&secret, 1), Err(Failure::BAD_CONTEXT));
}
