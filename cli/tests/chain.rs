//! Sessions, evidence and introductions on the command line: what comes early waits, and an alarm stays until it is
//! dismissed.

mod common;

use common::Parties;
use common::mosquitto::Mosquitto;
use serde_json::Value;
use zegel::rng::SysRng;
use zegel::{
    Card, CardClaims, Format, Identity, Introduction, KemKey, Measurement, MemorySequence, MemoryTrust,
    Opener, Sealer, Session, SessionLimits, State, Status,
};

const TOPIC: &str = "zegel/7f3a/1";
const OPEN: &str = "open -i pgo.key -t zegel/7f3a/1 --state pgo.state";

/// Somebody that the command's PGO trusts, played with the library.
struct Sender {
    identity: Identity,
    pgo: Card,
}

impl Sender {
    fn of(parties: &Parties, name: &str) -> Self {
        let sender = Self::unknown_to(parties, name);
        parties.does(&format!("trust add --state pgo.state {name}"));
        sender
    }

    /// The same before anybody pinned the card in the file `name`.
    fn unknown_to(parties: &Parties, name: &str) -> Self {
        let identity = Identity::generate(&mut SysRng).unwrap();
        std::fs::write(parties.path(name), card(&identity, &[])).unwrap();
        let text = std::fs::read(parties.path("pgo.card")).unwrap();
        let (_, bytes) = pem_rfc7468::decode_vec(&text).unwrap();
        Self { identity, pgo: Card::from_bytes(&bytes).unwrap() }
    }

    fn sealer(&self) -> Sealer<'_, MemorySequence> {
        Sealer::new(&self.identity, &self.pgo, None, MemorySequence::default()).unwrap()
    }

    fn seal(&self, body: &[u8]) -> Vec<u8> {
        self.sealer().seal_to_vec(TOPIC, &measured(body), &mut SysRng).unwrap()
    }

    /// A keyframe, messages of these bodies, and their manifest.
    fn session(&self, bodies: &[&[u8]]) -> Vec<Vec<u8>> {
        let limits = SessionLimits::default();
        let (mut session, keyframe) =
            Session::begin_to_vec(self.sealer(), TOPIC, None, limits, &mut SysRng).unwrap();
        let mut all = vec![keyframe];
        all.extend(bodies.iter().map(|body| session.seal_to_vec(TOPIC, &measured(body), None).unwrap()));
        all.push(session.manifest_to_vec(TOPIC, &mut SysRng).unwrap());
        all
    }
}

fn card(identity: &Identity, kem_keys: &[zegel::KemPublic]) -> Vec<u8> {
    let (serial, not_before, expires, label) = (1, 0, 4_000_000_000, "band");
    let claims = CardClaims { serial, not_before, expires, label, kem_keys, status: Status::Active };
    Card::issue_to_vec(&claims, identity, &mut SysRng).unwrap()
}

fn measured(body: &[u8]) -> Measurement<'_> {
    Measurement { time: None, format: Format::OCTET_STREAM, body }
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

/// Each command is a process of its own: the keys of the session derive again each time.
#[test]
fn a_session_opens_message_by_message() {
    let parties = Parties::new();
    let sent = Sender::of(&parties, "band.card").session(&[b"61", b"62"]);
    assert_eq!(parties.fails(OPEN, &sent[1]).0, Some(34), "its keyframe has not come");
    let keyframe = parties.run(OPEN, &sent[0]);
    assert_eq!((keyframe.status.code(), keyframe.stdout), (Some(0), Vec::new()), "it has no body");
    assert_eq!(parties.run(OPEN, &sent[1]).stdout, b"61");
    let second = json(&parties.run(&format!("{OPEN} --json"), &sent[2]).stdout);
    assert_eq!((&second["kind"], &second["text"]), (&"measurement".into(), &"62".into()));
    assert_eq!(second["signed"], false);
    let manifest = json(&parties.run(&format!("{OPEN} --json"), &sent[3]).stdout);
    assert_eq!((&manifest["kind"], &manifest["signs"]), (&"manifest".into(), &serde_json::json!([1, 2])));
    assert_eq!(parties.fails(OPEN, &sent[0]).0, Some(18));
}

/// What a device measured for somebody who hands it on, as evidence.
fn evidence(device: &Identity, forwarder: &Identity) -> Vec<u8> {
    let keys = [KemKey::generate(&mut SysRng).unwrap()];
    let forwarders = Card::from_bytes(&card(forwarder, &[keys[0].public()])).unwrap();
    let mut sealer = Sealer::new(device, &forwarders, None, MemorySequence::default()).unwrap();
    let mut envelope = sealer.seal_to_vec("ward/3", &measured(b"61"), &mut SysRng).unwrap();
    let mut trust = MemoryTrust::new();
    let devices = card(device, &[]);
    trust.pin(&Card::from_bytes(&devices).unwrap()).unwrap();
    let mut state = State::<_, zegel::ExactGuard, zegel::MemorySessions, zegel::EventLog> {
        trust,
        replay: zegel::ExactGuard::new(),
        sessions: zegel::MemorySessions::new(),
        events: zegel::EventLog::new(),
    };
    let opener = Opener::new(forwarder.id(), &keys);
    let opened = opener.open(&mut state, "ward/3", None, &mut envelope).unwrap();
    opened.testimony().unwrap().to_vec(&devices).unwrap()
}

