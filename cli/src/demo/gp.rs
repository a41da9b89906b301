//! The GP: opens what the PGO sealed on, stores it, and knows from whom it came.

use anyhow::{Context as _, Result};
use tokio::sync::mpsc;
use tokio::task::block_in_place;
use zegel_store::Store;

use super::attack::Role;
use super::link::Link;
use super::receiver::{Receiver, batch};
use super::run::Run;

/// Makes the GP's state: it trusts the PGO, and knows the wearable.
pub(super) fn install(run: &Run) -> Result<()> {
    let store = Store::create(run.state(STATE))?;
    let mut transaction = store.begin()?;
    transaction.pin(&run.cast.pgo.encoded)?;
    transaction.pin(&run.cast.wearable.encoded)?;
    transaction.commit()?;
    Ok(())
}

/// Opens the GP's state.
pub(super) fn state(run: &Run) -> Result<Store> {
    Store::open(run.state(STATE)).context("the GP's state")
}

/// Works until the connection ends. `ready` is told once it is subscribed.
pub(super) async fn work(run: &Run, ready: mpsc::Sender<()>) -> Result<()> {
    let receiver = Receiver { run, role: Role::Gp, holder: &run.cast.gp, store: state(run)? };
    let mut link = Link::open(&run.broker, &run.client("gp")).await?;
    link.subscribe(&format!("{}/b/+", run.topics.prefix)).await?;
    let _ = ready.send(()).await;
    while let Some(messages) = batch(&mut link).await {
        block_in_place(|| {
            receiver.take(&messages, |_, opened, mark| {
                let measured = run.ledger.index(mark).and_then(|index| run.script.measurements.get(index));
                if measured.is_some_and(|measured| Some(measured.body.as_slice()) != opened.body()) {
                    run.ledger.fault("the GP opened an altered measurement".into());
                }
                if opened.sender() != run.cast.pgo.card.id() {
                    run.ledger.fault("the GP took something from somebody other than the PGO".into());
                }
                Ok(())
            })
        })?;
        for message in &messages {
            link.acknowledge(message).await?;
        }
    }
    anyhow::bail!("the broker has gone")
}

const STATE: &str = "gp.state";
