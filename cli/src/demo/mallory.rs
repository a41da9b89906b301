//! The man in the middle: takes what the broker carries, and sends it back changed, again, or elsewhere.
//!
//! He is a client like any other, so that he works on every broker: whoever may publish on a topic may do all
//! of this. Each attempt is entered in the ledger before it is sent (SPEC §15).

mod edit;
mod forge;

use std::collections::{HashMap, HashSet};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::attack::{Kind, Role};
use super::ledger::mark;
use super::link::Link;
use super::run::Run;

/// What he is told.
pub(super) enum Cue {
    /// The PGO has restarted.
    Restarted(oneshot::Sender<()>),
    /// Everything was sent: what is still missing, and away.
    Finish(oneshot::Sender<()>),
}

/// Attacks until he is told to finish. `ready` is told once he is subscribed.
pub(super) async fn attack(run: &Run, ready: mpsc::Sender<()>, mut cues: mpsc::Receiver<Cue>) -> Result<()> {
    let link = Link::open(&run.broker, &run.client("mallory")).await?;
    link.subscribe(&format!("{}/#", run.topics.prefix)).await?;
    let _ = ready.send(()).await;
    let mut mallory =
        Mallory { run, link, sent: HashSet::new(), turns: HashMap::new(), next: 0, retained: false };
    let mut captured: Vec<Bytes> = Vec::new();
    let mut forwards: Vec<Bytes> = Vec::new();
    loop {
        tokio::select! {
            message = mallory.link.inbox.recv() => {
                let message = message.context("the broker has gone")?;
                mallory.link.acknowledge(&message).await?;
                let topic = String::from_utf8_lossy(&message.topic).into_owned();
                if !mallory.sent.insert(mark(&topic, &message.payload)) {
                    continue;
                }
                if topic == run.topics.gp {
                    forwards.push(message.payload);
                } else if topic == run.topics.pgo[0] {
                    captured.push(message.payload);
                    if captured.len().is_multiple_of(STRIDE) {
                        mallory.try_next(&captured, &forwards).await?;
                    }
                }
            }
            cue = cues.recv() => match cue.context("the run has ended")? {
                Cue::Restarted(done) => {
                    for envelope in captured.iter().rev().step_by(captured.len() / 40 + 1) {
                        let topic = &run.topics.pgo[0];
                        mallory.send(Kind::ReplayAfterRestart, Role::Pgo, topic, envelope.clone()).await?;
                    }
                    let _ = done.send(());
                }
                Cue::Finish(done) => {
                    mallory.finish(&captured, &forwards).await?;
                    let _ = done.send(());
                    mallory.link.close().await;
                    return Ok(());
                }
            }
        }
    }
}

struct Mallory<'r> {
    run: &'r Run,
    link: Link,
    /// Marks of what he sent or has seen, so that he does not take his own for somebody's.
    sent: HashSet<[u8; 32]>,
    /// How often each kind was tried.
    turns: HashMap<Kind, usize>,
    next: usize,
    /// Whether the broker holds a message of his.
    retained: bool,
}

