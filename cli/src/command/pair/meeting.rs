//! What both ends of a pairing do at the broker: wait for a message, count what is refused, and pin.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use zegel::pairing::{Paired, PairingTopic};
use zegel::{Error, Secret, Succession, rng};
use zegel_store::Store;

use super::Own;
use crate::interrupt::Interrupt;
use crate::mqtt::{Event, Link, Message, Options};
use crate::{clock, output};

/// A place at the broker where one other end is waited for, until the code runs out.
pub(super) struct Meeting {
    link: Link,
    listens_on: PairingTopic,
    speaks_on: PairingTopic,
    interrupt: Interrupt,
    /// What was said last, and when.
    said: Option<(Vec<u8>, Instant)>,
    /// The last second of the code, since 1970.
    expires: u64,
    refused: BTreeMap<u8, (Error, u64)>,
}

impl Meeting {
    /// Connects, and listens before anything is shown or said.
    pub(super) fn open(
        own: &Own,
        listens_on: PairingTopic,
        speaks_on: PairingTopic,
        expires: u64,
    ) -> Result<Self> {
        let interrupt = Interrupt::listen()?;
        let address = own.flags.address();
        // Drawn anew: a name that stays would tell the broker which pairings belong together.
        let drawn = Secret::<8>::random(&mut rng::SysRng)?;
        let client =
            own.flags.client.clone().unwrap_or_else(|| format!("zegel-pair-{}", output::hex(drawn.expose())));
        let expiry = own.flags.session_expiry.unwrap_or(EXPIRY);
        let filters = [listens_on.to_string()];
        let link = Link::open(&Options {
            broker: &address,
            client: &client,
            expiry,
            filters: &filters,
            cards: &[],
        })?;
        Ok(Self { link, listens_on, speaks_on, interrupt, said: None, expires, refused: BTreeMap::new() })
    }

    /// Hands a message to the broker, and waits until it has it.
    pub(super) fn say(&mut self, message: &[u8]) -> Result<()> {
        let pending = self.link.publish(self.speaks_on.as_str(), message.to_vec())?;
        self.link.wait(pending, PATIENCE)?;
        self.said = Some((message.to_vec(), Instant::now()));
        Ok(())
    }

    /// The next message. What was said last is said again now and then, for who was not there or lost it.
    pub(super) fn hear(&mut self) -> Result<Message> {
        loop {
            self.interrupt.check().context("nobody was paired")?;
            if clock::now() > self.expires {
                return Err(Error::Expired).context("nobody was paired while the code was good");
            }
            if let Some((said, _)) = self.said.take_if(|(_, when)| when.elapsed() > AGAIN) {
                self.say(&said)?;
            }
            match self.link.next(TICK)? {
                Some(Event::Message(message)) => return Ok(message),
                Some(Event::Down(reason)) => eprintln!("zegel: connection lost, connecting again: {reason}"),
                Some(Event::Refused(reason)) => anyhow::bail!(reason),
                Some(Event::Up) | None => {}
            }
        }
    }

    /// Tells the broker to forget a message, whatever became of it.
    pub(super) fn done(&self, message: &Message) -> Result<()> {
        self.link.acknowledge(message)
    }

    /// Counts a refusal, and reports the first of each kind: a flood is not to fill the screen.
    pub(super) fn refuse(&mut self, error: Error) {
        let (_, count) = self.refused.entry(error.code()).or_insert((error, 0));
        *count = count.saturating_add(1);
        // The broker may bring a message twice.
        if *count == 1 && error != Error::Duplicate {
            eprintln!("zegel: refused: {error}: on {}", self.listens_on);
        }
    }

    /// Ends the connection, and says how much was refused.
    pub(super) fn close(self) {
        self.link.close();
        let counts = self.refused.values().filter(|(error, _)| *error != Error::Duplicate);
        let list: Vec<String> = counts.map(|(error, count)| format!("{count} {}", error.name())).collect();
        if !list.is_empty() {
            eprintln!("zegel: refused in all: {}", list.join(", "));
        }
    }
}

/// Pins the partner, durably.
pub(super) fn pin(store: &Store, paired: &Paired) -> Result<()> {
    let label = paired.partner().label();
    let mut transaction = store.begin()?;
    let (change, _) = transaction
        .pin(paired.card_bytes())
        .with_context(|| format!("{label:?} has paired and cannot be pinned"))?;
    transaction.commit()?;
    eprintln!(
        "zegel: paired: {}",
        match change {
            Succession::New => "pinned",
            Succession::Newer => "pinned, in place of an older card",
            Succession::Same => "was pinned already",
        }
    );
    Ok(())
}

/// Seconds that the broker keeps what comes while the connection is made again.
const EXPIRY: u32 = 300;
const PATIENCE: Duration = Duration::from_secs(30);
/// How often Ctrl-C and the end of the code are looked for.
const TICK: Duration = Duration::from_millis(200);
const AGAIN: Duration = Duration::from_secs(5);
