//! What outlives the process: who is trusted, which numbers were taken and given out, what somebody has to see; in a
//! file of its own, or in a database of the application's (SPEC §7, §13).

mod keys;

use std::sync::Arc;

use zegel::{Event as CoreEvent, Id, Stream};
use zegel_store::{StoreError, Transaction};

use crate::bytes;
use crate::card::{Card, CardFacts};
use crate::failure::Failure;
use crate::gate::Gate;
use crate::memory::MemoryDatabase;
use crate::opened::Gap;
use crate::outside::Database;
use crate::rows::{Rows, Shared, flush};
use crate::sealer::Succession;
use crate::taking::Mark;

pub use keys::OwnKey;

/// Durable state, shared by the openers and sealers that are made with it.
#[derive(uniffi::Object)]
pub struct Store {
    kind: Kind,
    mark: Mark,
}

/// Where the state is.
pub(crate) enum Kind {
    File(zegel_store::Store),
    Rows(Arc<Shelter>),
}

/// An application's database, and the one who may use it.
pub(crate) struct Shelter {
    database: Arc<dyn Database>,
    gate: Gate<Shared>,
}

/// Somebody whose card is pinned.
#[derive(uniffi::Record)]
pub struct Peer {
    /// The newest card that was accepted.
    pub card: Arc<Card>,
    /// Whether nothing of theirs is accepted any more.
    pub ended: bool,
}

/// Something that a person has to look at.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Event {
    /// Two statements under one number: a cloned key, or a restored backup.
    Conflict {
        /// What dismisses it.
        number: u64,
        /// How often since somebody last looked.
        times: u64,
        /// Whose numbers.
        sender: Vec<u8>,
        /// The number.
        sequence: u64,
    },
    /// Two cards, two identities or two sessions claim one place.
    Equivocation {
        /// What dismisses it.
        number: u64,
        /// How often since somebody last looked.
        times: u64,
        /// Who is behind the second one.
        id: Vec<u8>,
    },
    /// A newer card of a pinned identity brought other KEM keys.
    KeyChanged {
        /// What dismisses it.
        number: u64,
        /// How often since somebody last looked.
        times: u64,
        /// Whose card.
        id: Vec<u8>,
        /// The newer card's serial.
        serial: u64,
    },
}

#[uniffi::export]
impl Store {
    /// Opens the store in the file at `path`, or makes one. `Storage`, with what the matter is; the file is untouched
    /// then.
    #[uniffi::constructor]
    pub fn file(path: String) -> Result<Arc<Self>, Failure> {
        Ok(Self::of(Kind::File(zegel_store::Store::open_or_create(path)?)))
    }

    /// Keeps its state in the application's own database.
    #[uniffi::constructor]
    pub fn over(database: Arc<dyn Database>) -> Arc<Self> {
        Self::of(Kind::Rows(Arc::new(Shelter { database, gate: Gate::new(Shared::default()) })))
    }

    /// Forgets with the process. It stays on this side of the bridge, where a [`MemoryDatabase`] that is handed to
    /// [`Store::over`] is called through the other language, row by row.
    #[uniffi::constructor]
    pub fn memory() -> Arc<Self> {
        Self::over(MemoryDatabase::new())
    }

    /// Pins a card that somebody vouched for: scanned, compared, handed over. `Revoked`, `Rollback`, `Equivocation`.
    pub fn pin(&self, card: &Card) -> Result<Succession, Failure> {
        self.take_card(card, false)
    }

    /// Takes a newer card as it came over the broker; `UnknownSender` when its owner is not pinned.
    pub fn renew(&self, card: &Card) -> Result<Succession, Failure> {
        self.take_card(card, true)
    }

    /// Ends `id` for good, also when it was never pinned.
    pub fn revoke(&self, id: Vec<u8>) -> Result<(), Failure> {
        let id = bytes::id(&id)?;
        match &self.kind {
            Kind::File(store) => in_file(store, |transaction| transaction.revoke(&id)),
            Kind::Rows(shelter) => shelter.with(|rows| Ok(rows.revoke(&id)?)),
        }
    }

    /// The pinned card of `id`, also when it has ended.
    pub fn card(&self, id: Vec<u8>) -> Result<Option<Arc<Card>>, Failure> {
        let id = bytes::id(&id)?;
        let found = match &self.kind {
            Kind::File(store) => store.card(&id)?.zip(store.card_bytes(&id)?),
            Kind::Rows(shelter) => shelter.with(|rows| Ok(rows.pinned(&id.kid())?))?,
        };
        let found = found.filter(|(card, _)| *card.id() == id);
        Ok(found.map(|(card, wire)| Card::verified(card, wire)))
    }

    /// Everyone who is pinned.
    pub fn peers(&self) -> Result<Vec<Peer>, Failure> {
        match &self.kind {
            Kind::File(store) => {
                let peers = store.peers()?.into_iter();
                peers
                    .map(|peer| {
                        let wire = store.card_bytes(peer.card.id())?.unwrap_or_default();
                        Ok(Peer { card: Card::verified(peer.card, wire), ended: peer.ended })
                    })
                    .collect()
            }
            Kind::Rows(shelter) => shelter.with(|rows| {
                let peers = rows.peers()?.into_iter();
                Ok(peers
                    .map(|(card, wire, ended)| Peer { card: Card::verified(card, wire), ended })
                    .collect())
            }),
        }
    }

