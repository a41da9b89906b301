//! Publishing a card retained, so that each of its senders finds it when it comes back (SPEC §8.4, §13).

use std::time::Duration;

use anyhow::{Context as _, Result};
use zegel::{Error, MAX_TOPIC, Secret, rng};

use crate::mqtt::{Address, Link, Options};
use crate::output::hex;

/// Where to publish.
#[derive(clap::Args)]
pub(super) struct Retained {
    /// Publish the card too, retained, at this broker: `mqtt://[user[:password]@]host[:port]`
    #[arg(long, value_name = "URL", requires = "topic")]
    publish: Option<Address>,
    /// The topic to publish it on, which `zegel pub` and `zegel sub` follow with --cards
    #[arg(short, long, requires = "publish")]
    topic: Option<String>,
}

impl Retained {
    /// Refuses a topic before anything is made for it.
    pub(super) fn check(&self) -> Result<()> {
        let wrong = |topic: &String| {
            topic.is_empty()
                || topic.len() > MAX_TOPIC
                || topic.contains(|c: char| "#+".contains(c) || c.is_control())
        };
        if self.topic.as_ref().is_some_and(wrong) { Err(Error::InvalidTopic.into()) } else { Ok(()) }
    }

    /// Publishes the card, if that was asked for, and returns when the broker has it.
    pub(super) fn publish(&self, card: &[u8]) -> Result<()> {
        let (Some(broker), Some(topic)) = (&self.publish, &self.topic) else { return Ok(()) };
        let drawn = Secret::<8>::random(&mut rng::SysRng)?;
        let client = format!("zegel-card-{}", hex(drawn.expose()));
        let link = Link::open(&Options { broker, client: &client, expiry: 0, filters: &[], cards: &[] })?;
        let told =
            link.publish_retained(topic, card.to_vec()).and_then(|pending| link.wait(pending, PATIENCE));
        link.close();
        told.context("the card was not published")
    }
}

const PATIENCE: Duration = Duration::from_secs(60);
