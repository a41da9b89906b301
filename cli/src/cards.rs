//! Cards that come over the broker: newer ones of who is pinned are taken, and nobody is introduced (SPEC §8.3).
//!
//! What the topic brings is never trusted for where it came from: a card renews its own owner's or nothing.

use anyhow::Result;
use zegel::{Card, Error, Status, Succession};
use zegel_store::{StoreError, Transaction};

use crate::{armour, exit, mqtt};

/// The topics that are followed, and what was seen on them.
pub(crate) struct Cards<'f> {
    filters: &'f [String],
}

impl<'f> Cards<'f> {
    pub(crate) const fn new(filters: &'f [String]) -> Self {
        Self { filters }
    }

    /// Whether what comes on `topic` is taken for a card, and for nothing else.
    pub(crate) fn follow(&self, topic: &str) -> bool {
        self.filters.iter().any(|filter| mqtt::matches(filter, topic))
    }

    /// Takes what came on such a topic, and says on standard error what became of it.
    ///
    /// Errors are those of the state alone; a card that is refused is an answer.
    pub(crate) fn take(
        &self,
        transaction: &mut Transaction<'_>,
        topic: &str,
        payload: &[u8],
    ) -> Result<Taken> {
        let shown = topic.escape_debug();
        // How a retained message is removed.
        if payload.is_empty() {
            return Ok(Taken::Nothing);
        }
        let Some((bytes, card)) = card(payload) else {
            eprintln!("zegel: refused: what came on {shown} is no card whose signature holds");
            return Ok(Taken::Nothing);
        };
        let id = *card.id();
        match transaction.renew(&bytes) {
            Ok((Succession::Same, card)) => Ok(Taken::Known(card)),
            Ok((_, card)) if card.status() == Status::Withdrawn => {
                exit::alarm(Error::Revoked, &format!("{id} withdrew its keys, for good"));
                Ok(Taken::Newer(card))
            }
            Ok((_, card)) => {
                eprintln!("zegel: newer card of {id}, serial {}", card.serial());
                Ok(Taken::Newer(card))
            }
            Err(StoreError::Refused(Error::UnknownSender)) => {
                eprintln!("zegel: ignored: a card of {id}, who is not pinned, on {shown}");
                Ok(Taken::Nothing)
            }
            Err(StoreError::Refused(error @ (Error::Rollback | Error::Equivocation))) => {
                exit::alarm(error, &format!("a card of {id}, serial {}, on {shown}", card.serial()));
                Ok(Taken::Alarm(error))
            }
            Err(StoreError::Refused(error)) => {
                eprintln!("zegel: refused: {error}: a card of {id} on {shown}");
                Ok(Taken::Nothing)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// What became of a card.
pub(crate) enum Taken {
    /// It took the place of the pinned one.
    Newer(Card),
    /// It is the pinned one.
    Known(Card),
    /// It cannot be, unless somebody has lost control of a key, or goes back in time.
    Alarm(Error),
    Nothing,
}

fn card(payload: &[u8]) -> Option<(Vec<u8>, Card)> {
    let bytes = armour::card(payload).ok()?;
    let card = Card::from_bytes(&bytes).ok()?;
    Some((bytes, card))
}
