//! Key files that change: a killed rotation costs no key, and an erased key is in no file any more (SPEC §8.4).

mod common;

use std::fs::{self, File};
use std::io::Read as _;
use std::process::Stdio;
use std::time::Duration;

use common::Parties;

const ROTATE: &str = "card rotate -i pgo.key -o pgo.card";
const OPEN: &str = "open -i pgo.key -t zegel/a --state pgo.state";

fn json(parties: &Parties, line: &str) -> serde_json::Value {
    serde_json::from_slice(&parties.run(line, b"").stdout).unwrap()
}

/// The secret that stands last in the key file.
fn last_secret(parties: &Parties) -> Vec<u8> {
    let text = String::from_utf8(parties.run("key export -i pgo.key", b"").stdout).unwrap();
    let line = text.lines().last().unwrap();
    data_encoding::HEXLOWER.decode(&line.as_bytes()[line.len() - 64..]).unwrap()
}

/// Whether a file of the folder holds these bytes, bare, or in the lines of a text armour.
fn stands(parties: &Parties, secret: &[u8]) -> bool {
    let holds = |bytes: &[u8]| bytes.windows(secret.len()).any(|part| part == secret);
    fs::read_dir(parties.path("")).unwrap().any(|entry| {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let lines: String = text.lines().filter(|line| !line.starts_with(['#', '-'])).collect();
        let armour = data_encoding::BASE64.decode(lines.as_bytes()).unwrap_or_default();
        holds(&bytes) || holds(&armour)
    })
}

#[test]
fn an_erased_key_is_in_no_file_any_more() {
    let parties = Parties::new();
    let old = last_secret(&parties);
    let sealed = parties.seal(b"71", "zegel/a");
    let mut before = File::open(parties.path("pgo.key")).unwrap();
    parties.does(ROTATE);
    let mut between = File::open(parties.path("pgo.key")).unwrap();
    assert_eq!(last_secret(&parties), old);
    assert!(stands(&parties, &old), "the search can find a key");
    assert!(parties.does("key erase -i pgo.key").contains("erased: 0; left: 2"), "its grace is not over");
    assert_eq!(parties.run(OPEN, &sealed).stdout, b"71");

    assert!(parties.does("key erase -i pgo.key --grace 0").contains("erased: 1; left: 1"));
    assert!(!stands(&parties, &old) && last_secret(&parties) != old);
    for file in [&mut before, &mut between] {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        assert!(bytes.len() > 100 && bytes.iter().all(|byte| *byte == 0), "a replaced file was overwritten");
    }
    assert_eq!(parties.fails(OPEN, &sealed).0, Some(12), "NotForMe");
    // The next rotation ends the grace of the key before it as well.
    let next = last_secret(&parties);
    parties.does(&format!("{ROTATE} --grace 0"));
    assert!(stands(&parties, &next));
    parties.does(&format!("{ROTATE} --grace 0"));
    assert!(!stands(&parties, &next));
    assert_eq!(parties.fails("key erase -i pgo.key --all", b"").0, Some(2), "it has to be confirmed");
    let last = last_secret(&parties);
    parties.does("key erase -i pgo.key --all --for-good");
    assert!(!stands(&parties, &last) && !parties.path("pgo.key").exists());
}

#[test]
fn a_card_lists_the_new_key_first_and_counts_up() {
    let parties = Parties::new();
    let mut cards = vec![json(&parties, "card show --json pgo.card")];
    for _ in 0..5 {
        parties.does(ROTATE);
        cards.push(json(&parties, "card show --json pgo.card"));
    }
    for pair in cards.windows(2) {
        assert!(pair[0]["serial"].as_u64() < pair[1]["serial"].as_u64());
        assert_eq!((&pair[1]["label"], &pair[1]["id"]), (&"PGO".into(), &cards[0]["id"]));
        assert_eq!(pair[1]["kem_kids"][1], pair[0]["kem_kids"][0], "the one before it is in its grace");
    }
    let keys = json(&parties, "key show --json -i pgo.key");
    assert_eq!(cards[5]["kem_kids"].as_array().unwrap()[..], keys["kem_kids"].as_array().unwrap()[..4]);
    let retired = keys["retired"].as_array().unwrap();
    assert!(retired.len() == 6 && retired[0].is_null() && retired[1..].iter().all(serde_json::Value::is_u64));
    assert_eq!(parties.fails("card rotate -i device.key -o device.card", b"").0, Some(1), "it only seals");
    assert_eq!(parties.fails("card rotate -i pgo.key -o device.card", b"").0, Some(1), "not its card");
    // A serial that somebody set by hand is counted up too.
    parties.does("card issue -i pgo.key -o pgo.card --force --serial 9000000000000000");
    parties.does(ROTATE);
    assert_eq!(json(&parties, "card show --json pgo.card")["serial"], 9_000_000_000_000_001_u64);
}

#[test]
fn a_rotation_that_is_not_told_is_taken_up_again() {
    let parties = Parties::new();
    let (code, words) = parties.fails(&format!("{ROTATE} --publish mqtt://127.0.0.1:1 -t zegel/cards"), b"");
    assert!(code == Some(1) && words.contains("run this again"), "{words}");
    let keys = json(&parties, "key show --json -i pgo.key");
    assert_eq!(keys["retired"], serde_json::json!([null, null]), "the grace begins when the card is out");
    assert!(parties.does("key erase -i pgo.key --grace 0").contains("erased: 0; left: 2"));
    assert!(parties.does(ROTATE).contains("drawn already"));
    let again = json(&parties, "key show --json -i pgo.key");
    assert_eq!(again["kem_kids"], keys["kem_kids"]);
    assert!(again["retired"][0].is_null() && again["retired"][1].is_u64());
}

#[test]
fn a_rotation_that_is_killed_leaves_usable_keys() {
    let parties = Parties::new();
    let (mut killed, mut taken_up) = (0, 0);
    for round in 0..KILLS {
        let mut rotation = parties
            .zegel(&["card", "rotate", "-i", "pgo.key", "-o", "pgo.card", "--grace", "0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_micros(1_000 + round * 700 % 40_000));
        rotation.kill().unwrap();
        let output = rotation.wait_with_output().unwrap();
        killed += u32::from(!output.status.success());
        taken_up += u32::from(String::from_utf8_lossy(&output.stderr).contains("drawn already"));
        // Whatever card is out, what is sealed to it opens.
        let body = round.to_string();
        let sealed = parties.seal(body.as_bytes(), "zegel/a");
        let output = parties.run(OPEN, &sealed);
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.stdout, body.as_bytes(), "round {round}: {words}");
    }
    eprintln!("{killed} of {KILLS} rotations were killed, {taken_up} were taken up again");
    assert!(killed > 0);
    parties.does(ROTATE);
    let beside = fs::read_dir(parties.path("")).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name().to_string_lossy().into_owned();
        name.starts_with(".pgo.key")
    });
    assert_eq!(beside.count(), 0, "nothing secret is left beside the key file");
}

const KILLS: u64 = 60;
