//! The PGO: opens what is for it, stores it, and hands the evidence on to the GP under its own identity.
//!
//! The envelope for the GP is stored in the same transaction as what made the evidence provable, and sent after it, so
//! that a crash in between sends the same bytes again instead of nothing, or of two (SPEC §7.3, §11.2).

mod keys;

use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::block_in_place;
use tokio::time::timeout;
use zegel::{Content, Introduction, Opened, Sealer, rng::SysRng};
use zegel_store::{Sequence, Store, Transaction};

use super::attack::Role;
use super::ledger::Sent;
use super::link::{Link, delivered};
use super::receiver::{Receiver, batch};
use super::run::{Run, now};
use super::stored::Stored;

/// What the PGO is told to do with its keys.
pub(super) enum Order {
    /// It takes a new KEM key, and keeps the old one for its grace.
    Rotate,
    /// The grace is over.
    Erase,
}

/// Makes the PGO's state: its key, who is trusted, and who is not any more.
pub(super) fn install(run: &Run) -> Result<()> {
    let store = Store::create(run.state(STATE))?;
    let mut transaction = store.begin()?;
    transaction.add_kem_key(&run.cast.pgo.kem_secret, now())?;
    for device in [&run.cast.revoked, &run.cast.expired, &run.cast.bad] {
        transaction.pin(&device.encoded)?;
    }
    transaction.revoke(run.cast.revoked.card.id())?;
    transaction.commit()?;
    Store::create(run.state(SENT_STATE))?;
    Ok(())
}

/// Opens the PGO's state as a process would that starts now.
pub(super) fn state(run: &Run) -> Result<Store> {
    Store::open(run.state(STATE)).context("the PGO's state")
}

/// Works until `fall` says otherwise, and then falls over after a commit, before it acknowledges anything. `link` is its connection when it starts for the first time; later it takes up the
/// session that the broker keeps. `ready` is told once it is subscribed; `pace` gets a permit for each measurement.
pub(super) async fn work(
    run: &Run,
    link: Option<Link>,
    ready: mpsc::Sender<()>,
    pace: &Semaphore,
    mut fall: watch::Receiver<bool>,
    mut orders: mpsc::Receiver<Order>,
) -> Result<()> {
    let mut pgo = Pgo::start(run).await?;
    let mut link = match link {
        Some(link) => {
            for filter in ["a", "c"] {
                link.subscribe(&format!("{}/{filter}/+", run.topics.prefix)).await?;
            }
            pgo.publish_card().await?;
            pgo.introduce()?;
            link
        }
        // The session that is taken up has its subscriptions.
        None => Link::open(run, "pgo").await?,
    };
    pgo.empty_outbox().await?;
    let _ = ready.send(()).await;
    let mut falling = false;
    while !falling {
        let messages = tokio::select! {
            messages = batch(&mut link) => messages.context("the broker has gone")?,
            Some(order) = orders.recv() => {
                match order {
                    Order::Rotate => pgo.rotate().await?,
                    Order::Erase => pgo.erase().await?,
                }
                continue;
            }
            _ = fall.changed() => match timeout(LAST, batch(&mut link)).await {
                Ok(messages) => messages.context("the broker has gone")?,
                // Nothing is under way that it could fall over.
                Err(_) => break,
            },
        };
        let (forwards, measurements) = block_in_place(|| pgo.take(&messages))?;
        pace.add_permits(measurements);
        falling = *fall.borrow();
        if !falling {
            for message in &messages {
                link.acknowledge(message).await?;
            }
            pgo.send(forwards).await?;
        }
    }
    // The process is gone: what was committed stays, what was not acknowledged comes again.
    link.crash().await;
    pgo.out.crash().await;
    Ok(())
}

/// An envelope for the GP, with its key in the outbox.
type Forward = (Vec<u8>, Bytes);

struct Pgo<'r> {
    run: &'r Run,
    receiver: Receiver<'r>,
    sealer: Sealer<'r, Sequence>,
    /// What is sent has a connection of its own: the outbox remembers it, and no session needs to.
    out: Link,
    /// Keys of what the broker has by now.
    waiting: Vec<Vec<u8>>,
    confirm: mpsc::UnboundedSender<Vec<u8>>,
    confirmed: mpsc::UnboundedReceiver<Vec<u8>>,
}

impl<'r> Pgo<'r> {
    async fn start(run: &'r Run) -> Result<Self> {
        let sent = Store::open(run.state(SENT_STATE)).context("the PGO's second state")?;
        let sealer = Sealer::new(&run.cast.pgo.identity, &run.cast.gp.card, Some(now()), sent.sequence())?;
        let receiver = Receiver::new(run, Role::Pgo, *run.cast.pgo.card.id(), state(run)?)?;
        let out = Link::open(run, "pgo-out").await?;
        let (confirm, confirmed) = mpsc::unbounded_channel();
        let sealer = sealer.precompute();
        Ok(Self { run, receiver, sealer, out, waiting: Vec::new(), confirm, confirmed })
    }

