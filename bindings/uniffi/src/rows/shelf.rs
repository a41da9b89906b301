//! The shelf for messages that came too early: sealed as they are, within a bound (SPEC §10.3, §13).

use zegel::Error;
use zegel_store::Awaited;

use crate::rows::Rows;

/// A message from the shelf: its topic, its bytes, and when it came.
pub(crate) type Early = (String, Vec<u8>, Option<u64>);

impl Rows<'_> {
    /// Keeps a message; `Full` when there is no room, and then it is lost.
    pub(crate) fn shelve(
        &mut self,
        awaited: Awaited,
        topic: &str,
        sealed: &[u8],
        since: Option<u64>,
    ) -> Result<(), Error> {
        let prefix = place(awaited)?;
        let waiting = self.scan(&prefix, &prefix, MOST.saturating_add(1))?;
        let size = waiting.iter().fold(sealed.len(), |size, row| size.saturating_add(row.value.len()));
        if waiting.len() >= MOST || size > MOST_BYTES {
            return Err(Error::Full);
        }
        let last =
            waiting.last().and_then(|row| row.key.last_chunk()).map_or(0, |last| u64::from_be_bytes(*last));
        let key = [&prefix[..], &last.saturating_add(1).to_be_bytes()].concat();
        let length = u8::try_from(topic.len()).map_err(|_| Error::InvalidTopic)?;
        let since = since.unwrap_or(u64::MAX).to_be_bytes();
        self.over.put(&key, &[&since[..], &[length], topic.as_bytes(), sealed].concat());
        Ok(())
    }

    /// Takes all that waited for this, in the order in which it came.
    pub(crate) fn unshelve(&mut self, awaited: Awaited) -> Result<Vec<Early>, Error> {
        let prefix = place(awaited)?;
        let rows = self.scan(&prefix, &prefix, MOST)?;
        let mut early = Vec::new();
        for row in rows {
            self.over.remove(&row.key);
            early.push(read(&row.value).ok_or(Error::Storage)?);
        }
        Ok(early)
    }

    /// Drops what came before `before`, and says how many messages are lost by that.
    pub(crate) fn expire_shelf(&mut self, before: u64) -> Result<u64, Error> {
        let (mut lost, mut from) = (0u64, vec![b'f']);
        loop {
            let rows = self.scan(b"f", &from, MOST)?;
            for row in &rows {
                let since = read(&row.value).ok_or(Error::Storage)?.2;
                if since.is_some_and(|since| since < before) {
                    self.over.remove(&row.key);
                    lost = lost.saturating_add(1);
                }
            }
            match rows.last() {
                Some(last) if rows.len() == MOST => from = [&last.key[..], &[0]].concat(),
                _ => return Ok(lost),
            }
        }
    }

    /// How many messages wait, as far as one wants to know: 10,000 at most.
    pub(crate) fn shelved(&self) -> Result<u64, Error> {
        let rows = self.scan(b"f", b"f", 10_000)?;
        u64::try_from(rows.len()).map_err(|_| Error::TooLarge)
    }
}

fn place(awaited: Awaited) -> Result<Vec<u8>, Error> {
    match awaited {
        Awaited::Keyframe(session) => Ok([b"fk", &session.0[..]].concat()),
        Awaited::Card => Ok(b"fc".to_vec()),
        _ => Err(Error::Malformed),
    }
}

fn read(row: &[u8]) -> Option<Early> {
    let (since, rest) = row.split_first_chunk()?;
    let (length, rest) = rest.split_first()?;
    let (topic, sealed) = rest.split_at_checked(usize::from(*length))?;
    let since = Some(u64::from_be_bytes(*since)).filter(|since| *since != u64::MAX);
    Some((String::from_utf8(topic.to_vec()).ok()?, sealed.to_vec(), since))
}

/// Messages, and bytes, that wait for one thing.
const MOST: usize = 1024;
const MOST_BYTES: usize = 4 << 20;
