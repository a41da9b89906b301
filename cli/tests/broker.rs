//! `zegel pub` and `zegel sub` through a real mosquitto, killed again and again: nothing lost, nothing twice.

mod common;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use common::Parties;
use common::mosquitto::{Mosquitto, free_port};

#[test]
fn sub_is_killed_again_and_again_and_each_measurement_is_written_once() {
    let Some(broker) = Mosquitto::start() else { return };
    let parties = Parties::new();
    let sub = || {
        let mut sub =
            parties.zegel(&["sub", "-i", "pgo.key", "-t", "zegel/+/1", "--state", "pgo.state", "--json"]);
        sub.args(["-o", "out.jsonl", "--broker", &broker.address]);
        sub
    };
    // The session exists at the broker before anything is published.
    assert_eq!(sub().args(["--timeout", "1"]).output().unwrap().status.code(), Some(0));

    let lines: String = (0..MESSAGES).map(|n| format!("measurement {n}\n")).collect();
    let mut publisher = parties
        .zegel(&[
            "pub",
            "-i",
            "device.key",
            "-r",
            "pgo.card",
            "-t",
            "zegel/7f3a/1",
            "--state",
            "device.state",
            "-l",
        ])
        .args(["--broker", &broker.address])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = publisher.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    for round in 0..KILLS {
        let mut victim = sub().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(100 + (round * 37) % 200));
        victim.kill().unwrap();
        victim.wait().unwrap();
    }
    let so_far = std::fs::read_to_string(parties.path("out.jsonl")).unwrap().lines().count();
    eprintln!("{so_far} of {MESSAGES} were written by processes that were killed");
    feeder.join().unwrap();
    assert!(publisher.wait().unwrap().success());
    let last = sub().args(["--timeout", "3", "-q"]).output().unwrap();
    assert_eq!(last.status.code(), Some(0), "{}", String::from_utf8_lossy(&last.stderr));

    let text = std::fs::read_to_string(parties.path("out.jsonl")).unwrap();
    let records: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let unique: BTreeSet<u64> = records.iter().map(|record| record["sequence"].as_u64().unwrap()).collect();
    assert_eq!(records.len(), MESSAGES, "each once");
    assert_eq!(unique.len(), MESSAGES, "and all of them");
    for (n, record) in records.iter().enumerate() {
        assert_eq!(record["record"], n);
        let sequence = record["sequence"].as_u64().unwrap();
        assert_eq!(record["text"], format!("measurement {sequence}"));
    }
}

#[test]
fn hostile_messages_are_reported_and_stop_nothing() {
    let Some(broker) = Mosquitto::start() else { return };
    let parties = Parties::new();
    let sub = |more: &[&str]| {
        let mut sub = parties.zegel(&["sub", "-i", "pgo.key", "-t", "zegel/#", "--state", "pgo.state"]);
        sub.args(["--broker", &broker.address]).args(more).output().unwrap()
    };
    sub(&["--timeout", "1"]);
    let publish = |message: &str| {
        let mut publish =
            parties.zegel(&["pub", "-i", "device.key", "-r", "pgo.card", "--state", "device.state"]);
        publish.args(["-t", "zegel/a", "-m", message, "--broker", &broker.address]);
        assert!(publish.output().unwrap().status.success());
    };
    publish("71");
    let envelope = parties.seal(b"stolen", "zegel/a");
    for (topic, bytes) in [
        ("zegel/a", b"noise".to_vec()),
        ("zegel/b", envelope.clone()),
        ("zegel/a", envelope.clone()),
        ("zegel/a", envelope),
    ] {
        broker.publish(topic, &bytes);
    }
    publish("72");
    let output = sub(&["--count", "3", "--timeout", "10"]);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!((output.status.code(), out.as_ref()), (Some(0), "71\nstolen\n72\n"), "{err}");
    for name in ["Malformed", "Rejected", "Duplicate"] {
        assert!(err.contains(&format!("refused: {name}")), "{err}");
    }
}

#[test]
fn a_broker_that_is_not_there_is_one_clear_error() {
    let parties = Parties::new();
    let port = free_port().to_string();
    let output = parties
        .zegel(&["sub", "-i", "pgo.key", "-t", "a", "--state", "pgo.state", "-p", &port])
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        err.starts_with("zegel: cannot connect to mqtt://localhost:") && err.lines().count() == 1,
        "{err}"
    );
}

const MESSAGES: usize = 3_000;
const KILLS: u64 = 40;
