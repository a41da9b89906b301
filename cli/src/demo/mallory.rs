//! The man in the middle: takes what the broker carries, and sends it back changed, again, or elsewhere.
//!
//! He is a client like any other, so that he works on every broker: whoever may publish on a topic may do all
//! of this. Each attempt is entered in the ledger before it is sent (SPEC §15).

mod cards;
mod custody;
mod device;
mod edit;
mod envelope;
mod forge;
mod group;
mod pairing;
mod session;

use std::collections::{HashMap, HashSet};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use rumqttc::mqttbytes::v5::Publish;
use tokio::sync::{mpsc, oneshot};
use zegel::{Secret, rng::SysRng};

use super::attack::{Kind, Role};
use super::ledger::{Mark, Sent, mark};
use super::link::{Link, delivered};
use super::run::Run;

use device::Twins;

pub(super) use pairing::Scene;

/// What he is told.
pub(super) enum Cue {
    /// Somebody waits for a word of a pairing.
    Pairing(Scene, oneshot::Sender<()>),
    /// The PGO has restarted.
    Restarted(oneshot::Sender<()>),
    /// Everything was sent: what he has not tried yet.
    Finish(oneshot::Sender<()>),
    /// The PGO has erased its old key: the last of him.
    Erased(oneshot::Sender<()>),
}

/// Attacks until he is told to finish. `ready` is told once he is subscribed.
pub(super) async fn attack(run: &Run, ready: mpsc::Sender<()>, mut cues: mpsc::Receiver<Cue>) -> Result<()> {
    let link = Link::open(run, "mallory").await?;
    link.subscribe(&format!("{}/#", run.topics.prefix)).await?;
    let _ = ready.send(()).await;
    let mut mallory = Mallory::new(run, link)?;
    loop {
        tokio::select! {
            message = mallory.link.inbox.recv() => {
                mallory.hear(message.context("the broker has gone")?).await?;
            }
            cue = cues.recv() => match cue.context("the run has ended")? {
                Cue::Pairing(scene, done) => {
                    mallory.meddle(scene).await?;
                    let _ = done.send(());
                }
                Cue::Restarted(done) => {
                    mallory.restarted().await?;
                    let _ = done.send(());
                }
                Cue::Finish(done) => {
                    mallory.catch_up().await?;
                    mallory.finish().await?;
                    let _ = done.send(());
                }
                Cue::Erased(done) => {
                    mallory.erased().await?;
                    let _ = done.send(());
                    mallory.link.close().await;
                    return Ok(());
                }
            }
        }
    }
}

/// One message of his.
struct Shot {
    topic: String,
    message: Bytes,
    retain: bool,
}

impl Shot {
    fn new(topic: &str, message: impl Into<Bytes>) -> Self {
        Self { topic: topic.into(), message: message.into(), retain: false }
    }
}

/// What he has seen of others.
#[derive(Default)]
struct Seen {
    /// Everything of the wearable's for the PGO alone, in order.
    all: Vec<Bytes>,
    /// Of these, what went alone, the keyframes among it; and the measurements among that.
    envelopes: Vec<Bytes>,
    measurements: Vec<Bytes>,
    keyframes: Vec<Bytes>,
    messages: Vec<Bytes>,
    manifests: Vec<Bytes>,
    groups: Vec<Bytes>,
    forwards: Vec<Bytes>,
    /// Of the PGO, and of somebody else.
    cards: Vec<Bytes>,
    withdrawals: Vec<Bytes>,
}

struct Mallory<'r> {
    run: &'r Run,
    link: Link,
    seen: Seen,
    /// Marks of what he sent or has seen, so that he does not take his own for somebody's.
    marks: HashSet<[u8; 32]>,
    /// How often each kind was tried.
    turns: HashMap<Kind, usize>,
    next: usize,
    /// Whether the bad device has begun.
    baited: bool,
    twins: Twins,
    /// Words of pairings.
    overheard: Vec<Bytes>,
    /// Whether the broker holds a message of his.
    retained: bool,
    /// Whether he has said his last: what he sees from then on he lets pass.
    finished: bool,
}

