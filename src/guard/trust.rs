//! Who is trusted: pinned cards, and the rule by which a newer card follows an older one
//! (SPEC §7.2 and §8.3). Nobody is trusted on first use.

#[cfg(feature = "alloc")]
use alloc::collections::{BTreeMap, BTreeSet};
use core::cmp::Ordering;

use crate::crypto::sign::PublicKey;
use crate::error::{Error, Result};
use crate::key::card::Card;
use crate::key::claims::Status;
use crate::key::id::{Id, Kid};

/// Finds the pinned sender behind a key identifier.
pub trait TrustStore {
    /// The one sender with this identifier, revoked ones included; `None` when nobody is pinned.
    ///
    /// # Errors
    /// [`Error::Storage`] when the store cannot be read.
    fn sender(&self, kid: &Kid) -> Result<Option<Sender>>;

    /// Whether `origin` is in the latest introduction of `forwarder` (SPEC §11.3). A store without introductions
    /// says no.
    ///
    /// # Errors
    /// [`Error::Revoked`] when `origin` is revoked, which a store may know of who was never pinned;
    /// [`Error::Storage`] when the store cannot be read.
    fn vouches(&self, _forwarder: &Id, _origin: &Id) -> Result<bool> {
        Ok(false)
    }
}

impl<T: TrustStore + ?Sized> TrustStore for &mut T {
    fn sender(&self, kid: &Kid) -> Result<Option<Sender>> {
        (**self).sender(kid)
    }

    fn vouches(&self, forwarder: &Id, origin: &Id) -> Result<bool> {
        (**self).vouches(forwarder, origin)
    }
}

/// Takes newer cards of who is pinned, and of nobody else: for cards that the broker delivers.
pub trait Renew {
    /// The pinned card of somebody.
    fn pinned(&self, id: &Id) -> Option<&Card>;

    /// What [`Renew::renew`] would say; nothing changes.
    ///
    /// # Errors
    /// [`Error::UnknownSender`] when nobody is pinned under this key identifier, [`Error::Equivocation`] when
    /// somebody else is; those of [`succeed`].
    fn judge(&self, card: &Card) -> Result<Succession>;

    /// Takes a newer card.
    ///
    /// # Errors
    /// As [`Renew::judge`].
    fn renew(&mut self, card: &Card) -> Result<Succession>;
}

/// What opening needs to know of a pinned sender. It is made from a verified [`Card`] alone.
#[derive(Clone, Copy)]
pub struct Sender {
    id: Id,
    key: PublicKey,
    not_before: u64,
    expires: u64,
    revoked: bool,
}

impl Sender {
    /// The sender of a pinned card; `revoked` when the user ended the trust in it.
    pub fn new(card: &Card, revoked: bool) -> Self {
        Self {
            id: *card.id(),
            key: *card.key(),
            not_before: card.not_before(),
            expires: card.expires(),
            revoked: revoked || card.status() == Status::Withdrawn,
        }
    }

    /// Who sends.
    pub const fn id(&self) -> &Id {
        &self.id
    }

    pub(crate) const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Whether a statement that arrives at `now` is taken.
    pub(crate) fn check(&self, now: Option<u64>) -> Result<()> {
        match now {
            _ if self.revoked => Err(Error::Revoked),
            Some(now) if now < self.not_before => Err(Error::NotYetValid),
            Some(now) if now > self.expires => Err(Error::Expired),
            _ => Ok(()),
        }
    }
}

/// What a store keeps of a pinned card for the rule of [`succeed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// The serial of the pinned card.
    pub serial: u64,
    /// SHA-256 of the pinned card's bytes.
    pub digest: [u8; 32],
    /// Whether the card was withdrawn or the identity revoked: nothing follows.
    pub ended: bool,
}

/// How a card follows the one that is pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Succession {
    /// Nothing was pinned.
    New,
    /// It replaces the pinned card.
    Newer,
    /// It is the pinned card.
    Same,
}

