//! The application's own rows, so that a measurement is stored in the transaction that takes its number.
//!
//! Keys and values are bytes: it is all that an outbox or an inbox needs, any database can stand behind it, and
//! no type of redb becomes a promise of this crate.

use redb::{ReadableTable as _, TableDefinition, WriteTransaction};

use crate::error::{StoreError, from_redb};
use crate::schema::Tables;

/// A key and its value.
pub type Row = (Vec<u8>, Vec<u8>);

pub(crate) fn get(tables: &impl Tables, table: &str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    let name = name(table);
    let Some(rows) = tables.table(definition(&name))? else { return Ok(None) };
    let value = rows.get(key).map_err(from_redb)?;
    Ok(value.map(|value| value.value().to_vec()))
}

pub(crate) fn scan(
    tables: &impl Tables,
    table: &str,
    from: &[u8],
    limit: usize,
) -> Result<Vec<Row>, StoreError> {
    let name = name(table);
    let Some(rows) = tables.table(definition(&name))? else { return Ok(Vec::new()) };
    let range = rows.range::<&[u8]>(from..).map_err(from_redb)?;
    range
        .take(limit)
        .map(|row| row.map(|(key, value)| (key.value().to_vec(), value.value().to_vec())).map_err(from_redb))
        .collect()
}

pub(crate) fn put(
    transaction: &WriteTransaction,
    table: &str,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let mut rows = transaction.open_table(definition(&name(table))).map_err(from_redb)?;
    rows.insert(key, value).map_err(from_redb)?;
    Ok(())
}

pub(crate) fn remove(transaction: &WriteTransaction, table: &str, key: &[u8]) -> Result<bool, StoreError> {
    let mut rows = transaction.open_table(definition(&name(table))).map_err(from_redb)?;
    let removed = rows.remove(key).map_err(from_redb)?;
    Ok(removed.is_some())
}

fn name(table: &str) -> String {
    format!("app.{table}")
}

fn definition(name: &str) -> TableDefinition<'_, &'static [u8], &'static [u8]> {
    TableDefinition::new(name)
}