impl<'r> Mallory<'r> {
    fn new(run: &'r Run, link: Link) -> Result<Self> {
        let (seen, marks, turns) = (Seen::default(), HashSet::new(), HashMap::new());
        let (twins, overheard) = (Twins::new(run)?, Vec::new());
        Ok(Self {
            run,
            link,
            seen,
            marks,
            turns,
            next: 0,
            baited: false,
            twins,
            overheard,
            retained: false,
            finished: false,
        })
    }

    /// Takes a message in, and attacks when it is time for it.
    async fn hear(&mut self, message: Publish) -> Result<Mark> {
        self.link.acknowledge(&message).await?;
        let topic = String::from_utf8_lossy(&message.topic).into_owned();
        let mark = mark(&topic, &message.payload);
        if self.marks.insert(mark) && self.see(&topic, message.payload) && !self.finished {
            if !self.baited {
                self.bait().await?;
            }
            self.try_next().await?;
        }
        Ok(mark)
    }

    /// Takes in all that was sent before now: on a busy machine he is behind, and has not what he needs for some kinds.
    async fn catch_up(&mut self) -> Result<()> {
        let mut ahead = self.last_words().await?;
        while !ahead.is_empty() {
            let message = self.link.inbox.recv().await.context("the broker has gone")?;
            let mark = self.hear(message).await?;
            ahead.remove(&mark);
        }
        Ok(())
    }

    /// Keeps what somebody else sent; whether it is time for an attack.
    fn see(&mut self, topic: &str, message: Bytes) -> bool {
        let topics = &self.run.topics;
        let seen = &mut self.seen;
        if topic == topics.gp {
            seen.forwards.push(message);
        } else if topic == topics.group {
            seen.groups.push(message);
        } else if topic == topics.cards[0] {
            seen.cards.push(message);
        } else if topic == topics.cards[1] {
            seen.withdrawals.push(message);
        } else if topic == topics.pgo[0] {
            // What a message is, its length and its place tell him well enough.
            match self.run.ledger.what(Role::Pgo, &mark(topic, &message)) {
                Some(Sent::Keyframe) => {
                    seen.keyframes.push(message.clone());
                    seen.envelopes.push(message.clone());
                }
                Some(Sent::Manifest) => seen.manifests.push(message.clone()),
                Some(Sent::Measurement(_)) if session::is_message(&message) => {
                    seen.messages.push(message.clone());
                }
                Some(Sent::Measurement(_)) => {
                    seen.measurements.push(message.clone());
                    seen.envelopes.push(message.clone());
                }
                _ => return false,
            }
            seen.all.push(message);
            return seen.all.len().is_multiple_of(STRIDE);
        }
        false
    }

    /// The device that the PGO trusts begins as any other does.
    async fn bait(&mut self) -> Result<()> {
        let topic = &self.run.topics.pgo[0];
        for message in [&self.twins.keyframe, &self.twins.message] {
            self.marks.insert(mark(topic, message));
            self.run.ledger.genuine(&[Role::Pgo], topic, message, Sent::Bait);
            self.link.publish(topic, Bytes::from(message.clone()), false).await?;
        }
        self.baited = true;
        Ok(())
    }

