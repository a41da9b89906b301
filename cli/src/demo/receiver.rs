//! What the PGO and the GP have in common: open, store and count in one transaction, then acknowledge.
//!
//! The number of an envelope is taken in the transaction that stores its measurement, so that a crash at any
//! point loses nothing and doubles nothing: the broker delivers again what was not acknowledged (SPEC §7.3, §13).

use anyhow::{Context as _, Result, anyhow};
use rumqttc::mqttbytes::v5::Publish;
use zegel::{Error, Opened, Opener};
use zegel_store::{Store, Transaction};

use super::attack::Role;
use super::ledger::{self, Mark};
use super::link::Link;
use super::run::{Holder, Run, now};

/// A receiver's place in the run.
pub(super) struct Receiver<'r> {
    pub(super) run: &'r Run,
    pub(super) role: Role,
    pub(super) holder: &'r Holder,
    pub(super) store: Store,
}

/// A measurement as a receiver stored it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) sequence: u64,
    pub(super) time: Option<u64>,
    pub(super) body: Vec<u8>,
}

impl Receiver<'_> {
    /// Opens a batch in one transaction and commits it; `also` adds what the role stores beside each
    /// measurement. When this returns, the batch may be acknowledged.
    pub(super) fn take(
        &self,
        batch: &[Publish],
        mut also: impl FnMut(&mut Transaction<'_>, &Opened<'_>, &Mark) -> Result<()>,
    ) -> Result<()> {
        let opener = Opener::new(*self.holder.card.id(), std::slice::from_ref(&self.holder.kem));
        let mut outcomes = Vec::with_capacity(batch.len());
        let mut transaction = self.store.begin()?;
        for message in batch {
            let topic = String::from_utf8_lossy(&message.topic);
            let mark = ledger::mark(&topic, &message.payload);
            let mut buffer = message.payload.to_vec();
            let outcome = match opener.open(&mut transaction, &topic, Some(now()), &mut buffer) {
                Ok(opened) => {
                    let stored = Stored {
                        sequence: opened.sequence(),
                        time: opened.time(),
                        body: opened.body().unwrap_or_default().to_vec(),
                    };
                    stored.keep(&mut transaction)?;
                    also(&mut transaction, &opened, &mark)?;
                    Ok(())
                }
                // These are the receiver's own troubles, and nobody's attack.
                Err(error @ (Error::Storage | Error::Full | Error::KeyUnavailable)) => {
                    let cause = transaction.cause().map_or_else(|| anyhow!(error), anyhow::Error::new);
                    return Err(cause).context("the state does not answer");
                }
                Err(error) => {
                    // What is refused must not be readable either.
                    if buffer.iter().any(|byte| *byte != 0) {
                        self.run.ledger.fault(format!("a refused buffer was not wiped: {}", error.name()));
                    }
                    Err(error)
                }
            };
            outcomes.push((mark, outcome));
        }
        transaction.commit().context("cannot commit")?;
        for (mark, outcome) in outcomes {
            self.run.ledger.arrived(self.role, mark, outcome);
        }
        Ok(())
    }
}

/// The next message and whatever waits behind it; `None` when the connection has ended.
pub(super) async fn batch(link: &mut Link) -> Option<Vec<Publish>> {
    let mut batch = vec![link.inbox.recv().await?];
    while batch.len() < BATCH {
        match link.inbox.try_recv() {
            Ok(message) => batch.push(message),
            Err(_) => break,
        }
    }
    Some(batch)
}

impl Stored {
    /// Adds this measurement to the end of the table: one that came twice would stand there twice.
    fn keep(&self, transaction: &mut Transaction<'_>) -> Result<()> {
        let count = transaction.get(COUNT, COUNT.as_bytes())?.and_then(|bytes| bytes.try_into().ok());
        let count = u64::from_be_bytes(count.unwrap_or_default());
        let mut row = self.sequence.to_be_bytes().to_vec();
        row.extend(self.time.map_or(NO_TIME, |time| time).to_be_bytes());
        row.extend(&self.body);
        transaction.put(MEASUREMENTS, &count.to_be_bytes(), &row)?;
        transaction.put(COUNT, COUNT.as_bytes(), &(count + 1).to_be_bytes())?;
        Ok(())
    }

    /// Everything that is in the store, as somebody would find it who opens it tomorrow.
    pub(super) fn all(store: &Store) -> Result<Vec<Self>> {
        let rows = store.scan(MEASUREMENTS, &[], usize::MAX)?;
        rows.iter()
            .map(|row| {
                let (sequence, rest) = row.1.split_first_chunk::<8>().context("a row is too short")?;
                let (time, body) = rest.split_first_chunk::<8>().context("a row is too short")?;
                let time = u64::from_be_bytes(*time);
                Ok(Self {
                    sequence: u64::from_be_bytes(*sequence),
                    time: (time != NO_TIME).then_some(time),
                    body: body.to_vec(),
                })
            })
            .collect()
    }
}

const BATCH: usize = 128;
const MEASUREMENTS: &str = "measurements";
const COUNT: &str = "count";
/// Larger than any time that an envelope may carry.
const NO_TIME: u64 = u64::MAX;
