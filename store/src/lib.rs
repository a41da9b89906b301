//! Durable state for [`zegel`]: who is trusted, what was received, which numbers were sent, and one's own keys.
//!
//! One file, one transaction: the number of a measurement is taken in the same step that stores the
//! measurement. So nothing is accepted twice and nothing is lost, whenever the power goes.
//!
//! ```no_run
//! use zegel_store::{Store, StoreError};
//!
//! fn receive(store: &Store, opener: &zegel::Opener<'_>, topic: &str, message: &[u8]) -> Result<(), StoreError> {
//!     let mut transaction = store.begin()?;
//!     transaction.receive(opener, topic, None, message, |transaction, opened| {
//!         if let Some(measured) = opened.body() {
//!             transaction.put("measurements", opened.digest(), measured)?;
//!         }
//!         for proven in transaction.evidence(opened)? {
//!             transaction.put("outbox", &proven.digest, &proven.evidence)?;
//!         }
//!         Ok(())
//!     })?;
//!     transaction.commit() // and only then acknowledge the message to the broker
//! }
//! ```
//!
//! A message that came before its keyframe, or its sender's card, is kept, and opened when that has come. The loop is for
//! who hands measurements on: of a session they become provable a block at a time.
//!
//! # What it promises
//! - **At most once:** a number is taken once for each sender and audience, by exact bookkeeping and no window: a
//!   backlog that is a week late is still heard, once.
//! - **Durable:** what [`Transaction::commit`] and [`Sequence`] return for is on the disk, through a crash of the
//!   process or the machine.
//! - **Never overlooked:** a security event is on the disk when the transaction that noted it ends, committed or not,
//!   and in [`Store::events`] until somebody [dismisses](Transaction::dismiss) it.
//! - **Never too early:** a message that overtook its keyframe, or its sender's card, waits sealed on a bounded shelf
//!   ([`Transaction::receive`]), and what the shelf loses is counted ([`Store::lost`]).
//! - **Never overwritten:** a file that is damaged, foreign, of a newer version or open elsewhere is refused with
//!   a [`StoreError`] that says so, and is afterwards the same, byte for byte.
//! - **Private:** the file is made with mode 0600, erasing a key overwrites it in the file, and the keys of a session
//!   are never in it.
//!
//! # Rotating one's key
//! A new KEM key is stored and committed ([`Transaction::add_kem_key`]) before a card names it, first and with a
//! higher serial. Once that card is out, the key before it is retired ([`Transaction::retire_kem_key`]): its grace
//! begins. [`Store::kem_keys`] gives all of them to an `Opener`, until [`Store::erase_retired`] ends the grace
//! (SPEC §8.4). Senders take the card with [`Transaction::renew`], which introduces nobody.
//!
//! # What it does not
//! The file is not encrypted. Whoever can read it has the keys in it; whoever can write it can pin a card, or put
//! an older copy back, and a copy that is put back forgets what came after it (its sender will show
//! [`Conflict`](zegel::Error::Conflict) at its receivers). Keep it where the operating system protects it, and
//! out of backups that others read.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions
    )
)]

mod base;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod damage;
mod erase;
mod error;
mod events;
mod evidence;
mod file;
mod gate;
mod identity;
mod introductions;
mod keyring;
#[cfg(test)]
mod outage;
mod receive;
mod receiver;
mod replay;
mod rows;
mod schema;
mod sequence;
mod sessions;
mod shelf;
mod stage;
mod statements;
mod store;
mod transaction;
mod trust;

pub use error::StoreError;
pub use events::Noted;
pub use evidence::Proven;
pub use identity::OwnKey;
pub use receive::Received;
pub use rows::Row;
pub use sequence::Sequence;
pub use shelf::{Awaited, Early};
pub use store::Store;
pub use transaction::Transaction;
pub use trust::Peer;
