//! Keys that are rotated and cards that follow them through a real mosquitto: nobody is paired anew, nothing is
//! lost, and nothing is believed (SPEC §8.3, §8.4).

mod common;

use common::Parties;
use common::mosquitto::Mosquitto;

const ROTATE: &str = "card rotate -i pgo.key -o pgo.card";

/// The parties, with the PGO's identity pinned at the device and its first card copied to `first.card`.
fn paired() -> Parties {
    let parties = Parties::new();
    parties.does("trust add --state device.state pgo.card");
    std::fs::copy(parties.path("pgo.card"), parties.path("first.card")).unwrap();
    parties
}

fn publish(broker: &Mosquitto, message: &str) -> String {
    format!(
        "pub -i device.key -r first.card --state device.state -t zegel/a -m {message} --cards zegel/cards \
         --broker {}",
        broker.address
    )
}

fn subscribe(broker: &Mosquitto, more: &str) -> String {
    format!("sub -i pgo.key --state pgo.state -t zegel/a --broker {} {more}", broker.address)
}

fn bare_card(parties: &Parties, line: &str) -> Vec<u8> {
    let output = parties.run(&format!("card issue --binary {line}"), b"");
    assert!(output.status.success());
    output.stdout
}

#[test]
fn a_sender_follows_a_rotation_without_being_paired_anew() {
    let Some(broker) = Mosquitto::start() else { return };
    let parties = paired();
    parties.does(&subscribe(&broker, "--timeout 1"));
    parties.does(&publish(&broker, "before"));
    let (late, too_late) = (parties.seal(b"late", "zegel/a"), parties.seal(b"too_late", "zegel/a"));
    let address = &broker.address;
    parties.does(&format!("{ROTATE} --publish {address} -t zegel/cards"));
    let words = parties.does(&publish(&broker, "after"));
    assert!(words.contains("newer card of ") && !words.contains("ALARM"), "{words}");
    let words = parties.does(&publish(&broker, "again"));
    assert!(!words.contains("newer card"), "it is pinned: {words}");
    // Sealed to the old key before the switch, and delivered after it.
    broker.publish("zegel/a", &late);
    let output = parties.run(&subscribe(&broker, "--count 4 --timeout 10"), b"");
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "before\nafter\nagain\nlate\n", "{words}");

    // The grace is over: what was sealed to the old key is for nobody, and the new one goes on.
    assert!(parties.does("key erase -i pgo.key --grace 0").contains("erased: 1; left: 1"));
    broker.publish("zegel/a", &too_late);
    parties.does(&publish(&broker, "last"));
    let output = parties.run(&subscribe(&broker, "--count 1 --timeout 10"), b"");
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.stdout, b"last\n", "{words}");
    assert!(words.contains("refused: NotForMe (2)"), "{words}");
    // Sealing to a file takes the newer card from the state, and the file that is named may be old.
    std::fs::copy(parties.path("first.card"), parties.path("pgo.card")).unwrap();
    let sealed = parties.seal(b"by file", "zegel/a");
    assert_eq!(parties.run("open -i pgo.key -t zegel/a --state pgo.state", &sealed).stdout, b"by file");
}

#[test]
fn a_receiver_that_runs_opens_with_the_new_key_at_once() {
    let Some(broker) = Mosquitto::start() else { return };
    let parties = paired();
    let line = subscribe(&broker, "--count 2 --timeout 30");
    parties.does(&subscribe(&broker, "--timeout 1"));
    let words: Vec<&str> = line.split_whitespace().collect();
    let receiver = parties
        .zegel(&words)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    parties.does(&publish(&broker, "one"));
    parties.does(&format!("{ROTATE} --grace 0 --publish {} -t zegel/cards", broker.address));
    parties.does("key erase -i pgo.key --grace 0");
    assert!(parties.does(&publish(&broker, "two")).contains("newer card of "));
    let output = receiver.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"one\ntwo\n"[..]), "{words}");
    assert!(words.contains("read again"), "{words}");
}