impl Mallory<'_> {
    /// Tries the next kind of attack that is possible now.
    async fn try_next(&mut self, captured: &[Bytes], forwards: &[Bytes]) -> Result<()> {
        for _ in 0..Kind::ALL.len() {
            let kind = Kind::ALL[self.next % Kind::ALL.len()];
            self.next += 1;
            if self.attempt(kind, captured, forwards).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Makes up for every kind that was not tried, and takes back what the broker retains.
    async fn finish(&mut self, captured: &[Bytes], forwards: &[Bytes]) -> Result<()> {
        for kind in Kind::ALL {
            if *kind != Kind::ReplayAfterRestart && self.turns.get(kind).is_none_or(|turns| *turns < AT_LEAST)
            {
                for _ in 0..AT_LEAST {
                    self.attempt(*kind, captured, forwards).await?;
                }
            }
        }
        if self.retained {
            let topic = &self.run.topics.pgo[0];
            self.run.ledger.attack(Role::Pgo, topic, &[], Kind::Empty);
            self.link.publish(topic, Bytes::new(), true).await?;
        }
        Ok(())
    }

    /// One attempt of this kind; `false` when he has not what it needs.
    async fn attempt(&mut self, kind: Kind, captured: &[Bytes], forwards: &[Bytes]) -> Result<bool> {
        let run = self.run;
        let turn = self.turns.get(&kind).copied().unwrap_or(0);
        let (Some(latest), topic) = (captured.last(), &run.topics.pgo[0]) else { return Ok(false) };
        let cast = &run.cast;
        let (at, topic, message) = match kind {
            Kind::Replay | Kind::ReplayRetained => (Role::Pgo, topic, latest.clone()),
            Kind::ReplayAfterRestart => return Ok(false),
            Kind::ReplayForward => {
                let Some(forward) = forwards.last() else { return Ok(false) };
                (Role::Gp, &run.topics.gp, forward.clone())
            }
            Kind::MoveTopic => (Role::Pgo, &run.topics.pgo[1], latest.clone()),
            Kind::RetargetPgo => {
                let Some(forward) = forwards.last() else { return Ok(false) };
                (Role::Pgo, topic, forward.clone())
            }
            Kind::RetargetGp => (Role::Gp, &run.topics.gp, latest.clone()),
            Kind::SwapKid => {
                let Some(forward) = forwards.last() else { return Ok(false) };
                match turn % 2 {
                    0 => (Role::Pgo, topic, edit::readdressed(forward, latest)),
                    _ => (Role::Gp, &run.topics.gp, edit::readdressed(latest, forward)),
                }
            }
            Kind::OwnKey => (Role::Pgo, topic, forge::sealed_by(&cast.mallory, run, turn)?.into()),
            Kind::RevokedDevice => (Role::Pgo, topic, forge::sealed_by(&cast.revoked, run, turn)?.into()),
            Kind::ExpiredDevice => (Role::Pgo, topic, forge::sealed_by(&cast.expired, run, turn)?.into()),
            Kind::Clone => {
                // The number has to be one that the PGO has taken, or the clone would be the first to use it.
                let Some(envelope) = captured.get(turn) else { return Ok(false) };
                if !run.ledger.taken(&mark(topic, envelope)) {
                    return Ok(false);
                }
                (Role::Pgo, topic, forge::sealed_by(&cast.wearable, run, turn)?.into())
            }
            Kind::Resign => {
                let forged = forge::signed_in_the_name_of(&cast.wearable, &cast.mallory, run, turn)?;
                (Role::Pgo, topic, forged.into())
            }
            Kind::Readdress => (Role::Gp, &run.topics.gp, forge::handed_on(latest, topic, run)?.into()),
            Kind::SwapEk => {
                let Some(other) = captured.iter().rev().nth(1).or(forwards.last()) else { return Ok(false) };
                (Role::Pgo, topic, edit::alter(kind, latest, other, turn).into())
            }
            // What the broker keeps is taken back at the end with an empty message of its own.
            Kind::FlipFrame
            | Kind::FlipKid
            | Kind::FlipEk
            | Kind::FlipText
            | Kind::Cut
            | Kind::CutMended
            | Kind::Extend
            | Kind::Reencode
            | Kind::Garbage
            | Kind::Empty
            | Kind::Huge
            | Kind::ZeroEk => match (turn % 4, forwards.last()) {
                (3, Some(forward)) => {
                    (Role::Gp, &run.topics.gp, edit::alter(kind, forward, forward, turn).into())
                }
                _ => (Role::Pgo, topic, edit::alter(kind, latest, latest, turn).into()),
            },
        };
        if kind == Kind::Huge && turn >= MOST_HUGE {
            return Ok(false);
        }
        self.turns.insert(kind, turn + 1);
        self.send(kind, at, topic, message).await?;
        Ok(true)
    }

    async fn send(&mut self, kind: Kind, at: Role, topic: &str, message: Bytes) -> Result<()> {
        self.sent.insert(mark(topic, &message));
        self.run.ledger.attack(at, topic, &message, kind);
        let retain = kind == Kind::ReplayRetained;
        self.retained |= retain;
        // Whether it arrives is for the ledger to say; who waits here stops reading, and a broker may wait for that.
        self.link.publish(topic, message, retain).await.map(drop)
    }
}

/// An attack for so many envelopes of the wearable's.
const STRIDE: usize = 2;
const AT_LEAST: usize = 2;
const MOST_HUGE: usize = 3;
