//! `zegel pair` through a real mosquitto that somebody else owns: both directions, rubbish, replays, a stolen code, a
//! code that runs out, and Ctrl-C.

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdout, Output, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use common::Parties;
use common::mosquitto::{Mosquitto, free_port};
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v5::Packet;
use zegel::pairing::{MAX_MESSAGE, PairingCode, Scanner};
use zegel::{Card, CardClaims, Identity, Status, rng::SysRng};

const PGO: &str = "-i pgo.key -c pgo.card --state pgo.state";
const DEVICE: &str = "-i device.key -c device.card --state device.state";

/// A `zegel pair show` that waits, and its code.
struct Shown {
    child: Child,
    stdout: BufReader<ChildStdout>,
    code: String,
}

impl Shown {
    fn start(parties: &Parties, broker: &Mosquitto, who: &str, more: &str) -> Self {
        let line = format!("pair show {who} {more} --broker {}", broker.address);
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut child = parties.zegel(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut code = String::new();
        stdout.read_line(&mut code).unwrap();
        assert_eq!(code.len(), PairingCode::TEXT_LEN + 1, "{code:?}");
        code.truncate(PairingCode::TEXT_LEN);
        Self { child, stdout, code }
    }

    /// The exit code, what followed the code, and what was said on standard error.
    fn end(mut self) -> (Option<i32>, String, String) {
        let mut out = String::new();
        self.stdout.read_to_string(&mut out).unwrap();
        let output = self.child.wait_with_output().unwrap();
        (output.status.code(), out, String::from_utf8(output.stderr).unwrap())
    }
}

fn scan(parties: &Parties, broker: &Mosquitto, who: &str, code: &str) -> Output {
    parties.run(&format!("pair scan {who} --broker {}", broker.address), format!("{code}\n").as_bytes())
}

/// Whom a state has pinned.
fn pinned(parties: &Parties, state: &str) -> Vec<String> {
    if !parties.path(state).exists() {
        return Vec::new();
    }
    let list = parties.run(&format!("trust list --json --state {state}"), b"");
    let list: serde_json::Value = serde_json::from_slice(&list.stdout).unwrap();
    list.as_array().unwrap().iter().map(|card| card["label"].as_str().unwrap().to_owned()).collect()
}

fn fingerprint(parties: &Parties, key: &str) -> String {
    let shown = parties.run(&format!("key show --json -i {key}"), b"");
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    shown["fingerprint"].as_str().unwrap().to_owned()
}

/// Somebody with a card of his own.
fn mallory() -> (Identity, Vec<u8>) {
    let mallory = Identity::generate(&mut SysRng).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let (not_before, expires, status) = (now - 1, now + 1000, Status::Active);
    let claims = CardClaims { serial: 1, not_before, expires, label: "Mallory", kem_keys: &[], status };
    let card = Card::issue_to_vec(&claims, &mallory, &mut SysRng).unwrap();
    (mallory, card)
}

/// What he says who has read a code, and where: to the shower, and to the scanner.
fn first_message(identity: &Identity, card: &[u8], code: &str) -> (Vec<u8>, [String; 2]) {
    let (code, mut out) = (PairingCode::parse(code).unwrap(), [0; MAX_MESSAGE]);
    let (scanner, one) = Scanner::new(code, identity, card, None, &mut out).unwrap();
    (one.to_vec(), [scanner.speaks_on().to_string(), scanner.listens_on().to_string()])
}

fn topics(code: &str) -> [String; 2] {
    let (mallory, card) = mallory();
    first_message(&mallory, &card, code).1
}

/// Nobody has pinned anybody.
fn strangers() -> Parties {
    let parties = Parties::new();
    std::fs::remove_file(parties.path("pgo.state")).unwrap();
    parties
}

/// A client that answers everything on any pairing's topics with the same again, on both directions, changed, and with
/// rubbish.
struct Hostile {
    client: rumqttc::Client,
    thread: Option<JoinHandle<()>>,
}

impl Hostile {
    fn start(broker: &Mosquitto) -> Self {
        let options = rumqttc::MqttOptions::new("mallory", ("127.0.0.1", broker.port));
        let (client, mut connection) = rumqttc::Client::builder(options).capacity(4096).build();
        client.subscribe("zegel/pair/#", QoS::AtLeastOnce).unwrap();
        // Its own messages come back to it, and end there.
        let is_new =
            |seen: &[Vec<u8>], bytes: &[u8]| bytes.len() > 30 && !seen.iter().any(|old| old == bytes);
        let (own, (ready, wait)) = (client.clone(), std::sync::mpsc::channel());
        let thread = std::thread::spawn(move || {
            let (mut published, mut seen) = (0, Vec::new());
            while let Ok(Ok(event)) = connection.recv() {
                let rumqttc::Event::Incoming(packet) = event else { continue };
                match packet {
                    Packet::SubAck(_) => ready.send(()).unwrap(),
                    Packet::Publish(publish) if published < MOST && is_new(&seen, &publish.payload) => {
                        let topic = String::from_utf8(publish.topic.to_vec()).unwrap();
                        let (pairing, _) = topic.rsplit_once('/').unwrap();
                        let genuine = publish.payload.to_vec();
                        let mut changed = genuine.clone();
                        *changed.last_mut().unwrap() ^= 1;
                        seen.extend([genuine.clone(), genuine[1..].to_vec(), changed.clone()]);
                        for direction in ["1", "2"] {
                            for bytes in [&genuine[..], &changed, b"rubbish", &[], &genuine[1..], &genuine] {
                                let topic = format!("{pairing}/{direction}");
                                let how = rumqttc::PublishOptions::new(QoS::AtLeastOnce);
                                own.publish(topic, bytes.to_vec(), how).unwrap();
                                published += 1;
                            }
                        }
                    }
                    _ => {}
                }
            }
        });
        wait.recv_timeout(Duration::from_secs(10)).unwrap();
        Self { client, thread: Some(thread) }
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        let _ = self.client.disconnect();
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// What the hostile client publishes in all.
const MOST: usize = 300;

#[test]
fn two_strangers_pair_through_a_hostile_broker_whoever_shows_the_code() {
    let Some(broker) = Mosquitto::start() else { return };
    let hostile = Hostile::start(&broker);
    for (shows, scans) in [(PGO, DEVICE), (DEVICE, PGO)] {
        let parties = strangers();
        let shown = Shown::start(&parties, &broker, shows, "");
        let [to_shower, to_scanner] = topics(&shown.code);
        broker.publish(&to_shower, b"rubbish");
        broker.retain(&to_scanner, b"rubbish");
        let output = scan(&parties, &broker, scans, &shown.code);
        let (status, out, err) = shown.end();
        let scanned = String::from_utf8(output.stdout).unwrap();
        let scan_err = String::from_utf8(output.stderr).unwrap();
        assert_eq!((status, output.status.code()), (Some(0), Some(0)), "{err}\n{scan_err}");
        let partner = |who| if who == PGO { ("device", "device.key") } else { ("PGO", "pgo.key") };
        for (who, out) in [(shows, &out), (scans, &scanned)] {
            let (label, key) = partner(who);
            assert!(out.starts_with(&format!("label:       {label}\n")), "{out}");
            assert!(out.contains(&fingerprint(&parties, key)), "{out}");
        }
        assert_eq!(pinned(&parties, "pgo.state"), ["device"]);
        assert_eq!(pinned(&parties, "device.state"), ["PGO"]);
        for err in [&err, &scan_err] {
            assert!(err.contains("refused: Malformed") && err.contains("refused in all: "), "{err}");
            assert!(!err.contains("ZEGEL:"), "the code is not told to a log: {err}");
        }
        // What was pinned is enough to send and receive.
        let envelope = parties.seal(b"71", "zegel/7f3a/1");
        let opened = parties.run("open -i pgo.key -t zegel/7f3a/1 --state pgo.state", &envelope);
        assert_eq!(opened.stdout, b"71");
    }
    drop(hostile);
}

#[test]
fn a_code_that_was_read_by_others_in_time_serves_them_and_says_so() {
    let Some(broker) = Mosquitto::start() else { return };
    let parties = strangers();
    let shown = Shown::start(&parties, &broker, PGO, "--expires 10s");
    let (mallory, card) = mallory();
    let (one, [to_shower, _]) = first_message(&mallory, &card, &shown.code);
    broker.publish(&to_shower, &one);
    std::thread::sleep(Duration::from_secs(1));

    let output = scan(&parties, &broker, DEVICE, &shown.code);
    let (status, out, err) = shown.end();
    let scan_err = String::from_utf8(output.stderr).unwrap();
    // He took the place and did not go on: nobody is pinned, and both ends say why.
    assert_eq!((status, output.status.code()), (Some(16), Some(16)), "{err}\n{scan_err}");
    assert!(out.is_empty() && output.stdout.is_empty());
    assert!(err.contains("refused: CodeUsed"), "{err}");
    assert!(scan_err.contains("refused: Rejected"), "{scan_err}");
    assert_eq!(pinned(&parties, "pgo.state"), [""; 0]);
    assert_eq!(pinned(&parties, "device.state"), [""; 0]);
}

#[test]
fn a_code_serves_once_and_not_for_long() {
    let Some(broker) = Mosquitto::start() else { return };
    let parties = strangers();
    let shown = Shown::start(&parties, &broker, PGO, "--expires 1s");
    let code = shown.code.clone();
    let (status, out, err) = shown.end();
    assert_eq!((status, out.as_str()), (Some(16), ""), "{err}");
    assert!(
        err.lines().last().unwrap().starts_with("zegel: nobody was paired while the code was good"),
        "{err}"
    );
    assert_eq!(scan(&parties, &broker, DEVICE, &code).status.code(), Some(16));

    let shown = Shown::start(&parties, &broker, PGO, "--expires 10s --json");
    let code = shown.code.clone();
    assert_eq!(scan(&parties, &broker, DEVICE, &code).status.code(), Some(0));
    let (status, out, _) = shown.end();
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &json["label"]), (Some(0), &"device".into()));
    // Nobody is there any more who would answer.
    parties.run("keygen -o late.key", b"");
    parties.run("card issue -i late.key -o late.card --label late", b"");
    let late = scan(&parties, &broker, "-i late.key -c late.card --state late.state", &code);
    assert_eq!(late.status.code(), Some(16), "{}", String::from_utf8_lossy(&late.stderr));
    assert_eq!(pinned(&parties, "late.state"), [""; 0]);
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_wait_and_pairs_nobody() {
    let Some(broker) = Mosquitto::start() else { return };
    let parties = strangers();
    for signal in ["-INT", "-TERM"] {
        let shown = Shown::start(&parties, &broker, PGO, "");
        let id = shown.child.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
        let (status, out, err) = shown.end();
        assert_eq!((status, out.as_str()), (Some(1), ""), "{err}");
        assert!(err.ends_with("zegel: nobody was paired: interrupted\n"), "{err}");
    }
    assert_eq!(pinned(&parties, "pgo.state"), [""; 0]);
}

#[test]
fn the_picture_is_its_owners_alone_and_replaces_nothing() {
    let Some(broker) = Mosquitto::start() else { return };
    let parties = strangers();
    let shown = Shown::start(&parties, &broker, PGO, "--svg code.svg");
    let svg = std::fs::read_to_string(parties.path("code.svg")).unwrap();
    assert!(svg.starts_with("<svg ") && svg.contains("viewBox=\"0 0 45 45\"") && !svg.contains("ZEGEL"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(parties.path("code.svg")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(scan(&parties, &broker, DEVICE, &shown.code).status.code(), Some(0));
    assert_eq!(shown.end().0, Some(0));
    let line = format!("pair show {PGO} --svg code.svg --broker {}", broker.address);
    let (status, message) = parties.fails(&line, b"");
    assert_eq!(status, Some(1));
    assert_eq!(message, "zegel: code.svg exists: what is secret is never overwritten");
    assert_eq!(std::fs::read_to_string(parties.path("code.svg")).unwrap(), svg);
}

#[test]
fn what_cannot_pair_is_refused_before_anything_is_said() {
    let parties = strangers();
    let code = PairingCode::draw(&zegel::Id([7; 32]), None, 0, &mut SysRng).unwrap().to_text();
    let changed = code.replace("ZEGEL:A", "ZEGEL:B");
    let nowhere = format!("--broker mqtt://127.0.0.1:{}", free_port());
    let scan = format!("pair scan {DEVICE} {nowhere}");
    for (line, input, status) in [
        (format!("{scan} {changed}"), "", 11),
        (format!("{scan} {}", code.to_lowercase()), "", 11),
        (scan.clone(), "", 11),
        (scan.clone(), "https://example.org/pair", 11),
        (format!("pair scan -i device.key -c pgo.card --state device.state {nowhere} {code}"), "", 30),
        (format!("pair show -i device.key -c pgo.card --state device.state {nowhere}"), "", 30),
        (format!("pair show {PGO} --expires 2d {nowhere}"), "", 2),
        (format!("pair show {PGO} --expires 25h {nowhere}"), "", 25),
        (format!("pair show {PGO} {nowhere}"), "", 1),
        (format!("{scan} {code}"), "", 1),
    ] {
        let (found, message) = parties.fails(&line, input.as_bytes());
        assert_eq!(found, Some(status), "{line}: {message}");
        assert!(!message.contains(&code) && !message.contains(&changed), "{message}");
    }
    // Whoever is revoked is not paired again.
    let Some(broker) = Mosquitto::start() else { return };
    parties.run("trust revoke --state pgo.state device.card", b"");
    let shown = Shown::start(&parties, &broker, PGO, "--expires 10s");
    let output = scan_with(&parties, &broker, &shown.code);
    let (status, out, err) = shown.end();
    assert_eq!((status, out.as_str()), (Some(15), ""), "{err}");
    assert_eq!(output.status.code(), Some(16), "the last message is not sent before the card is pinned");
}

fn scan_with(parties: &Parties, broker: &Mosquitto, code: &str) -> Output {
    let mut child = parties
        .zegel(&["pair", "scan", "-i", "device.key", "-c", "device.card", "--state", "device.state"])
        .args(["--broker", &broker.address])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(code.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}
