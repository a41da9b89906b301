//! Introductions: the devices that a forwarder vouches for (SPEC §11.3).

use core::fmt;

#[cfg(feature = "alloc")]
use crate::cbor::count;
use crate::cbor::{Reader, Writer, write};
use crate::error::{Error, Result};
use crate::key::card::Card;
use crate::key::claims::Status;
use crate::key::id::Id;
use crate::limits::MAX_INTRODUCED;

/// The cards of an introduction before they are checked.
#[derive(Clone, Copy)]
pub struct UnverifiedIntroduction<'b> {
    cards: &'b [u8],
    count: u64,
}

impl<'b> UnverifiedIntroduction<'b> {
    /// Reads the exact shape: cards by ascending id, each once; [`Error::Malformed`] for anything else.
    pub fn parse(bytes: &'b [u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let count = reader.array_to(MOST);
        let cards = reader.rest();
        let mut last: Option<Id> = None;
        for _ in 0..count {
            let id = Card::parse(reader.bytes())?.claimed_id();
            if last.is_some_and(|last| last >= id) {
                return Err(Error::Malformed);
            }
            last = Some(id);
        }
        reader.end()?;
        Ok(Self { cards, count })
    }

    /// How many cards there are.
    pub const fn len(&self) -> u64 {
        self.count
    }

    /// Whether nobody is vouched for any more.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Checks every card (SPEC §8.2).
    ///
    /// # Errors
    /// Those of [`UnverifiedCard::verify`](crate::key::card::UnverifiedCard::verify), [`Error::Revoked`] for a
    /// withdrawn card.
    pub fn verify(self) -> Result<Introduction<'b>> {
        for bytes in self.wire() {
            if Card::from_bytes(bytes)?.status() == Status::Withdrawn {
                return Err(Error::Revoked);
            }
        }
        Ok(Introduction(self))
    }

    /// The same after [`UnverifiedIntroduction::verify`] has passed over these very bytes.
    pub(crate) const fn trusted(self) -> Introduction<'b> {
        Introduction(self)
    }

    fn wire(&self) -> impl Iterator<Item = &'b [u8]> + use<'b> {
        let mut reader = Reader::new(self.cards);
        core::iter::from_fn(move || {
            let card = reader.bytes();
            reader.check().is_ok().then_some(card)
        })
    }
}

impl fmt::Debug for UnverifiedIntroduction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnverifiedIntroduction({} cards)", self.count)
    }
}

/// Cards that are verified and in force. It pins nobody: a forwarder vouches for them in what it hands on.
#[derive(Clone, Copy, Debug)]
pub struct Introduction<'b>(UnverifiedIntroduction<'b>);

impl<'b> Introduction<'b> {
    /// Writes an introduction of `cards`, on the wire, to the front of `out`.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for more than 64, [`Error::Malformed`] unless they are in the order of their ids, each once;
    /// those of [`UnverifiedIntroduction::verify`]; [`Error::BufferTooSmall`].
    pub fn write<'o>(cards: &[&[u8]], out: &'o mut [u8]) -> Result<&'o [u8]> {
        if cards.len() > MAX_INTRODUCED {
            return Err(Error::TooLarge);
        }
        let length = write(out, |writer| Self::write_to(cards, writer))?;
        let bytes = out.get(..length).ok_or(Error::BufferTooSmall)?;
        UnverifiedIntroduction::parse(bytes)?.verify()?;
        Ok(bytes)
    }

    /// [`Introduction::write`] into a new vector.
    #[cfg(feature = "alloc")]
    pub fn to_vec(cards: &[&[u8]]) -> Result<alloc::vec::Vec<u8>> {
        let mut out = alloc::vec![0; count(|writer| Self::write_to(cards, writer))];
        Self::write(cards, &mut out)?;
        Ok(out)
    }

    /// The ids of the cards, in their order.
    pub fn ids(&self) -> impl Iterator<Item = Id> + use<'b> {
        self.wire().filter_map(|bytes| Card::parse(bytes).ok()).map(|card| card.claimed_id())
    }

    /// The cards on the wire, in the order of their ids.
    pub fn wire(&self) -> impl Iterator<Item = &'b [u8]> + use<'b> {
        self.0.wire()
    }

    fn write_to(cards: &[&[u8]], writer: &mut Writer<'_>) {
        writer.array(cards.len());
        cards.iter().for_each(|card| writer.bytes(card));
    }
}

const MOST: u64 = 64;