/// The rule of SPEC §8.3: the higher serial wins, an end is final, and the order of arrival is nothing. A
/// withdrawal ends at any serial: who stole the key could otherwise outrun it with a higher one.
///
/// # Errors
/// [`Error::Revoked`], [`Error::Rollback`], [`Error::Equivocation`].
pub fn succeed(pinned: Option<&Pinned>, card: &Card) -> Result<Succession> {
    let Some(pinned) = pinned else { return Ok(Succession::New) };
    match card.serial().cmp(&pinned.serial) {
        Ordering::Equal if *card.digest() == pinned.digest => Ok(Succession::Same),
        _ if pinned.ended => Err(Error::Revoked),
        _ if card.status() == Status::Withdrawn => Ok(Succession::Newer),
        Ordering::Less => Err(Error::Rollback),
        Ordering::Equal => Err(Error::Equivocation),
        Ordering::Greater => Ok(Succession::Newer),
    }
}

/// Pinned cards in fixed memory: at most `N`.
///
/// It forgets with the process, revocations and newer cards too.
#[derive(Clone, Debug)]
pub struct FixedTrust<const N: usize> {
    entries: [Option<Entry>; N],
}

impl<const N: usize> FixedTrust<N> {
    /// Nobody is trusted.
    pub const fn new() -> Self {
        Self { entries: [const { None }; N] }
    }

    /// Pins a card that the user decided to trust, or takes a newer card of somebody pinned. Never for a card that
    /// the broker delivered: that is [`Self::renew`].
    ///
    /// # Errors
    /// Those of [`succeed`]; [`Error::Equivocation`] when another identity has the same key identifier;
    /// [`Error::Full`].
    pub fn pin(&mut self, card: &Card) -> Result<Succession> {
        let place = self.place(&card.id().kid());
        let free = self.entries.iter().position(Option::is_none);
        let slot = self.entries.get_mut(place.or(free).ok_or(Error::Full)?).ok_or(Error::Full)?;
        let succession = succession(slot.as_ref(), card)?;
        if succession != Succession::Same {
            *slot = Some(Entry { card: card.clone(), revoked: false });
        }
        Ok(succession)
    }

    /// Takes a newer card of somebody pinned, and of nobody else: for cards that the broker delivers.
    ///
    /// # Errors
    /// As [`Renew::judge`].
    pub fn renew(&mut self, card: &Card) -> Result<Succession> {
        Renew::judge(self, card)?;
        self.pin(card)
    }

    /// Ends the trust in somebody for good; [`Error::UnknownSender`] when nobody has this id.
    pub fn revoke(&mut self, id: &Id) -> Result<()> {
        let entry = self.entries.iter_mut().flatten().find(|entry| entry.card.id() == id);
        entry.map(|entry| entry.revoked = true).ok_or(Error::UnknownSender)
    }

    /// The pinned card of somebody.
    pub fn get(&self, id: &Id) -> Option<&Card> {
        self.entries.iter().flatten().map(|entry| &entry.card).find(|card| card.id() == id)
    }

    fn place(&self, kid: &Kid) -> Option<usize> {
        self.entries.iter().position(|slot| slot.as_ref().is_some_and(|entry| entry.card.id().kid() == *kid))
    }
}

impl<const N: usize> Default for FixedTrust<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> TrustStore for FixedTrust<N> {
    fn sender(&self, kid: &Kid) -> Result<Option<Sender>> {
        let entry = self.place(kid).and_then(|place| self.entries.get(place)).and_then(Option::as_ref);
        Ok(entry.map(Entry::sender))
    }
}

impl<const N: usize> Renew for FixedTrust<N> {
    fn pinned(&self, id: &Id) -> Option<&Card> {
        self.get(id)
    }

    fn judge(&self, card: &Card) -> Result<Succession> {
        let entry = self.place(&card.id().kid()).and_then(|place| self.entries.get(place)?.as_ref());
        succession(Some(entry.ok_or(Error::UnknownSender)?), card)
    }

    fn renew(&mut self, card: &Card) -> Result<Succession> {
        Self::renew(self, card)
    }
}

/// Pinned cards on the heap: as many as there are.
///
/// It forgets with the process, revocations and newer cards too.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug, Default)]
pub struct MemoryTrust {
    entries: BTreeMap<Kid, Entry>,
    /// By forwarder: the number of the latest introduction, and who is in it.
    introduced: BTreeMap<Id, (u64, BTreeSet<Id>)>,
}

