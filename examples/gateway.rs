//! A service between a broker and a GP system: what to do with each message, whatever it turns out to be.
//!
//!     cargo run -q -p zegel-store --example gateway
//!
//! The loop takes from a queue here; with an MQTT client it takes from the subscription (QoS 1, persistent session,
//! manual acknowledgements) and nothing else changes.

use std::time::{SystemTime, UNIX_EPOCH};

use zegel::rng::SysRng;
use zegel::{
    Card, CardClaims, Error, Event, Format, Identity, KemKey, Measurement, MemorySequence, Opened, Opener,
    Sealer, Session, SessionLimits, Status,
};
use zegel_store::{Store, StoreError, Transaction};

type Failure = Box<dyn std::error::Error>;

/// What becomes of one message. An alarm goes to people, a count to a dashboard.
#[derive(Debug, PartialEq)]
enum Verdict {
    Taken,
    /// QoS 1 did its work, and so did we: acknowledge, nothing else.
    HadIt,
    /// It overtook its keyframe, or its sender's card: kept, sealed, until that has come.
    Early,
    /// The same number with other content: a cloned key, or a device restored from a backup.
    Alarm(Error),
    /// Somebody's noise. Nothing is ever answered; an answer would tell an attacker how far he got.
    Counted(Error),
    /// Our trouble, not the message's: leave it with the broker and try again later.
    Later,
}

impl Verdict {
    /// What is wrong with a message today is wrong tomorrow, so only our own trouble keeps it queued.
    fn acknowledges(&self) -> bool {
        *self != Self::Later
    }
}

struct Gateway<'k> {
    store: Store,
    opener: Opener<'k>,
}

impl Gateway<'_> {
    /// Decides about one message. When this says `Taken` or `Early`, it is durable.
    fn receive(&self, topic: &str, message: &[u8]) -> Verdict {
        match self.take(topic, message) {
            Ok(verdict) => verdict,
            Err(StoreError::Refused(error)) => match error {
                Error::Duplicate => Verdict::HadIt,
                Error::Conflict | Error::Equivocation => Verdict::Alarm(error),
                Error::Storage | Error::Full | Error::KeyUnavailable => Verdict::Later,
                other => Verdict::Counted(other),
            },
            Err(_) => Verdict::Later,
        }
    }

    /// One transaction for the message, and for whatever waited for it.
    fn take(&self, topic: &str, message: &[u8]) -> Result<Verdict, StoreError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs());
        let mut transaction = self.store.begin()?;
        match transaction.receive(&self.opener, topic, now, message, keep) {
            Ok(received) => {
                transaction.commit()?;
                Ok(if received.opened == 0 { Verdict::Early } else { Verdict::Taken })
            }
            Err(error) => {
                // An alarm is on the disk before the broker hears that we have the message.
                transaction.refuse()?;
                Err(error)
            }
        }
    }
}

/// Stores what was opened, now or after it waited.
fn keep(transaction: &mut Transaction<'_>, opened: &Opened<'_>) -> Result<(), StoreError> {
    if let Some((first, last)) = opened.arrival().missing {
        println!("  {} owes us numbers {first} to {last}", opened.sender().kid());
    }
    if let Some(measured) = opened.body() {
        transaction.put("measurements", opened.digest(), measured)?;
    }
    // What the GP can be shown: a measurement alone at once, and those of a session a block at a time.
    for proven in transaction.evidence(opened)? {
        transaction.put("outbox", &proven.digest, &proven.evidence)?;
    }
    Ok(())
}

