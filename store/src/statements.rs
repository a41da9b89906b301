//! What the messages of sessions say, for who hands them on: kept until their block is signed, within a bound for each
//! sender (SPEC §10.4, §11.1).
//!
//! Beyond the bound the oldest are given up. They stay measured and stored, and their block is still proven; only their
//! own evidence cannot be taken any more.

use redb::{ReadableTable as _, WriteTransaction};
use zegel::{Id, SessionId, SessionRecord};

use crate::error::{StoreError, from_redb};
use crate::schema::{SESSIONS_OF, STATEMENTS, STATEMENTS_OF, Tables, own};

/// Keeps topic and statement of a message.
pub(crate) fn keep(
    transaction: &WriteTransaction,
    session: &SessionRecord,
    sequence: u64,
    topic: &str,
    statement: &[u8],
) -> Result<(), StoreError> {
    forget(transaction, session, (sequence, sequence))?;
    let key = (&session.id().0, sequence);
    own(transaction, STATEMENTS)?.insert(key, (topic, statement)).map_err(from_redb)?;
    let sender = session.sender();
    let mut bytes = bytes(transaction, sender)?.saturating_add(size((topic, statement)));
    while bytes > OF_ONE {
        let Some(freed) = forget_oldest(transaction, sender)? else { break };
        bytes = bytes.saturating_sub(freed);
    }
    count(transaction, sender, bytes)
}

/// Topic and statement of a message.
pub(crate) fn get(
    tables: &impl Tables,
    session: &SessionId,
    sequence: u64,
) -> Result<Option<(String, Vec<u8>)>, StoreError> {
    let table = own(tables, STATEMENTS)?;
    let row = table.get((&session.0, sequence)).map_err(from_redb)?;
    Ok(row.map(|row| {
        let (topic, statement) = row.value();
        (topic.to_owned(), statement.to_vec())
    }))
}

/// Forgets what the messages of a session say, from the first of these numbers to the last.
pub(crate) fn forget(
    transaction: &WriteTransaction,
    session: &SessionRecord,
    (first, last): (u64, u64),
) -> Result<(), StoreError> {
    let (id, mut freed) = (session.id(), 0_u64);
    own(transaction, STATEMENTS)?
        .retain_in((&id.0, first)..=(&id.0, last), |_, said| {
            freed = freed.saturating_add(size(said));
            false
        })
        .map_err(from_redb)?;
    if freed > 0 {
        let left = bytes(transaction, session.sender())?.saturating_sub(freed);
        count(transaction, session.sender(), left)?;
    }
    Ok(())
}

/// Forgets the oldest statement of a sender, and says how many bytes that freed.
fn forget_oldest(transaction: &WriteTransaction, sender: &Id) -> Result<Option<u64>, StoreError> {
    let mut statements = own(transaction, STATEMENTS)?;
    let sessions = own(transaction, SESSIONS_OF)?;
    let all = (&sender.0, 0, &[0; 8])..=(&sender.0, u64::MAX, &[u8::MAX; 8]);
    for row in sessions.range(all).map_err(from_redb)? {
        let (key, _) = row.map_err(from_redb)?;
        let id = key.value().2;
        let first = statements.range((id, 0)..=(id, u64::MAX)).map_err(from_redb)?.next();
        let first = first.transpose().map_err(from_redb)?.map(|(key, _)| key.value().1);
        if let Some(first) = first {
            let freed = statements.remove((id, first)).map_err(from_redb)?;
            return Ok(freed.map(|said| size(said.value())));
        }
    }
    Ok(None)
}

fn bytes(tables: &impl Tables, sender: &Id) -> Result<u64, StoreError> {
    Ok(own(tables, STATEMENTS_OF)?.get(&sender.0).map_err(from_redb)?.map_or(0, |bytes| bytes.value()))
}

fn count(transaction: &WriteTransaction, sender: &Id, bytes: u64) -> Result<(), StoreError> {
    let mut sums = own(transaction, STATEMENTS_OF)?;
    if bytes == 0 {
        sums.remove(&sender.0).map_err(from_redb)?;
    } else {
        sums.insert(&sender.0, bytes).map_err(from_redb)?;
    }
    Ok(())
}

fn size((topic, statement): (&str, &[u8])) -> u64 {
    u64::try_from(topic.len().saturating_add(statement.len())).unwrap_or(u64::MAX)
}

/// Bytes that wait for one sender's manifests.
const OF_ONE: u64 = 1 << 26;

#[cfg(test)]
mod tests {
    use zegel::SessionStore as _;

    use super::*;
    use crate::crash::{Disk, empty_image, open};
    use crate::sessions;

    fn record(sender: u8, id: u8, sequence: u64) -> SessionRecord {
        let mut bytes = [sender; SessionRecord::BYTES];
        bytes[..8].fill(id);
        bytes[72..112].copy_from_slice([sequence, 0, 32, 100, 100].map(u64::to_be_bytes).as_flattened());
        SessionRecord::from_bytes(&bytes).unwrap()
    }

    /// Threat E-11: what waits of one sender is bounded by bytes as well, over all of its sessions.
    #[test]
    fn the_oldest_of_one_sender_are_given_up() {
        let store = open(Disk::holding(empty_image())).unwrap();
        let [later, earlier, other] = [record(1, 1, 50), record(1, 2, 0), record(2, 3, 0)];
        let mut transaction = store.begin().unwrap();
        for session in [later, earlier, other] {
            transaction.keep_session(&session).unwrap();
        }
        let tables = transaction.tables();
        let large = vec![7; 1 << 23];
        let keep = |session, number| keep(tables, session, number, "", &large).unwrap();
        let kept = || {
            let of = |session: SessionRecord, number| get(tables, &session.id(), number).unwrap().is_some();
            let all = [(later, 51), (later, 52), (earlier, 1), (earlier, 2), (earlier, 3), (other, 1)];
            all.map(|(session, number)| of(session, number))
        };
        let bytes = || bytes(tables, later.sender()).unwrap() >> 23;
        keep(&other, 1);
        (51..57).for_each(|number| keep(&later, number));
        (1..3).for_each(|number| keep(&earlier, number));
        assert_eq!((kept(), bytes()), ([true, true, true, true, false, true], 8));
        keep(&earlier, 2);
        assert_eq!((kept(), bytes()), ([true, true, true, true, false, true], 8), "the same one again");
        keep(&earlier, 3);
        assert_eq!((kept(), bytes()), ([true, true, false, true, true, true], 8));
        (57..60).for_each(|number| keep(&later, number));
        assert_eq!((kept(), bytes()), ([false, true, false, false, false, true], 8));
        forget(tables, &later, (52, 54)).unwrap();
        assert_eq!(bytes(), 5, "what was handed on makes room again");
        sessions::close(tables, &[later.id()]).unwrap();
        assert_eq!(bytes(), 0, "and what ended");
        assert_eq!(kept(), [false, false, false, false, false, true]);
    }
}