    /// Tells the GP whom it vouches for, through the outbox as everything.
    fn introduce(&mut self) -> Result<()> {
        let introduction = Introduction::to_vec(&[&self.run.cast.wearable.encoded])?;
        let topic = &self.run.topics.gp;
        let sequence = self.sealer.next_sequence()?;
        let envelope = self.sealer.introduce_to_vec(topic, Some(now()), &introduction, &mut SysRng)?;
        self.run.ledger.genuine(&[Role::Gp], topic, &envelope, Sent::Introduction);
        self.run.ledger.forwarded(sequence);
        let mut transaction = self.receiver.store.begin()?;
        transaction.put(OUTBOX, &sequence.to_be_bytes(), &envelope)?;
        Ok(transaction.commit()?)
    }

    /// Sends what was stored and perhaps not sent when the last process ended.
    async fn empty_outbox(&mut self) -> Result<()> {
        let rows = self.receiver.store.scan(OUTBOX, &[], usize::MAX)?;
        self.send(rows.into_iter().map(|row| (row.0, Bytes::from(row.1))).collect()).await
    }

    /// Takes a batch in: what goes on to the GP, and how many measurements came.
    fn take(&mut self, messages: &[rumqttc::mqttbytes::v5::Publish]) -> Result<(Vec<Forward>, usize)> {
        while let Ok(key) = self.confirmed.try_recv() {
            self.waiting.push(key);
        }
        let Self { run, receiver, sealer, waiting, .. } = self;
        let (mut forwards, mut measurements) = (Vec::new(), 0);
        receiver.take(messages, |transaction, opened, index| {
            keep(run, transaction, opened, index)?;
            measurements += usize::from(index.is_some());
            // Only the wearable's are the GP's business.
            if opened.sender() == run.cast.wearable.card.id() {
                for proven in transaction.evidence(opened)? {
                    let sequence = sealer.next_sequence()?;
                    let (topic, key) = (&run.topics.gp, sequence.to_be_bytes());
                    let envelope =
                        sealer.forward_to_vec(topic, Some(now()), &proven.evidence, &mut SysRng)?;
                    if let Some(index) = run.ledger.by_digest(&proven.digest) {
                        run.ledger.genuine(&[Role::Gp], topic, &envelope, Sent::Measurement(index));
                    }
                    run.ledger.forwarded(sequence);
                    transaction.put(OUTBOX, &key, &envelope)?;
                    forwards.push((key.to_vec(), Bytes::from(envelope)));
                }
            }
            for key in waiting.drain(..) {
                transaction.remove(OUTBOX, &key)?;
            }
            Ok(())
        })?;
        Ok((forwards, measurements))
    }

    async fn send(&mut self, forwards: Vec<Forward>) -> Result<()> {
        for (key, envelope) in forwards {
            let notice = self.out.publish(&self.run.topics.gp, envelope, false).await?;
            let confirm = self.confirm.clone();
            tokio::spawn(async move {
                if delivered(notice).await.is_ok() {
                    let _ = confirm.send(key);
                }
            });
        }
        Ok(())
    }
}

/// Stores what was opened, and counts what it tells of sessions.
fn keep(
    run: &Run,
    transaction: &mut Transaction<'_>,
    opened: &Opened<'_>,
    index: Option<usize>,
) -> Result<()> {
    if let Some(body) = opened.body() {
        if let Some(index) = index {
            run.ledger.digest(*opened.digest(), index);
        }
        let measured = index.and_then(|index| run.script.measurements.get(index));
        if measured.is_some_and(|measured| measured.body != body) {
            run.ledger.fault("the PGO opened an altered measurement".into());
        }
        let (origin, sequence, time) = (*opened.sender(), opened.sequence(), opened.time());
        Stored { origin, sequence, time, body: body.to_vec() }.keep(transaction)?;
    }
    if opened.sender() == run.cast.wearable.card.id() {
        let keyframe = matches!(opened.content(), Content::Keyframe { .. });
        run.ledger.count(|chain| {
            chain.sessions += usize::from(keyframe);
            if let Some((first, last)) = opened.block().map(zegel::SignedBlock::numbers) {
                chain.blocks += 1;
                chain.proven += last - first + 1;
            }
        });
    }
    Ok(())
}

/// How long it waits for something to fall over.
const LAST: Duration = Duration::from_millis(300);
const STATE: &str = "pgo.state";
/// The numbers of its own envelopes: a seal in the middle of a transaction needs a store of its own for them.
const SENT_STATE: &str = "pgo-sent.state";
const OUTBOX: &str = "outbox";