#[cfg(feature = "alloc")]
impl MemoryTrust {
    /// Nobody is trusted.
    pub const fn new() -> Self {
        Self { entries: BTreeMap::new(), introduced: BTreeMap::new() }
    }

    /// Pins a card that the user decided to trust, or takes a newer card of somebody pinned. Never for a card that
    /// the broker delivered: that is [`Self::renew`].
    ///
    /// # Errors
    /// Those of [`succeed`]; [`Error::Equivocation`] when another identity has the same key identifier.
    pub fn pin(&mut self, card: &Card) -> Result<Succession> {
        let kid = card.id().kid();
        let succession = succession(self.entries.get(&kid), card)?;
        if succession != Succession::Same {
            self.entries.insert(kid, Entry { card: card.clone(), revoked: false });
        }
        Ok(succession)
    }

    /// Takes a newer card of somebody pinned, and of nobody else: for cards that the broker delivers.
    ///
    /// # Errors
    /// As [`Renew::judge`].
    pub fn renew(&mut self, card: &Card) -> Result<Succession> {
        Renew::judge(self, card)?;
        self.pin(card)
    }

    /// Ends the trust in somebody for good; [`Error::UnknownSender`] when nobody has this id.
    pub fn revoke(&mut self, id: &Id) -> Result<()> {
        let entry = self.entries.get_mut(&id.kid()).filter(|entry| entry.card.id() == id);
        entry.map(|entry| entry.revoked = true).ok_or(Error::UnknownSender)
    }

    /// The pinned card of somebody.
    pub fn get(&self, id: &Id) -> Option<&Card> {
        self.entries.get(&id.kid()).map(|entry| &entry.card).filter(|card| card.id() == id)
    }
}

#[cfg(feature = "alloc")]
impl MemoryTrust {
    /// Takes an introduction that `forwarder` sent under `sequence`: the whole set of whom it vouches for. `false`
    /// when a later one was taken already.
    pub fn introduce(&mut self, forwarder: &Id, sequence: u64, ids: impl Iterator<Item = Id>) -> bool {
        let known = self.introduced.get(forwarder);
        if known.is_some_and(|(latest, _)| *latest >= sequence) {
            return false;
        }
        self.introduced.insert(*forwarder, (sequence, ids.collect()));
        true
    }
}

#[cfg(feature = "alloc")]
impl TrustStore for MemoryTrust {
    fn sender(&self, kid: &Kid) -> Result<Option<Sender>> {
        Ok(self.entries.get(kid).map(Entry::sender))
    }

    fn vouches(&self, forwarder: &Id, origin: &Id) -> Result<bool> {
        Ok(self.introduced.get(forwarder).is_some_and(|(_, ids)| ids.contains(origin)))
    }
}

#[cfg(feature = "alloc")]
impl Renew for MemoryTrust {
    fn pinned(&self, id: &Id) -> Option<&Card> {
        self.get(id)
    }

    fn judge(&self, card: &Card) -> Result<Succession> {
        let entry = self.entries.get(&card.id().kid()).ok_or(Error::UnknownSender)?;
        succession(Some(entry), card)
    }

    fn renew(&mut self, card: &Card) -> Result<Succession> {
        Self::renew(self, card)
    }
}

#[derive(Clone, Debug)]
struct Entry {
    card: Card,
    revoked: bool,
}

impl Entry {
    fn sender(&self) -> Sender {
        Sender::new(&self.card, self.revoked)
    }
}

/// [`succeed`], and one identity for one key identifier (threat A-16).
fn succession(entry: Option<&Entry>, card: &Card) -> Result<Succession> {
    let Some(entry) = entry else { return succeed(None, card) };
    if entry.card.id() != card.id() {
        return Err(Error::Equivocation);
    }
    let ended = entry.revoked || entry.card.status() == Status::Withdrawn;
    succeed(Some(&Pinned { serial: entry.card.serial(), digest: *entry.card.digest(), ended }), card)
}
