//! Cards that come over the broker: newer ones of who is pinned, and nothing else (SPEC §6.3, §8.3).

use anyhow::{Context as _, Result};
use tokio::sync::watch;
use tokio::task::block_in_place;
use zegel::{Card, Error, Status, Succession};
use zegel_store::{Store, StoreError};

use super::super::attack::Role;
use super::super::ledger::mark;
use super::super::link::Link;
use super::super::run::Run;

/// Takes what comes on the card topic, until the connection ends. A newer card of the PGO is told.
pub(super) async fn follow(
    run: &Run,
    store: &Store,
    ear: &mut Link,
    tell: watch::Sender<Option<Card>>,
) -> Result<()> {
    let pgo = run.cast.pgo.card.id();
    while let Some(message) = ear.inbox.recv().await {
        let topic = String::from_utf8_lossy(&message.topic).into_owned();
        let mark = mark(&topic, &message.payload);
        let taken = block_in_place(|| take(store, &message.payload))?;
        // The retained card is nothing new after the first time.
        let known = matches!(taken, Ok((Succession::Same, _))) && run.ledger.taken(Role::Wearable, &mark);
        let outcome =
            if known { Err(Error::Duplicate) } else { taken.as_ref().map(drop).map_err(|error| *error) };
        run.ledger.arrived(Role::Wearable, mark, outcome);
        if let Ok((Succession::Newer, card)) = taken
            && card.id() == pgo
            && card.status() == Status::Active
        {
            tell.send_replace(Some(card));
        }
        ear.acknowledge(&message).await?;
    }
    Ok(())
}

/// What a card is to the one that is pinned.
fn take(store: &Store, bytes: &[u8]) -> Result<Result<(Succession, Card), Error>> {
    let mut transaction = store.begin()?;
    let taken = match transaction.renew(bytes) {
        Ok(taken) => Ok(taken),
        Err(StoreError::Refused(error)) => Err(error),
        Err(error) => return Err(error).context("the wearable's state"),
    };
    transaction.commit()?;
    Ok(taken)
}
