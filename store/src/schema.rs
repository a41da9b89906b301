//! The tables, and the marks by which a file is known as a store of this crate and of this version.
//!
//! Every name starts with `zegel.`; the application's own tables start with `app.` and cannot meet them.

use redb::{Key, ReadTransaction, ReadableTable, TableDefinition, TableError, Value, WriteTransaction};
use zegel::{Manifest, SessionRecord};

use crate::error::{StoreError, from_redb};

/// What a program calls the shape of these tables. A version that changes them counts this up.
///
/// | schema | since | new in it |
/// |---|---|---|
/// | 1 | 0.1 | streams, cards, revocations, sequences, keys |
/// | 2 | 0.2 | sessions, introductions, events, the shelf |
pub(crate) const SCHEMA: u64 = 2;

/// The marks: what wrote this file, and in which schema.
const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("zegel.meta");

/// Each stream, sender and audience in one key, with its number in the other tables and the next number.
pub(crate) const STREAMS: TableDefinition<'_, &[u8; 64], (u64, u64)> = TableDefinition::new("zegel.streams");
/// Numbers that were passed over: (stream, first) to last.
pub(crate) const HOLES: TableDefinition<'_, (u64, u64), u64> = TableDefinition::new("zegel.holes");
/// What was taken under (stream, number): the first half of its digest.
pub(crate) const DIGESTS: TableDefinition<'_, (u64, u64), &[u8; 16]> = TableDefinition::new("zegel.digests");

/// Pinned cards as they came, by the key identifier of their owner: one key identifier, one owner.
pub(crate) const CARDS: TableDefinition<'_, &[u8; 8], &[u8]> = TableDefinition::new("zegel.cards");
/// Identities that are revoked for good, also those whose card was never seen.
pub(crate) const REVOKED: TableDefinition<'_, &[u8; 32], ()> = TableDefinition::new("zegel.revoked");

/// The first number of each stream that was never reserved.
pub(crate) const SEQUENCE: TableDefinition<'_, &[u8; 64], u64> = TableDefinition::new("zegel.sequence");

/// One's own keys by key identifier: role, created, retired.
pub(crate) const KEYS: TableDefinition<'_, &[u8; 8], (u8, u64, Option<u64>)> =
    TableDefinition::new("zegel.keys");
/// The secrets of these keys, alone in their table so that a key is copied no more than needed.
pub(crate) const SECRETS: TableDefinition<'_, &[u8; 8], &[u8; 32]> = TableDefinition::new("zegel.secrets");

/// Zeros that overwrite free pages when a key is erased; not empty while an erasure is under way.
pub(crate) const FILLER: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("zegel.filler");

/// The sessions of others, by their identifiers.
pub(crate) const SESSIONS: TableDefinition<'_, &[u8; 8], &[u8; SessionRecord::BYTES]> =
    TableDefinition::new("zegel.sessions");
/// The same in an order: sender, the keyframe's number, identifier.
pub(crate) const SESSIONS_OF: TableDefinition<'_, (&[u8; 32], u64, &[u8; 8]), ()> =
    TableDefinition::new("zegel.sessions-of");
