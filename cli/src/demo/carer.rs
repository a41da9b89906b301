//! The carer: opens what the wearable seals for two, and stores it (SPEC §4.6).

use anyhow::{Context as _, Result};
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::block_in_place;
use zegel::Status;
use zegel_store::Store;

use super::attack::Role;
use super::ledger::Sent;
use super::link::{Link, delivered};
use super::receiver::{Receiver, batch};
use super::run::{Run, now};
use super::stored::Stored;

/// Makes the carer's state, with his key.
pub(super) fn install(run: &Run) -> Result<()> {
    let store = Store::create(run.state(STATE))?;
    let mut transaction = store.begin()?;
    transaction.add_kem_key(&run.cast.carer.kem_secret, now())?;
    transaction.commit()?;
    Ok(())
}

/// Opens the carer's state.
pub(super) fn state(run: &Run) -> Result<Store> {
    Store::open(run.state(STATE)).context("the carer's state")
}

/// Works until the connection ends. `ready` is told once it is subscribed.
pub(super) async fn work(run: &Run, mut link: Link, ready: mpsc::Sender<()>) -> Result<()> {
    let receiver = Receiver::new(run, Role::Carer, *run.cast.carer.card.id(), state(run)?)?;
    link.subscribe(&format!("{}/c/+", run.topics.prefix)).await?;
    withdraw_former(run, &link).await?;
    let _ = ready.send(()).await;
    while let Some(messages) = batch(&mut link).await {
        block_in_place(|| {
            receiver.take(&messages, |transaction, opened, index| {
                let Some(body) = opened.body() else { return Ok(()) };
                let measured = index.and_then(|index| run.script.measurements.get(index));
                if measured.is_some_and(|measured| measured.body != body) {
                    run.ledger.fault("the carer opened an altered measurement".into());
                }
                let (origin, sequence, time) = (*opened.sender(), opened.sequence(), opened.time());
                Stored { origin, sequence, time, body: body.to_vec() }.keep(transaction)
            })
        })?;
        for message in &messages {
            link.acknowledge(message).await?;
        }
    }
    anyhow::bail!("the broker has gone")
}

/// The carer of former days, at the same desk, gives his keys up for good.
async fn withdraw_former(run: &Run, link: &Link) -> Result<()> {
    let former = &run.cast.former;
    let withdrawn = former.reissue(2, &[former.kem.public()], Status::Withdrawn)?;
    let topic = &run.topics.cards[1];
    run.ledger.genuine(&[Role::Wearable], topic, &withdrawn, Sent::Card);
    delivered(link.publish(topic, Bytes::from(withdrawn), true).await?).await
}

const STATE: &str = "carer.state";
