//! The GP: opens what the PGO hands on, with both hands verified, and keeps the evidence (SPEC §11).

use anyhow::{Context as _, Result};
use tokio::sync::{mpsc, watch};
use tokio::task::block_in_place;
use zegel::{Content, Custody, Opened};
use zegel_store::{Store, Transaction};

use super::attack::Role;
use super::link::Link;
use super::receiver::{Receiver, batch};
use super::run::{Run, now};
use super::stored::{Handed, Stored};

/// Makes the GP's state: it knows another PGO, and two devices that it does not trust any more or never did.
pub(super) fn install(run: &Run) -> Result<()> {
    let store = Store::create(run.state(STATE))?;
    let mut transaction = store.begin()?;
    transaction.add_kem_key(&run.cast.gp.kem_secret, now())?;
    transaction.pin(&run.cast.rival.encoded)?;
    transaction.pin(&run.cast.revoked.encoded)?;
    transaction.revoke(run.cast.revoked.card.id())?;
    transaction.commit()?;
    Ok(())
}

/// Opens the GP's state.
pub(super) fn state(run: &Run) -> Result<Store> {
    Store::open(run.state(STATE)).context("the GP's state")
}

/// Works until the connection ends. `ready` is told once it is subscribed; from `met` on it has the wearable pinned, as
/// the patient has been in the surgery.
pub(super) async fn work(
    run: &Run,
    mut link: Link,
    ready: mpsc::Sender<()>,
    met: watch::Receiver<bool>,
) -> Result<()> {
    let receiver = Receiver::new(run, Role::Gp, *run.cast.gp.card.id(), state(run)?)?;
    link.subscribe(&format!("{}/b/+", run.topics.prefix)).await?;
    let _ = ready.send(()).await;
    let mut pinned = false;
    while let Some(messages) = batch(&mut link).await {
        block_in_place(|| {
            if *met.borrow() && !pinned {
                let mut transaction = receiver.store.begin()?;
                transaction.pin(&run.cast.wearable.encoded)?;
                transaction.commit()?;
                pinned = true;
            }
            receiver.take(&messages, |transaction, opened, index| keep(run, transaction, opened, index))
        })?;
        for message in &messages {
            link.acknowledge(message).await?;
        }
    }
    anyhow::bail!("the broker has gone")
}

fn keep(
    run: &Run,
    transaction: &mut Transaction<'_>,
    opened: &Opened<'_>,
    index: Option<usize>,
) -> Result<()> {
    match opened.content() {
        Content::Introduction(introduction) => {
            transaction.introduce(opened.sender(), opened.sequence(), introduction)?;
        }
        Content::Evidence(custody) => {
            let evidence = custody.evidence();
            let measured = index.and_then(|index| run.script.measurements.get(index));
            if measured.is_some_and(|measured| measured.body != evidence.body()) {
                run.ledger.fault("the GP opened an altered measurement".into());
            }
            check_hands(run, custody);
            let (origin, sequence, time) = (*custody.origin(), evidence.sequence(), evidence.time());
            Stored { origin, sequence, time, body: evidence.body().to_vec() }.keep(transaction)?;
            run.ledger.show(Handed::keep(transaction, custody, opened.statement())?);
        }
        _ => run.ledger.fault("the GP took something that was not handed on".into()),
    }
    Ok(())
}

fn check_hands(run: &Run, custody: &Custody<'_>) {
    if custody.origin() != run.cast.wearable.card.id() || custody.forwarder() != run.cast.pgo.card.id() {
        run.ledger.fault("the GP took something with other hands than the wearable's and the PGO's".into());
    }
}

const STATE: &str = "gp.state";