    /// The cards of those for whom `forwarder` vouches, without who has ended. Nobody has pinned them.
    pub fn introduced(&self, forwarder: Vec<u8>) -> Result<Vec<CardFacts>, Failure> {
        let forwarder = bytes::id(&forwarder)?;
        let cards = match &self.kind {
            Kind::File(store) => store.introduced(&forwarder)?,
            Kind::Rows(shelter) => shelter.with(|rows| Ok(rows.introduced(&forwarder)?))?,
        };
        Ok(cards.iter().map(CardFacts::new).collect())
    }

    /// What a person has to look at, until it is dismissed.
    pub fn events(&self) -> Result<Vec<Event>, Failure> {
        match &self.kind {
            Kind::File(store) => {
                let noted = store.events()?.into_iter();
                Ok(noted.map(|noted| Event::new(noted.number, noted.times, &noted.event)).collect())
            }
            Kind::Rows(shelter) => shelter.with(|rows| {
                let noted = rows.events()?.into_iter();
                Ok(noted.map(|noted| Event::new(noted.number, noted.times, &noted.event)).collect())
            }),
        }
    }

    /// Removes an event that somebody has seen; `false` when a later one of its kind has come since.
    pub fn dismiss(&self, number: u64) -> Result<bool, Failure> {
        match &self.kind {
            Kind::File(store) => in_file(store, |transaction| transaction.dismiss(number)),
            Kind::Rows(shelter) => shelter.with(|rows| Ok(rows.dismiss(number)?)),
        }
    }

    /// The numbers of a stream that never arrived.
    pub fn gaps(&self, sender: Vec<u8>, audience: Vec<u8>) -> Result<Vec<Gap>, Failure> {
        let stream = bytes::stream(&sender, &audience)?;
        let gaps = match &self.kind {
            Kind::File(store) => store.gaps(&stream)?,
            Kind::Rows(shelter) => shelter.with(|rows| Ok(rows.gaps(&stream)?))?,
        };
        Ok(gaps.into_iter().map(Gap::from).collect())
    }

    /// How many messages wait for a keyframe or a card.
    pub fn shelved(&self) -> Result<u64, Failure> {
        match &self.kind {
            Kind::File(store) => Ok(store.shelved()?),
            Kind::Rows(shelter) => shelter.with(|rows| Ok(rows.shelved()?)),
        }
    }

    /// Drops what has waited since before `before`, and says how many messages are lost by that.
    pub fn expire_shelf(&self, before: u64) -> Result<u64, Failure> {
        match &self.kind {
            Kind::File(store) => in_file(store, |transaction| transaction.expire_shelf(before)),
            Kind::Rows(shelter) => shelter.with(|rows| Ok(rows.expire_shelf(before)?)),
        }
    }
}

impl Store {
    fn of(kind: Kind) -> Arc<Self> {
        Arc::new(Self { kind, mark: Mark::new() })
    }

    pub(crate) const fn kind(&self) -> &Kind {
        &self.kind
    }

    pub(crate) const fn mark(&self) -> Mark {
        self.mark
    }

    fn take_card(&self, card: &Card, known_only: bool) -> Result<Succession, Failure> {
        let succession = match &self.kind {
            Kind::File(store) => {
                let mut transaction = store.begin()?;
                let taken = match known_only {
                    true => transaction.renew(card.wire()),
                    false => transaction.pin(card.wire()),
                };
                match taken {
                    Ok((succession, _)) => transaction.commit().map(|()| succession)?,
                    Err(error) => {
                        // What it has noted is on the disk before the caller hears of the refusal.
                        transaction.refuse()?;
                        return Err(error.into());
                    }
                }
            }
            Kind::Rows(shelter) => {
                shelter.with(|rows| Ok(rows.take_card(card.core(), card.wire(), known_only)?))?
            }
        };
        Ok(succession.into())
    }
}

impl Shelter {
    /// Does something to the state, all of it or none, and writes the events of it in any case.
    pub(crate) fn with<T>(
        &self,
        work: impl FnOnce(&mut Rows<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut shared = self.gate.enter()?;
        let mut rows = Rows::new(&*self.database, &mut shared);
        let outcome = work(&mut rows).and_then(|outcome| rows.commit().map(|()| outcome));
        let noted = flush(&*self.database, &mut shared);
        let outcome = outcome?;
        noted?;
        Ok(outcome)
    }

    /// Drops session keys that none of these KEM keys gives again.
    pub(crate) fn keep_keys_of(&self, kids: &[zegel::Kid]) -> Result<(), Failure> {
        self.gate.enter()?.keep_keys_of(kids);
        Ok(())
    }

    /// Reserves numbers of a stream, durably.
    pub(crate) fn reserve(&self, stream: &Stream) -> Result<std::ops::Range<u64>, Failure> {
        self.with(|rows| Ok(rows.reserve(stream)?))
    }
}

impl Event {
    fn new(number: u64, times: u64, event: &CoreEvent) -> Self {
        let name = |id: &Id| id.0.to_vec();
        match event {
            CoreEvent::Conflict { stream, sequence } => {
                Self::Conflict { number, times, sender: name(&stream.sender), sequence: *sequence }
            }
            CoreEvent::Equivocation { id } => Self::Equivocation { number, times, id: name(id) },
            CoreEvent::KeyChanged { id, serial } => {
                Self::KeyChanged { number, times, id: name(id), serial: *serial }
            }
        }
    }
}

/// One transaction for one thing.
pub(crate) fn in_file<T>(
    store: &zegel_store::Store,
    work: impl FnOnce(&mut Transaction<'_>) -> Result<T, StoreError>,
) -> Result<T, Failure> {
    let mut transaction = store.begin()?;
    let outcome = work(&mut transaction)?;
    transaction.commit()?;
    Ok(outcome)
}
