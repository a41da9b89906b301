//! The shelf for messages that came too early: sealed as they are, within a bound (SPEC §10.3, §13).
//!
//! Anybody can put something here, and name a session that there never was: so what waits for one thing is bounded, and
//! all of it. A row counts each, so that a message costs no more on a full shelf than on an empty one.

use zegel::Error;
use zegel_store::Awaited;

use crate::outside::Row;
use crate::rows::Rows;

/// A message from the shelf: its topic, its bytes, and when it came.
pub(crate) type Early = (String, Vec<u8>, Option<u64>);

/// What waits for one thing, or for all.
#[derive(Clone, Copy, Default)]
struct Load {
    messages: u64,
    bytes: u64,
    /// The place of the next one.
    next: u64,
}

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
        let length = u8::try_from(topic.len()).map_err(|_| Error::InvalidTopic)?;
        let since = since.unwrap_or(u64::MAX).to_be_bytes();
        let row = [&since[..], &[length], topic.as_bytes(), sealed].concat();
        let (of_one, of_all) = (self.load(&prefix)?, self.load(ALL)?);
        let (one, all) = (of_one.with(&row)?, of_all.with(&row)?);
        if one.exceeds(OF_ONE) || all.exceeds(OF_ALL) {
            return Err(Error::Full);
        }
        self.over.put(&[&prefix[..], &of_one.next.to_be_bytes()].concat(), &row);
        self.carry(&prefix, one);
        self.carry(ALL, all);
        Ok(())
    }

    /// Takes all that waited for this, in the order in which it came.
    pub(crate) fn unshelve(&mut self, awaited: Awaited) -> Result<Vec<Early>, Error> {
        let prefix = place(awaited)?;
        let rows = self.scan(&prefix, &prefix, MOST)?;
        let mut early = Vec::new();
        for row in rows {
            self.take_down(&row)?;
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
                    self.take_down(row)?;
                    lost = lost.saturating_add(1);
                }
            }
            match rows.last() {
                Some(last) if rows.len() == MOST => from = [&last.key[..], &[0]].concat(),
                _ => return Ok(lost),
            }
        }
    }

    /// How many messages wait.
    pub(crate) fn shelved(&self) -> Result<u64, Error> {
        Ok(self.load(ALL)?.messages)
    }

    fn take_down(&mut self, row: &Row) -> Result<(), Error> {
        let (prefix, _) = row.key.split_last_chunk::<8>().ok_or(Error::Storage)?;
        for of in [prefix, ALL] {
            let load = self.load(of)?.without(&row.value)?;
            self.carry(of, load);
        }
        self.over.remove(&row.key);
        Ok(())
    }

    fn load(&self, of: &[u8]) -> Result<Load, Error> {
        let Some(row) = self.get(&counter(of))? else { return Ok(Load::default()) };
        Load::read(&row).ok_or(Error::Storage)
    }

    fn carry(&mut self, of: &[u8], load: Load) {
        match load.messages {
            0 => self.over.remove(&counter(of)),
            _ => self.over.put(&counter(of), &load.row()),
        }
    }
}

impl Load {
    fn with(self, row: &[u8]) -> Result<Self, Error> {
        Ok(Self {
            messages: self.messages.saturating_add(1),
            bytes: self.bytes.saturating_add(size(row)?),
            next: self.next.saturating_add(1),
        })
    }

    fn without(self, row: &[u8]) -> Result<Self, Error> {
        Ok(Self {
            messages: self.messages.saturating_sub(1),
            bytes: self.bytes.saturating_sub(size(row)?),
            ..self
        })
    }

    const fn exceeds(self, (messages, bytes): (u64, u64)) -> bool {
        self.messages > messages || self.bytes > bytes
    }

    fn row(self) -> Vec<u8> {
        [self.messages, self.bytes, self.next].map(u64::to_be_bytes).concat()
    }

    fn read(row: &[u8]) -> Option<Self> {
        let (messages, rest) = row.split_first_chunk()?;
        let (bytes, next) = rest.split_first_chunk()?;
        let next = next.try_into().ok()?;
        let [messages, bytes, next] = [*messages, *bytes, next].map(u64::from_be_bytes);
        Some(Self { messages, bytes, next })
    }
}

fn size(row: &[u8]) -> Result<u64, Error> {
    u64::try_from(row.len()).map_err(|_| Error::TooLarge)
}

fn counter(of: &[u8]) -> Vec<u8> {
    [b"F", of].concat()
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

/// Messages and bytes that wait for one thing, and for all of them: that whole is a file's too.
const OF_ONE: (u64, u64) = (1 << 10, 1 << 22);
const OF_ALL: (u64, u64) = (1 << 14, 1 << 26);
/// Those of one thing, as they are read.
const MOST: usize = 1 << 10;
/// Names the whole.
const ALL: &[u8] = b"";
