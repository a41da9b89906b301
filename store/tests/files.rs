//! A file that is damaged, foreign, newer or in use: a clear error, and the same bytes afterwards (threat D-11).

mod common;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use common::{digest, place, stream};
use zegel::ReplayGuard as _;
use zegel_store::{Store, StoreError};

/// Opens `path`, which must fail, and must leave what is there as it is.
fn refused(path: &Path) -> StoreError {
    let before = fs::read(path).unwrap();
    let opened = Store::open(path).expect_err("must be refused");
    assert!(fs::read(path).unwrap() == before, "{opened}: changed by `open`");
    let again = Store::open_or_create(path).expect_err("must be refused");
    assert!(fs::read(path).unwrap() == before, "{again}: changed by `open_or_create`");
    assert!(matches!(Store::create(path), Err(StoreError::AlreadyExists)));
    assert!(fs::read(path).unwrap() == before, "changed by `create`");
    opened
}

/// A store with something in every part that a receiver uses, and its bytes.
fn sample(path: &Path) -> Vec<u8> {
    let store = Store::create(path).unwrap();
    let mut transaction = store.begin().unwrap();
    for sequence in 0..20 {
        let _ = transaction.take(&stream(1), sequence * 2, &digest(sequence, 0)).unwrap();
        transaction.put("inbox", &sequence.to_be_bytes(), &[7; 100]).unwrap();
    }
    transaction.commit().unwrap();
    drop(store);
    fs::read(path).unwrap()
}

fn contents(store: &Store) -> impl PartialEq + std::fmt::Debug {
    (store.scan("inbox", b"", 100).unwrap(), store.gaps(&stream(1)).unwrap(), store.streams().unwrap())
}

#[test]
fn what_is_not_a_store_is_left_alone() {
    let (directory, path) = place();
    assert!(matches!(Store::open(&path), Err(StoreError::NotFound)));
    assert!(!path.exists());
    let sqlite = [b"SQLite format 3\0".as_slice(), &[0; 4080]].concat();
    let long = vec![b'x'; 100_000];
    for bytes in [b"".as_slice(), b"r", b"redb", b"a letter to my doctor\n", &sqlite, &long, &[0; 4096]] {
        fs::write(&path, bytes).unwrap();
        assert!(matches!(refused(&path), StoreError::NotAStore(_)));
    }
    assert!(matches!(Store::open(directory.path()), Err(StoreError::NotAStore("a directory"))));
    assert!(matches!(Store::open_or_create(directory.path()), Err(StoreError::NotAStore("a directory"))));
    assert!(matches!(Store::create(directory.path()), Err(StoreError::AlreadyExists)));
    assert!(matches!(Store::create(directory.path().join("no/where")), Err(StoreError::NotFound)));
}

#[test]
fn another_program_s_database_is_left_alone() {
    let (_directory, path) = place();
    drop(redb::Database::create(&path).unwrap());
    assert!(matches!(refused(&path), StoreError::NotAStore("a redb database of another program")));
    let meta = redb::TableDefinition::<&str, u64>::new("zegel.meta");
    let database = redb::Database::open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(meta).unwrap().insert("schema", 1).unwrap();
    transaction.commit().unwrap();
    drop(database);
    assert!(matches!(refused(&path), StoreError::NotAStore("a redb database of another program")));
}

#[test]
fn a_file_cut_short_is_left_alone() {
    let (_directory, path) = place();
    let whole = sample(&path);
    for length in [1, 9, 64, 320, 4095, 4096, 8192, whole.len() / 2, whole.len() - 4096, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = refused(&path);
        assert!(matches!(error, StoreError::Corrupt(_) | StoreError::NotAStore(_)), "{length}: {error:?}");
    }
}

/// `damage.rs` does this to the whole file, in memory; here it is done on a real disk.
#[test]
fn a_changed_byte_is_refused_or_does_not_matter() {
    let (_directory, path) = place();
    let whole = sample(&path);
    let expected = format!("{:?}", contents(&Store::open(&path).unwrap()));
    for at in (0..whole.len()).step_by(997) {
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        fs::write(&path, &changed).unwrap();
        match Store::open(&path) {
            Ok(store) => assert_eq!(format!("{:?}", contents(&store)), expected, "byte {at}"),
            Err(error) => {
                assert!(
                    matches!(error, StoreError::Corrupt(_) | StoreError::NotAStore(_)),
                    "{at}: {error:?}"
                );
                assert!(fs::read(&path).unwrap() == changed, "byte {at}: the refused file was changed");
            }
        }
    }
}

#[test]
fn creating_never_replaces_and_leaves_nothing_behind() {
    let (directory, path) = place();
    let store = Store::create(&path).unwrap();
    assert!(matches!(Store::create(&path), Err(StoreError::AlreadyExists)));
    assert!(matches!(Store::open(&path), Err(StoreError::Locked)));
    assert!(matches!(Store::open_or_create(&path), Err(StoreError::Locked)));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "a draft was left behind");
    drop(store);
    Store::open_or_create(&path).unwrap();
}

#[test]
fn of_many_creators_one_succeeds() {
    let (directory, path) = place();
    let made = thread::scope(|scope| {
        let creators: Vec<_> = (0..8).map(|_| scope.spawn(|| Store::create(&path).is_ok())).collect();
        creators.into_iter().map(|creator| creator.join().unwrap()).filter(|made| *made).count()
    });
    assert_eq!(made, 1);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_directory, path) = place();
    drop(Store::open_or_create(&path).unwrap());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

const HELD: &str = "ZEGEL_STORE_TEST_HELD";

/// The other process of `two_processes_never_share_a_store`; nothing when it is run by itself.
#[test]
#[ignore = "run by two_processes_never_share_a_store"]
fn holder() {
    let Ok(path) = std::env::var(HELD) else { return };
    let _store = Store::open(path).unwrap();
    println!("held");
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

#[test]
fn two_processes_never_share_a_store() {
    let (_directory, path) = place();
    drop(Store::create(&path).unwrap());
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["holder", "--exact", "--ignored", "--nocapture"])
        .env(HELD, &path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.contains("held")), "the other process opens it");
    let before = fs::read(&path).unwrap();
    assert!(matches!(Store::open(&path), Err(StoreError::Locked)));
    assert!(matches!(Store::open_or_create(&path), Err(StoreError::Locked)));
    assert!(fs::read(&path).unwrap() == before);
    holder.kill().unwrap();
    holder.wait().unwrap();
    Store::open(&path).unwrap();
}