#[test]
fn what_is_handed_on_names_both_hands() {
    let parties = Parties::new();
    let (app, device) = (Sender::of(&parties, "app.card"), Identity::generate(&mut SysRng).unwrap());
    let mut sealer = app.sealer();
    let evidence = evidence(&device, &app.identity);
    let forwarded = sealer.forward_to_vec(TOPIC, None, &evidence, &mut SysRng).unwrap();
    assert_eq!(parties.fails(OPEN, &forwarded).0, Some(14), "nobody knows who measured");
    let introduction = Introduction::to_vec(&[&card(&device, &[])]).unwrap();
    let introduction = sealer.introduce_to_vec(TOPIC, None, &introduction, &mut SysRng).unwrap();
    let seen = json(&parties.run(&format!("{OPEN} --json"), &introduction).stdout);
    assert_eq!(seen["kind"], "introduction");
    assert_eq!(seen["introduced"][0]["id"], device.id().to_string());
    let seen = json(&parties.run(&format!("{OPEN} --json"), &forwarded).stdout);
    let (kind, known) = (&seen["kind"], &seen["known"]);
    assert_eq!((kind, known), (&"evidence".into(), &"vouched".into()));
    assert_eq!(seen["origin"], device.id().to_string());
    assert_eq!(seen["forwarder"], app.identity.id().to_string());
    let measurement = &seen["measurement"];
    assert_eq!((&measurement["text"], &measurement["topic"]), (&"61".into(), &"ward/3".into()));
}

#[test]
fn an_alarm_is_said_until_it_is_dismissed() {
    let parties = Parties::new();
    let sender = Sender::of(&parties, "band.card");
    assert!(parties.run(OPEN, &sender.seal(b"one")).status.success());
    assert_eq!(parties.fails(OPEN, &sender.seal(b"clone")).0, Some(20));
    for _ in 0..2 {
        let words = parties.does("trust list --state pgo.state");
        assert!(words.contains("zegel: ALARM 1: Conflict: ") && words.contains("--dismiss"), "{words}");
    }
    let events = json(&parties.run("trust events --state pgo.state --json", b"").stdout);
    assert_eq!((&events[0]["event"], &events[0]["number"]), (&"Conflict".into(), &1.into()));
    assert_eq!(parties.fails("trust events --state pgo.state --dismiss 7", b"").0, Some(1));
    parties.does("trust events --state pgo.state --dismiss 1");
    assert_eq!(parties.does("trust list --state pgo.state"), "");
}

/// Threats M-02 and C-18: brokers give what is retained to everybody who subscribes, again and again.
#[test]
fn what_is_retained_is_taken_once() {
    let Some(broker) = Mosquitto::start() else { return };
    let parties = Parties::new();
    let sent = Sender::of(&parties, "band.card").session(&[b"61"]);
    broker.retain(TOPIC, &sent[0]);
    let (other, body) = (Sender::of(&parties, "other.card"), measured(b"an old measurement"));
    broker.retain("zegel/b", &other.sealer().seal_to_vec("zegel/b", &body, &mut SysRng).unwrap());
    for run in 0..3 {
        let mut sub = parties.zegel(&["sub", "-i", "pgo.key", "-t", TOPIC, "-t", "zegel/b"]);
        sub.args(["--state", "pgo.state", "--broker", &broker.address, "--json", "--timeout", "1"]);
        // A new session each time: a subscription that is there already gets nothing again.
        let output = sub.args(["--id", &format!("run-{run}")]).output().unwrap();
        let (out, words) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(out.lines().count(), if run == 0 { 2 } else { 0 }, "{words}");
        assert_eq!(words.matches("refused: Duplicate").count(), if run == 0 { 0 } else { 2 }, "{words}");
    }
}

#[test]
fn sub_keeps_what_comes_early() {
    let Some(broker) = Mosquitto::start() else { return };
    let parties = Parties::new();
    let sub = |more: &[&str]| {
        let mut sub = parties.zegel(&["sub", "-i", "pgo.key", "-t", "zegel/#", "--state", "pgo.state"]);
        sub.args(["--broker", &broker.address]).args(more).output().unwrap()
    };
    let words = |output: &std::process::Output| String::from_utf8_lossy(&output.stderr).into_owned();
    sub(&["--timeout", "1"]);
    let (band, stranger) = (Sender::of(&parties, "band.card"), Sender::unknown_to(&parties, "new.card"));
    let sent = band.session(&[b"61", b"62"]);
    broker.publish(TOPIC, &sent[1]);
    broker.publish(TOPIC, &stranger.seal(b"99"));
    let output = sub(&["--timeout", "2"]);
    assert!(output.stdout.is_empty() && words(&output).contains("kept for later: UnknownSession"));
    assert!(words(&output).contains("kept for later: UnknownSender"), "{}", words(&output));

    // The keyframe comes in a later run, and the card from a person.
    parties.does("trust add --state pgo.state new.card");
    for message in [&sent[0], &sent[2], &sent[3]] {
        broker.publish(TOPIC, message);
    }
    let output = sub(&["--count", "3", "--timeout", "10"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "99\n61\n62\n", "{}", words(&output));
}