    /// Tries the next kind of attack that is possible now.
    async fn try_next(&mut self) -> Result<()> {
        for _ in 0..Kind::ALL.len() {
            let kind = Kind::ALL[self.next % Kind::ALL.len()];
            self.next += 1;
            if self.attempt(kind).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn restarted(&mut self) -> Result<()> {
        let all = self.seen.all.clone();
        for message in all.iter().rev().step_by(all.len() / 40 + 1) {
            self.send(Kind::ReplayAfterRestart, Shot::new(&self.run.topics.pgo[0], message.clone())).await?;
        }
        Ok(())
    }

    /// Makes up for every kind that was not tried, and takes back what the broker retains.
    async fn finish(&mut self) -> Result<()> {
        if !self.baited {
            self.bait().await?;
        }
        for kind in Kind::ALL {
            while self.turns.get(kind).copied().unwrap_or(0) < AT_LEAST && self.attempt(*kind).await? {}
        }
        let topics = &self.run.topics;
        if self.retained {
            let shot = Shot { retain: true, ..Shot::new(&topics.pgo[0], Bytes::new()) };
            self.send(Kind::Empty, shot).await?;
        }
        self.finished = true;
        self.last_words().await.map(drop)
    }

    /// One message that is like no other, at the end of each topic: when it has arrived, so has all before it. A count
    /// would not tell, since the broker may deliver one twice and the next not yet.
    async fn last_words(&mut self) -> Result<HashSet<Mark>> {
        let mut words = HashSet::new();
        let topics = &self.run.topics;
        for topic in topics.pgo.iter().chain(&topics.cards).chain([&topics.group, &topics.gp]) {
            let word = Secret::<40>::random(&mut SysRng)?;
            words.insert(mark(topic, word.expose()));
            self.send(Kind::Garbage, Shot::new(topic, Bytes::copy_from_slice(word.expose()))).await?;
        }
        Ok(words)
    }

    /// Everything that he can do to somebody who waits for a word of a pairing.
    async fn meddle(&mut self, scene: Scene) -> Result<()> {
        let shots = pairing::shots(self.run, &scene, &self.overheard)?;
        self.overheard.extend(scene.said);
        for (kind, message) in shots {
            *self.turns.entry(kind).or_default() += 1;
            self.run.ledger.attack(&[scene.waits], &scene.topic, &message, kind);
            // Whoever waits gets these before the genuine word, which is not said before they are at the broker.
            delivered(self.link.publish(&scene.topic, message, false).await?).await?;
        }
        Ok(())
    }

    /// What was sealed to a key that is gone.
    async fn erased(&mut self) -> Result<()> {
        let topic = &self.run.topics.pgo[0];
        let first = |some: &[Bytes]| some.iter().take(AT_LEAST).cloned().collect::<Vec<_>>();
        for envelope in first(&self.seen.measurements) {
            self.send(Kind::ErasedKey, Shot::new(topic, envelope)).await?;
        }
        let messages = session::of_session(&self.seen.messages, self.seen.messages.first()).into_iter();
        for message in messages.take(AT_LEAST) {
            self.send(Kind::ErasedSession, Shot::new(topic, message)).await?;
        }
        self.last_words().await.map(drop)
    }

    /// One attempt of this kind; `false` when he has not what it needs.
    async fn attempt(&mut self, kind: Kind) -> Result<bool> {
        let turn = self.turns.get(&kind).copied().unwrap_or(0);
        let (run, seen) = (self.run, &self.seen);
        // Each of them knows its own kinds.
        let shots = [
            envelope::shot(run, seen, kind, turn)?,
            session::shot(run, seen, &self.twins, kind, turn),
            group::shot(run, seen, kind, turn)?,
            custody::shot(run, seen, kind, turn)?,
            cards::shot(run, seen, kind)?,
            if self.baited { device::shot(run, &self.twins, kind, turn)? } else { None },
        ];
        let Some(shot) = shots.into_iter().flatten().next() else { return Ok(false) };
        self.send(kind, shot).await?;
        Ok(true)
    }

    async fn send(&mut self, kind: Kind, shot: Shot) -> Result<()> {
        *self.turns.entry(kind).or_default() += 1;
        let Shot { topic, message, retain } = shot;
        self.marks.insert(mark(&topic, &message));
        self.run.ledger.attack(self.run.topics.readers(&topic), &topic, &message, kind);
        self.retained |= retain && !message.is_empty();
        // Whether it arrives is for the ledger to say; who waits here stops reading, and a broker may wait for that.
        self.link.publish(&topic, message, retain).await.map(drop)
    }
}

/// An attack for so many messages of the wearable's.
const STRIDE: usize = 2;
const AT_LEAST: usize = 2;