fn main() -> Result<(), Failure> {
    let (device, stranger) = (Identity::generate(&mut SysRng)?, Identity::generate(&mut SysRng)?);
    let monitor = Identity::generate(&mut SysRng)?;
    let (me, keys) = (Identity::generate(&mut SysRng)?, [KemKey::generate(&mut SysRng)?]);
    let my_card = Card::from_bytes(&card(&me, &[keys[0].public()])?)?;

    let path = std::env::temp_dir().join(format!("zegel-gateway-{}", std::process::id()));
    let gateway = Gateway { store: Store::create(&path)?, opener: Opener::new(me.id(), &keys) };
    let mut transaction = gateway.store.begin()?;
    transaction.pin(&card(&device, &[])?)?;
    transaction.pin(&card(&monitor, &[])?)?;
    transaction.commit()?;

    let seal = |identity: &Identity, bodies: &[&[u8]]| -> Result<Vec<Vec<u8>>, Error> {
        let mut sealer = Sealer::new(identity, &my_card, None, MemorySequence::default())?;
        let reading = |body| Measurement { time: None, format: Format::OCTET_STREAM, body };
        bodies.iter().map(|body| sealer.seal_to_vec("ward/3", &reading(body), &mut SysRng)).collect()
    };
    let sent = seal(&device, &[b"one", b"two", b"three"])?;
    let mut flipped = sent[1].clone();
    flipped[200] ^= 1;
    // A device whose memory was cloned counts from the start again.
    let clone = seal(&device, &[b"other"])?.remove(0);
    let unknown = seal(&stranger, &[b"trust me"])?.remove(0);
    // A monitor that measures all day begins a session, and signs its messages together.
    let reading = Measurement { time: None, format: Format::OCTET_STREAM, body: b"61" };
    let sealer = Sealer::new(&monitor, &my_card, None, MemorySequence::default())?;
    let begun = Session::begin_to_vec(sealer, "ward/3", None, SessionLimits::default(), &mut SysRng);
    let (mut session, keyframe) = begun.map_err(Error::from)?;
    let beat = session.seal_to_vec("ward/3", &reading, None)?;
    let manifest = session.manifest_to_vec("ward/3", &mut SysRng)?;
    let deliveries = [
        ("the first", "ward/3", sent[0].clone(), Verdict::Taken),
        ("the first again", "ward/3", sent[0].clone(), Verdict::HadIt),
        ("the third, too soon", "ward/3", sent[2].clone(), Verdict::Taken),
        ("one bit flipped", "ward/3", flipped, Verdict::Counted(Error::Rejected)),
        ("moved to a topic", "ward/4", sent[1].clone(), Verdict::Counted(Error::Rejected)),
        ("cut short", "ward/3", sent[1][..99].to_vec(), Verdict::Counted(Error::Malformed)),
        ("from a stranger", "ward/3", unknown, Verdict::Early),
        ("from a clone", "ward/3", clone, Verdict::Alarm(Error::Conflict)),
        ("the second, late", "ward/3", sent[1].clone(), Verdict::Taken),
        ("a beat, too early", "ward/3", beat, Verdict::Early),
        ("its keyframe", "ward/3", keyframe, Verdict::Taken),
        ("and its signature", "ward/3", manifest, Verdict::Taken),
    ];
    for (name, topic, message, expected) in deliveries {
        let verdict = gateway.receive(topic, &message);
        println!("{name:<20} {verdict:?}{}", if verdict.acknowledges() { ", acknowledged" } else { "" });
        assert_eq!(verdict, expected);
    }
    assert_eq!((gateway.store.scan("measurements", b"", 100)?.len(), gateway.store.lost()?), (4, 0));
    println!("{} can be handed on", gateway.store.scan("outbox", b"", 100)?.len());
    // An alarm outlives the message, and the process: it goes when somebody has looked at it.
    for noted in gateway.store.events()? {
        if let Event::Conflict { stream, sequence } = noted.event {
            println!("ALARM {}: two hands behind number {sequence} of {}", noted.number, stream.sender.kid());
        }
        let mut transaction = gateway.store.begin()?;
        transaction.dismiss(noted.number)?;
        transaction.commit()?;
    }
    drop(gateway);
    Ok(std::fs::remove_file(path)?)
}

fn card(identity: &Identity, kem_keys: &[zegel::KemPublic]) -> Result<Vec<u8>, Error> {
    let (serial, not_before, expires, label) = (1, 0, 4_000_000_000, "");
    let claims = CardClaims { serial, not_before, expires, label, kem_keys, status: Status::Active };
    Card::issue_to_vec(&claims, identity, &mut SysRng)
}
