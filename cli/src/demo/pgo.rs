//! The PGO: opens what is for it, stores it, and seals it on to the GP under its own identity.
//!
//! The envelope for the GP is stored in the same transaction as the measurement and sent after it, so that
//! a crash in between sends the same bytes again instead of nothing, or of two (SPEC §7.3).

use anyhow::{Context as _, Result};
use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::block_in_place;
use zegel::{Measurement, Sealer, rng::SysRng};
use zegel_store::Store;

use super::attack::Role;
use super::link::{Link, delivered};
use super::receiver::{Receiver, batch};
use super::run::{Run, now};

/// Makes the PGO's state: who is trusted, and who is not any more.
pub(super) fn install(run: &Run) -> Result<()> {
    let store = Store::create(run.state(STATE))?;
    let mut transaction = store.begin()?;
    for device in [&run.cast.wearable, &run.cast.revoked, &run.cast.expired] {
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

/// Works until `crash` says otherwise, and then falls over after a commit, before it acknowledges anything.
/// `ready` is told once it is subscribed; `pace` gets a permit for each measurement.
pub(super) async fn work(
    run: &Run,
    resume: bool,
    ready: mpsc::Sender<()>,
    pace: &Semaphore,
    mut crash: watch::Receiver<bool>,
) -> Result<()> {
    let store = state(run)?;
    let sent = Store::open(run.state(SENT_STATE)).context("the PGO's second state")?;
    let mut sealer =
        Sealer::new(&run.cast.pgo.identity, &run.cast.gp.card, Some(now()), sent.sequence())?.precompute();
    let receiver = Receiver { run, role: Role::Pgo, holder: &run.cast.pgo, store: store.clone() };
    let mut link = Link::open(&run.broker, &run.client("pgo")).await?;
    // The session that is taken up has its subscription.
    if !resume {
        link.subscribe(&format!("{}/a/+", run.topics.prefix)).await?;
    }
    // What is sent has a connection of its own: the outbox remembers it, and no session needs to.
    let out = Link::open(&run.broker, &run.client("pgo-out")).await?;
    let _ = ready.send(()).await;

    // What was stored and perhaps not sent when the last process ended.
    let mut waiting = Vec::new();
    for row in store.scan(OUTBOX, &[], usize::MAX)? {
        waiting.push(row.0.clone());
        out.publish(&run.topics.gp, Bytes::from(row.1), false).await?;
    }
    let (confirm, mut confirmed) = mpsc::unbounded_channel();
    loop {
        let messages = tokio::select! {
            messages = batch(&mut link) => messages.context("the broker has gone")?,
            _ = crash.wait_for(|crash| *crash) => return fall(link),
        };
        while let Ok(key) = confirmed.try_recv() {
            waiting.push(key);
        }
        let mut forwards = Vec::new();
        block_in_place(|| {
            receiver.take(&messages, |transaction, opened, mark| {
                let index = run.ledger.index(mark);
                let measured = index.and_then(|index| run.script.measurements.get(index));
                if measured.is_some_and(|measured| Some(measured.body.as_slice()) != opened.body()) {
                    run.ledger.fault("the PGO opened an altered measurement".into());
                }
                let (Some(format), Some(body)) = (opened.format(), opened.body()) else { return Ok(()) };
                let onward = Measurement { time: opened.time(), format, body };
                let sequence = sealer.next_sequence()?;
                let key = sequence.to_be_bytes();
                let envelope = sealer.seal_to_vec(&run.topics.gp, &onward, &mut SysRng)?;
                if let Some(index) = index {
                    run.ledger.measurement(Role::Gp, &run.topics.gp, &envelope, index);
                }
                run.ledger.forwarded(sequence);
                transaction.put(OUTBOX, &key, &envelope)?;
                for key in waiting.drain(..) {
                    transaction.remove(OUTBOX, &key)?;
                }
                forwards.push((key.to_vec(), Bytes::from(envelope)));
                Ok(())
            })
        })?;
        pace.add_permits(forwards.len());
        if *crash.borrow() {
            return fall(link);
        }
        for message in &messages {
            link.acknowledge(message).await?;
        }
        for (key, envelope) in forwards {
            let notice = out.publish(&run.topics.gp, envelope, false).await?;
            let confirm = confirm.clone();
            tokio::spawn(async move {
                if delivered(notice).await.is_ok() {
                    let _ = confirm.send(key);
                }
            });
        }
    }
}

/// The process is gone: what was committed stays, what was not acknowledged comes again.
fn fall(link: Link) -> Result<()> {
    link.crash();
    Ok(())
}

const STATE: &str = "pgo.state";
/// The numbers of its own envelopes: a seal in the middle of a transaction needs a store of its own for them.
const SENT_STATE: &str = "pgo-sent.state";
const OUTBOX: &str = "outbox";
