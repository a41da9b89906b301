//! What a receiver stores: the measurements that it opened, and of those that were handed on the evidence.

use anyhow::{Context as _, Result};
use zegel::{Custody, Id, Origin};
use zegel_store::{Store, Transaction};

/// A measurement as a receiver stored it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    /// Who measured.
    pub(super) origin: Id,
    pub(super) sequence: u64,
    pub(super) time: Option<u64>,
    pub(super) body: Vec<u8>,
}

/// Evidence as the GP stored it, to be shown to whoever asks.
pub(super) struct Handed {
    pub(super) forwarder: Id,
    pub(super) known: Origin,
    pub(super) evidence: Vec<u8>,
}

impl Stored {
    /// Adds this measurement to the end of the table: one that came twice would stand there twice.
    pub(super) fn keep(&self, transaction: &mut Transaction<'_>) -> Result<()> {
        let mut row = self.origin.0.to_vec();
        row.extend(self.sequence.to_be_bytes());
        row.extend(self.time.map_or(NO_TIME, |time| time).to_be_bytes());
        row.extend(&self.body);
        append(transaction, MEASUREMENTS, &row)
    }

    /// Everything of `origin` that is in the store, as somebody would find it who opens it tomorrow.
    pub(super) fn all(store: &Store, origin: &Id) -> Result<Vec<Self>> {
        let rows = store.scan(MEASUREMENTS, &[], usize::MAX)?;
        let all = rows.iter().map(|row| Self::read(&row.1).context("a row is too short"));
        all.filter(|row| row.as_ref().map_or(true, |row| row.origin == *origin)).collect()
    }

    fn read(row: &[u8]) -> Option<Self> {
        let (origin, rest) = row.split_first_chunk()?;
        let (sequence, rest) = rest.split_first_chunk()?;
        let (time, body) = rest.split_first_chunk()?;
        let time = u64::from_be_bytes(*time);
        Some(Self {
            origin: Id(*origin),
            sequence: u64::from_be_bytes(*sequence),
            time: (time != NO_TIME).then_some(time),
            body: body.to_vec(),
        })
    }
}

impl Handed {
    /// Keeps the evidence in the `statement` that it came in, and gives it.
    pub(super) fn keep<'s>(
        transaction: &mut Transaction<'_>,
        custody: &Custody<'_>,
        statement: &'s [u8],
    ) -> Result<&'s [u8]> {
        let evidence = body(statement).context("a statement without a body")?;
        let known = u8::from(custody.known() == Origin::Pinned);
        append(transaction, EVIDENCE, &[&custody.forwarder().0, &[known][..], evidence].concat())?;
        Ok(evidence)
    }

    /// All evidence that is in the store.
    pub(super) fn all(store: &Store) -> Result<Vec<Self>> {
        let rows = store.scan(EVIDENCE, &[], usize::MAX)?;
        rows.iter().map(|row| Self::read(&row.1).context("a row is too short")).collect()
    }

    fn read(row: &[u8]) -> Option<Self> {
        let (forwarder, rest) = row.split_first_chunk()?;
        let (known, evidence) = rest.split_first()?;
        let known = if *known == 1 { Origin::Pinned } else { Origin::Vouched };
        Some(Self { forwarder: Id(*forwarder), known, evidence: evidence.to_vec() })
    }
}

fn append(transaction: &mut Transaction<'_>, table: &str, row: &[u8]) -> Result<()> {
    let count = transaction.get(COUNT, table.as_bytes())?.and_then(|bytes| bytes.try_into().ok());
    let count = u64::from_be_bytes(count.unwrap_or_default());
    transaction.put(table, &count.to_be_bytes(), row)?;
    transaction.put(COUNT, table.as_bytes(), &(count + 1).to_be_bytes())?;
    Ok(())
}

/// The body in an encoded statement: the fourth of its five items (SPEC §4.3).
fn body(statement: &[u8]) -> Option<&[u8]> {
    let mut rest = statement.get(1..)?;
    for _ in 0..3 {
        rest = head(rest)?.1;
    }
    let (length, rest) = head(rest)?;
    rest.get(..usize::try_from(length).ok()?)
}

/// The argument of a CBOR head, and what follows it.
fn head(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let size = match first & 0x1f {
        small @ 0..24 => return Some((u64::from(small), rest)),
        size @ 24..28 => 1 << (size - 24),
        _ => return None,
    };
    let (argument, rest) = rest.split_at_checked(size)?;
    Some((argument.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)), rest))
}

const MEASUREMENTS: &str = "measurements";
const EVIDENCE: &str = "evidence";
const COUNT: &str = "count";
/// Larger than any time that a statement may carry.
const NO_TIME: u64 = u64::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_of_a_statement_is_found() {
        // SPEC §4.3: [7, 1764000000, 112, h'81…', h''].
        let statement = data_encoding::HEXLOWER
            .decode(b"85071a692481001870581981a4006268720168626561742f6d696e02183e221a6924810040")
            .unwrap();
        assert_eq!(body(&statement).unwrap().len(), 25);
        assert_eq!(body(b"\x85\x07\xf6\x18\x70\x43abc\x40"), Some(&b"abc"[..]));
        for cut in 0..statement.len() - 1 {
            assert_eq!(body(&statement[..cut]), None);
        }
    }

    #[test]
    fn a_row_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path().join("state")).unwrap();
        let row = |origin, time| Stored { origin: Id([origin; 32]), sequence: 9, time, body: b"b".to_vec() };
        let mut transaction = store.begin().unwrap();
        for stored in [row(1, None), row(2, Some(60)), row(1, Some(0))] {
            stored.keep(&mut transaction).unwrap();
        }
        transaction.commit().unwrap();
        assert_eq!(Stored::all(&store, &Id([1; 32])).unwrap(), [row(1, None), row(1, Some(0))]);
    }
}