#[test]
fn cards_on_the_topic_get_the_verdict_of_the_rules() {
    let Some(broker) = Mosquitto::start() else { return };
    let parties = paired();
    let address = &broker.address;
    let first = bare_card(&parties, "-i pgo.key --serial 1");
    let second = bare_card(&parties, "-i pgo.key --serial 99999999999999 --label one");
    let other_second = bare_card(&parties, "-i pgo.key --serial 99999999999999 --label two");
    parties.does("keygen -o stranger.key");
    let stranger = bare_card(&parties, "-i stranger.key --label PGO");
    let pinned = |state: &str| parties.run(&format!("trust list --json --state {state}"), b"").stdout;
    let run = |message: &str| {
        let output = parties.run(&publish(&broker, message), b"");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };

    let before = pinned("device.state");
    for (bytes, verdict) in
        [(&stranger, "who is not pinned"), (&first, "ALARM: Rollback (11)"), (&vec![7; 99], "no card")]
    {
        broker.retain("zegel/cards", bytes);
        let (code, words) = run("1");
        assert!(code == Some(0) && words.contains(verdict), "{verdict}: {words}");
        assert_eq!(pinned("device.state"), before, "{verdict}: nothing is pinned");
    }
    broker.retain("zegel/cards", &second);
    assert!(run("2").1.contains("newer card of "));
    let after = pinned("device.state");
    broker.retain("zegel/cards", &other_second);
    let (code, words) = run("3");
    assert_eq!(code, Some(22), "{words}");
    assert!(words.matches("ALARM: Equivocation (12)").count() == 2, "{words}");
    assert_eq!(pinned("device.state"), after, "the pinned card stays");
    // A receiver that is left alone ends with it as well.
    parties.does("trust add --state pgo.state pgo.card");
    broker.retain("zegel/cards", &second);
    parties.does(&subscribe(&broker, "--timeout 1 --cards zegel/cards"));
    broker.retain("zegel/cards", &other_second);
    let output = parties.run(&subscribe(&broker, "--timeout 1 --cards zegel/+"), b"");
    assert_eq!(output.status.code(), Some(22), "{}", String::from_utf8_lossy(&output.stderr));

    // A withdrawal is the end, at any serial, for sealing and for opening.
    assert_eq!(
        parties.fails("card withdraw -i pgo.key -o pgo.card", b"").0,
        Some(1),
        "it has to be confirmed"
    );
    let withdraw = "card withdraw -i pgo.key -o pgo.card --for-good --publish";
    assert_eq!(parties.fails(&format!("{withdraw} mqtt://127.0.0.1:1 -t zegel/cards"), b"").0, Some(1));
    parties.does(&format!("{withdraw} {address} -t zegel/cards"));
    let (code, words) = run("4");
    assert!(code == Some(15) && words.contains("ALARM: Revoked (5)"), "{code:?} {words}");
    broker.retain("zegel/cards", &second);
    assert_eq!(run("5").0, Some(15), "an older card does not undo it");
    assert_eq!(parties.fails(ROTATE, b"").0, Some(15), "nor does its owner");
    let sealed = parties.run("seal -i device.key -r stranger.card -t a --state device.state", b"");
    assert_ne!(sealed.status.code(), Some(0));
}

#[test]
fn a_sender_that_withdrew_is_heard_no_more() {
    let Some(broker) = Mosquitto::start() else { return };
    let parties = paired();
    parties.does(&subscribe(&broker, "--timeout 1 --cards zegel/devices/+"));
    parties.does(&publish(&broker, "one"));
    let address = &broker.address;
    parties.does(&subscribe(&broker, "--count 1 --timeout 9 --cards zegel/devices/+"));
    parties.does(&format!(
        "card withdraw -i device.key -o device.card --for-good --publish {address} -t zegel/devices/1"
    ));
    parties.does(&publish(&broker, "two"));
    let output = parties.run(&subscribe(&broker, "--timeout 2 --cards zegel/devices/+"), b"");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.stdout.is_empty() && words.contains("refused: Revoked (5)"), "{words}");
}

#[test]
fn a_conflict_is_an_alarm_and_the_exit_code() {
    let Some(broker) = Mosquitto::start() else { return };
    let parties = Parties::new();
    parties.does(&subscribe(&broker, "--timeout 1"));
    broker.publish("zegel/a", &parties.seal(b"1", "zegel/a"));
    std::fs::remove_file(parties.path("device.state")).unwrap();
    broker.publish("zegel/a", &parties.seal(b"2", "zegel/a"));
    let output = parties.run(&subscribe(&broker, "--timeout 2"), b"");
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(20), &b"1\n"[..]), "{words}");
    assert!(words.contains("ALARM: Conflict (10)"), "{words}");
}
