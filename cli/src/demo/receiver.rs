//! What all receivers have in common: open, store and count in one transaction, then acknowledge.
//!
//! The number of a message is taken in the transaction that stores its measurement, so that a crash at any
//! point loses nothing and doubles nothing: the broker delivers again what was not acknowledged (SPEC §7.3, §13).
//! What came before its keyframe waits on the shelf (SPEC §10.3).

use std::collections::VecDeque;

use anyhow::{Context as _, Result, anyhow};
use rumqttc::mqttbytes::v5::Publish;
use zegel::{Content, Error, Id, KemKey, Opened, Opener};
use zegel_store::{Awaited, Store, StoreError, Transaction};

use super::attack::Role;
use super::ledger;
use super::link::Link;
use super::run::{Run, now};

/// A receiver's place in the run.
pub(super) struct Receiver<'r> {
    pub(super) run: &'r Run,
    pub(super) role: Role,
    pub(super) id: Id,
    pub(super) keys: Vec<KemKey>,
    pub(super) store: Store,
}

/// A message on its way into the store.
struct Sealed {
    topic: String,
    bytes: Vec<u8>,
    /// Whether it comes from the shelf.
    waited: bool,
}

impl<'r> Receiver<'r> {
    /// A receiver with the keys that are in its store.
    pub(super) fn new(run: &'r Run, role: Role, id: Id, store: Store) -> Result<Self> {
        let mut receiver = Self { run, role, id, keys: Vec::new(), store };
        receiver.read_keys()?;
        Ok(receiver)
    }

    pub(super) fn read_keys(&mut self) -> Result<()> {
        self.keys = self.store.kem_keys()?.into_iter().map(|own| own.key).collect();
        Ok(())
    }

    /// Opens a batch in one transaction and commits it; `also` adds what the role stores of each message, and gets the
    /// place in the script of a genuine measurement. When this returns, the batch may be acknowledged.
    pub(super) fn take(
        &self,
        batch: &[Publish],
        mut also: impl FnMut(&mut Transaction<'_>, &Opened<'_>, Option<usize>) -> Result<()>,
    ) -> Result<()> {
        let mut queue: VecDeque<Sealed> = batch
            .iter()
            .map(|message| Sealed {
                topic: String::from_utf8_lossy(&message.topic).into_owned(),
                bytes: message.payload.to_vec(),
                waited: false,
            })
            // A late word of a pairing is nothing to open.
            .filter(|message| self.run.topics.readers(&message.topic).contains(&self.role))
            .collect();
        let mut outcomes = Vec::with_capacity(queue.len());
        let mut transaction = self.store.begin()?;
        while let Some(message) = queue.pop_front() {
            let outcome = self.open(&mut transaction, &message, &mut queue, &mut also)?;
            outcomes.push((ledger::mark(&message.topic, &message.bytes), outcome));
        }
        transaction.commit().context("cannot commit")?;
        for (mark, outcome) in outcomes {
            self.run.ledger.arrived(self.role, mark, outcome);
        }
        Ok(())
    }

    /// Opens one message. What waited for it is put before the rest of the `queue`.
    fn open(
        &self,
        transaction: &mut Transaction<'_>,
        message: &Sealed,
        queue: &mut VecDeque<Sealed>,
        also: &mut impl FnMut(&mut Transaction<'_>, &Opened<'_>, Option<usize>) -> Result<()>,
    ) -> Result<Result<(), Error>> {
        let opener = Opener::new(self.id, &self.keys).with_acceptance(self.run.acceptance());
        let mut buffer = message.bytes.clone();
        match opener.open(transaction, &message.topic, Some(now()), &mut buffer) {
            Ok(opened) => {
                let mark = ledger::mark(&message.topic, &message.bytes);
                also(transaction, &opened, self.run.ledger.index(self.role, &mark))?;
                if let Content::Keyframe { session, .. } = opened.content() {
                    for early in transaction.unshelve(Awaited::Keyframe(*session))?.into_iter().rev() {
                        queue.push_front(Sealed { topic: early.topic, bytes: early.sealed, waited: true });
                    }
                }
                if message.waited {
                    self.run.ledger.count(|chain| chain.waited += 1);
                }
                Ok(Ok(()))
            }
            // These are the receiver's own troubles, and nobody's attack.
            Err(error @ (Error::Storage | Error::Full | Error::KeyUnavailable)) => {
                let cause = transaction.cause().map_or_else(|| anyhow!(error), anyhow::Error::new);
                Err(cause).context("the state does not answer")
            }
            Err(error) => {
                // What is refused must not be readable either; what may open later was not decrypted.
                if error != Error::UnknownSession && buffer.iter().any(|byte| *byte != 0) {
                    self.run.ledger.fault(format!("a refused buffer was not wiped: {}", error.name()));
                }
                if error == Error::UnknownSession {
                    self.shelve(transaction, message)?;
                }
                Ok(Err(error))
            }
        }
    }

    /// Keeps a message until its keyframe comes.
    fn shelve(&self, transaction: &mut Transaction<'_>, message: &Sealed) -> Result<()> {
        let Some(awaited) = Awaited::after(Error::UnknownSession, &message.bytes) else { return Ok(()) };
        match transaction.shelve(awaited, &message.topic, &message.bytes, Some(now())) {
            Err(StoreError::Refused(Error::Full)) => {
                self.run.ledger.count(|chain| chain.no_room += 1);
                Ok(())
            }
            result => Ok(result?),
        }
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

const BATCH: usize = 128;
