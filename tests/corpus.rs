//! Replays the checked-in fuzz corpora: the functions are those that the fuzzer runs.

#[path = "../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "there it is a library")]
mod fuzz;

use std::fs;
use std::path::Path;

/// Runs every file, sorted by name, so that a failure names the same one each time.
fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 20, "{} files for {target}", files.len());
    for file in files {
        let data = fs::read(&file).unwrap();
        let ran = std::panic::catch_unwind(|| run(&data));
        assert!(ran.is_ok(), "{} fails", file.display());
    }
}

#[test]
fn the_parse_corpus_holds() {
    replay("parse", fuzz::parse);
}

#[test]
fn the_open_corpus_holds() {
    replay("open", fuzz::open);
}

#[test]
fn the_card_corpus_holds() {
    replay("card", fuzz::card);
}

#[test]
fn the_pairing_corpus_holds() {
    replay("pairing", fuzz::pairing);
}

#[test]
fn the_group_corpus_holds() {
    replay("group", fuzz::group);
}

#[test]
fn the_session_corpus_holds() {
    replay("session", fuzz::session);
}

#[test]
fn the_evidence_corpus_holds() {
    replay("evidence", fuzz::evidence);
}
