//! Receiving with patience: a message that came too early waits, and whatever it waited for brings it back
//! (SPEC §10.3, §11.3).

use std::collections::VecDeque;

use zegel::{Agree, Content, Error, Opened, Opener};
use zeroize::Zeroizing;

use crate::error::StoreError;
use crate::shelf::{Awaited, Early};
use crate::transaction::Transaction;

/// What became of a message, and of those that had waited for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// How many were opened. None, when the message itself came too early.
    pub opened: usize,
    /// How many wait on the shelf, now or still.
    pub waiting: usize,
    /// How many were given up for these: they are lost.
    pub lost: u64,
    /// Why others, that had waited, were refused after all.
    pub refused: Vec<Error>,
}

impl Transaction<'_> {
    /// Opens a message that came on `topic` at `now`, and then what had waited for it: `each` stores what was opened.
    /// One that came too early is kept on the shelf instead, and opened with what it waits for. `message` stays as it
    /// is.
    ///
    /// An introduction is taken. After [`pin`](Transaction::pin) and [`renew`](Transaction::renew), call
    /// [`retry`](Transaction::retry).
    ///
    /// # Errors
    /// [`StoreError::Refused`] with what [`Opener::open`] says of the message, and what `each` says. A refused message
    /// has changed nothing: [refuse](Transaction::refuse) the transaction, or go on with it.
    pub fn receive<K: Agree>(
        &mut self,
        opener: &Opener<'_, K>,
        topic: &str,
        now: Option<u64>,
        message: &[u8],
        mut each: impl FnMut(&mut Self, &Opened<'_>) -> Result<(), StoreError>,
    ) -> Result<Received, StoreError> {
        let mut received = Received::default();
        let message = Early { topic: topic.to_owned(), sealed: message.to_vec(), since: now };
        let ready = self.attempt(opener, now, message, &mut each, &mut received)?;
        match received.refused.pop() {
            Some(error) => Err(error.into()),
            None => self.attempt_all(opener, now, ready, each, received),
        }
    }

    /// Opens what can be opened on the shelf, as [`Transaction::receive`] does: after a card was pinned or renewed, and
    /// when a program begins.
    ///
    /// # Errors
    /// What `each` says.
    pub fn retry<K: Agree>(
        &mut self,
        opener: &Opener<'_, K>,
        now: Option<u64>,
        each: impl FnMut(&mut Self, &Opened<'_>) -> Result<(), StoreError>,
    ) -> Result<Received, StoreError> {
        let ready = self.ready()?;
        self.attempt_all(opener, now, ready, each, Received::default())
    }

    /// Takes from the shelf all that may open by now: what waits for a card, and for a session that is kept.
    pub fn ready(&mut self) -> Result<Vec<Early>, StoreError> {
        let mut ready = self.unshelve(Awaited::Card)?;
        for session in self.waiting_sessions()? {
            ready.extend(self.unshelve(Awaited::Keyframe(session))?);
        }
        Ok(ready)
    }

    /// Takes what an opened message says about the state, an introduction, and says what came with it that others may
    /// wait for: [unshelve](Transaction::unshelve) it. [`Transaction::receive`] does both.
    pub fn settle(&mut self, opened: &Opened<'_>) -> Result<Option<Awaited>, StoreError> {
        Ok(match opened.content() {
            Content::Keyframe { session, .. } => Some(Awaited::Keyframe(*session)),
            Content::Introduction(introduction) => {
                self.introduce(opened.sender(), opened.sequence(), introduction)?;
                Some(Awaited::Card)
            }
            _ => None,
        })
    }

    fn attempt_all<K: Agree>(
        &mut self,
        opener: &Opener<'_, K>,
        now: Option<u64>,
        ready: Vec<Early>,
        mut each: impl FnMut(&mut Self, &Opened<'_>) -> Result<(), StoreError>,
        mut received: Received,
    ) -> Result<Received, StoreError> {
        let mut ready = VecDeque::from(ready);
        while let Some(early) = ready.pop_front() {
            ready.extend(self.attempt(opener, now, early, &mut each, &mut received)?);
        }
        Ok(received)
    }

    /// Opens one message, and gives what waited for it.
    fn attempt<K: Agree>(
        &mut self,
        opener: &Opener<'_, K>,
        now: Option<u64>,
        Early { topic, sealed, since }: Early,
        each: &mut impl FnMut(&mut Self, &Opened<'_>) -> Result<(), StoreError>,
        received: &mut Received,
    ) -> Result<Vec<Early>, StoreError> {
        // Opening happens in place, and the message itself may have to wait.
        let mut buffer = Zeroizing::new(sealed.clone());
        match opener.open(self, &topic, now, &mut buffer) {
            Ok(opened) => {
                each(self, &opened)?;
                received.opened = received.opened.saturating_add(1);
                self.settle(&opened)?.map_or(Ok(Vec::new()), |came| self.unshelve(came))
            }
            // Our trouble, and not the message's: what waited goes on waiting.
            Err(error @ (Error::Storage | Error::Full | Error::KeyUnavailable)) => Err(self.told(error)),
            Err(error) => {
                match Awaited::after(error, &sealed) {
                    Some(awaited) => {
                        let lost = self.shelve(awaited, &topic, &sealed, since)?;
                        received.waiting = received.waiting.saturating_add(1);
                        received.lost = received.lost.saturating_add(lost);
                    }
                    None => received.refused.push(error),
                }
                Ok(Vec::new())
            }
        }
    }
}