/// A session, and a number in it.
type InSession = (&'static [u8; 8], u64);
/// A topic, and a statement.
type Said = (&'static str, &'static [u8]);
/// The leaves of (session, number) that wait for their manifest.
pub(crate) const LEAVES: TableDefinition<'_, InSession, &[u8; 32]> = TableDefinition::new("zegel.leaves");
/// Topic and statement of such messages, where somebody hands them on.
pub(crate) const STATEMENTS: TableDefinition<'_, InSession, Said> = TableDefinition::new("zegel.statements");
/// How many bytes of statements wait, by their sender.
pub(crate) const STATEMENTS_OF: TableDefinition<'_, &[u8; 32], u64> =
    TableDefinition::new("zegel.statements-of");
/// The manifests of (session, first number) that wait for their messages.
pub(crate) const MANIFESTS: TableDefinition<'_, InSession, &[u8; Manifest::BYTES]> =
    TableDefinition::new("zegel.manifests");

/// By forwarder, the number of its latest introduction.
pub(crate) const INTRODUCERS: TableDefinition<'_, &[u8; 32], u64> = TableDefinition::new("zegel.introducers");
/// The cards of (forwarder, origin), as they came.
pub(crate) const INTRODUCED: TableDefinition<'_, (&[u8; 32], &[u8; 32]), &[u8]> =
    TableDefinition::new("zegel.introduced");

/// Number, how often, audience, and the number or serial that it is about.
type Happened = (u64, u64, &'static [u8; 32], u64);
/// Events by (kind, about whom).
pub(crate) const EVENTS: TableDefinition<'_, (u8, &[u8; 32]), Happened> =
    TableDefinition::new("zegel.events");

/// Since when, on which topic, and the message.
type Shelved = (Option<u64>, &'static str, &'static [u8]);
/// Messages that came too early, by (what kind of thing they wait for, which one, place).
pub(crate) const EARLY: TableDefinition<'_, (u8, &[u8; 8], u64), Shelved> =
    TableDefinition::new("zegel.early");
/// How many messages and bytes wait for each thing.
pub(crate) const SHELVES: TableDefinition<'_, (u8, &[u8; 8]), (u64, u64)> =
    TableDefinition::new("zegel.shelves");

/// Numbers that rise for ever, by what they count.
pub(crate) const COUNTERS: TableDefinition<'_, &str, u64> = TableDefinition::new("zegel.counters");

/// Creates every table that is not there, and the marks: all of a new store, and what an older one lacks.
pub(crate) fn create(transaction: &WriteTransaction) -> Result<(), StoreError> {
    mark(transaction, SCHEMA)?;
    own(transaction, STREAMS)?;
    own(transaction, HOLES)?;
    own(transaction, DIGESTS)?;
    own(transaction, CARDS)?;
    own(transaction, REVOKED)?;
    own(transaction, SEQUENCE)?;
    own(transaction, KEYS)?;
    own(transaction, SECRETS)?;
    own(transaction, FILLER)?;
    own(transaction, SESSIONS)?;
    own(transaction, SESSIONS_OF)?;
    own(transaction, LEAVES)?;
    own(transaction, STATEMENTS)?;
    own(transaction, STATEMENTS_OF)?;
    own(transaction, MANIFESTS)?;
    own(transaction, INTRODUCERS)?;
    own(transaction, INTRODUCED)?;
    own(transaction, EVENTS)?;
    own(transaction, EARLY)?;
    own(transaction, SHELVES)?;
    own(transaction, COUNTERS)?;
    Ok(())
}

/// Sets the marks.
pub(crate) fn mark(transaction: &WriteTransaction, schema: u64) -> Result<(), StoreError> {
    let mut meta = own(transaction, META)?;
    meta.insert(APPLICATION_KEY, APPLICATION).map_err(from_redb)?;
    meta.insert(SCHEMA_KEY, schema.to_be_bytes().as_slice()).map_err(from_redb)?;
    Ok(())
}

/// The schema of a database. One that is not this crate's, or that a newer version wrote, is refused.
pub(crate) fn recognise(transaction: &ReadTransaction) -> Result<u64, StoreError> {
    const FOREIGN: StoreError = StoreError::NotAStore("a redb database of another program");
    let Some(meta) = Tables::table(transaction, META).map_err(|_| FOREIGN)? else { return Err(FOREIGN) };
    let read = |key| meta.get(key).map_err(from_redb).map(|value| value.map(|v| v.value().to_vec()));
    if read(APPLICATION_KEY)?.as_deref() != Some(APPLICATION) {
        return Err(FOREIGN);
    }
    let schema = read(SCHEMA_KEY)?.and_then(|bytes| Some(u64::from_be_bytes(bytes.try_into().ok()?)));
    match schema {
        Some(known @ FIRST..=SCHEMA) => Ok(known),
        Some(found) if found > SCHEMA => Err(StoreError::Newer { found, supported: SCHEMA }),
        _ => Err(StoreError::Corrupt("its schema number makes no sense".into())),
    }
}

/// Reading a table, in a transaction of either kind.
pub(crate) trait Tables {
    type Table<'t, K: Key + 'static, V: Value + 'static>: ReadableTable<K, V>
    where
        Self: 't;

    /// The table, or `None` where there is none by this name.
    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'_, K, V>,
    ) -> Result<Option<Self::Table<'_, K, V>>, StoreError>;
}

impl Tables for ReadTransaction {
    type Table<'t, K: Key + 'static, V: Value + 'static> = redb::ReadOnlyTable<K, V>;

    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'_, K, V>,
    ) -> Result<Option<Self::Table<'_, K, V>>, StoreError> {
        match self.open_table(definition) {
            Ok(table) => Ok(Some(table)),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(from_redb(error)),
        }
    }
}

impl Tables for WriteTransaction {
    type Table<'t, K: Key + 'static, V: Value + 'static> = redb::Table<'t, K, V>;

    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'_, K, V>,
    ) -> Result<Option<Self::Table<'_, K, V>>, StoreError> {
        self.open_table(definition).map(Some).map_err(from_redb)
    }
}

/// A table of this crate, which every store has from its creation.
pub(crate) fn own<'t, T: Tables, K: Key + 'static, V: Value + 'static>(
    tables: &'t T,
    definition: TableDefinition<'static, K, V>,
) -> Result<T::Table<'t, K, V>, StoreError> {
    tables.table(definition)?.ok_or_else(|| StoreError::Corrupt("a table is missing".into()))
}

/// The oldest schema that is still brought up to this one.
const FIRST: u64 = 1;
const APPLICATION_KEY: &str = "application";
const APPLICATION: &[u8] = b"zegel-store";
const SCHEMA_KEY: &str = "schema";
