//! `zegel pub`: seal and publish.

use std::collections::VecDeque;
use std::io::BufRead as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use zegel::{Card, Error, MAX_ENVELOPE, Sealer, rng};
use zegel_store::Sequence;

use super::parties::{Sealing, Sender};
use crate::cards::{Cards, Taken};
use crate::mqtt::{Event, Flags, Link, Message, Options, Pending};
use crate::{exit, file, output};

/// Seal measurements and publish them over MQTT 5, at QoS 1, never retained
///
/// Returns when the broker has confirmed all of them. Through a lost connection it connects and sends again; what
/// arrives twice is taken once. A run that is killed before a confirmation leaves a gap in the numbers, which the
/// recipient reports.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
#[command(after_help = "Example:\n  zegel pub -h broker.example -i device.key -r pgo.card -t zegel/7f3a/1 \
    --state device.state body.bin\n  tail -f pulse.txt | zegel pub --broker mqtt://broker.example -l \
    -i device.key -r pgo.card -t zegel/7f3a/1 --state device.state")]
pub(crate) struct Args {
    #[command(flatten)]
    flags: Flags,
    #[command(flatten)]
    sealing: Sealing,
    /// The topic to publish on
    #[arg(short, long)]
    topic: String,
    /// Topics with the recipient's card: a newer one than the pinned one is used from then on
    #[arg(long, value_name = "TOPIC")]
    cards: Vec<String>,
    /// The topic to seal for, where a bridge on the way changes topics
    #[arg(long, value_name = "TOPIC")]
    sealed_topic: Option<String>,
    /// Each line of the input is a measurement
    #[arg(short, long)]
    lines: bool,
    /// The measurement itself, instead of a file
    #[arg(short, long, value_name = "TEXT", conflicts_with_all = ["lines", "body"])]
    message: Option<String>,
    /// The measurement; standard input if it is left out
    #[arg(default_value = "-", hide_default_value = true)]
    body: PathBuf,
    /// Seconds to wait for the broker to confirm a message
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    timeout: u64,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let sender = args.sealing.prepare()?;
    if !args.cards.is_empty() && sender.store.card(sender.recipient.id())?.is_none() {
        bail!(
            "only the cards of who is pinned are followed: `zegel trust add` the recipient's card to the state first"
        );
    }
    let address = args.flags.address();
    // Drawn anew: a name that stays would tell the broker which messages belong together.
    let drawn = zegel::Secret::<8>::random(&mut rng::SysRng)?;
    let client =
        args.flags.client.clone().unwrap_or_else(|| format!("zegel-pub-{}", output::hex(drawn.expose())));
    let expiry = args.flags.session_expiry.unwrap_or(EXPIRY);
    let link =
        Link::open(&Options { broker: &address, client: &client, expiry, filters: &[], cards: &args.cards })?;
    let mut publisher = Publisher {
        args,
        link: &link,
        sealer: sender.sealer(&sender.recipient)?,
        sender: &sender,
        cards: Cards::new(&args.cards),
        alarm: None,
        pending: VecDeque::new(),
    };
    let result = publisher.all();
    let alarm = publisher.alarm;
    link.close();
    result?;
    Ok(alarm.map_or(ExitCode::SUCCESS, exit::last_word))
}

struct Publisher<'r> {
    args: &'r Args,
    link: &'r Link,
    sealer: Sealer<'r, Sequence>,
    sender: &'r Sender,
    cards: Cards<'r>,
    /// The first alarm that lasts to the end.
    alarm: Option<Error>,
    /// Published, and not confirmed.
    pending: VecDeque<Pending>,
}

impl Publisher<'_> {
    fn all(&mut self) -> Result<()> {
        if !self.args.cards.is_empty() {
            self.await_card()?;
        }
        match &self.args.message {
            Some(text) => self.publish(text.as_bytes())?,
            None if self.args.lines => self.each_line()?,
            None => self.publish(&file::read(&self.args.body, MAX_ENVELOPE)?)?,
        }
        self.settle(0)
    }

    fn each_line(&mut self) -> Result<()> {
        if self.args.body.as_os_str() == "-" {
            for line in std::io::stdin().lock().split(b'\n') {
                self.line(&line.context("standard input")?)?;
            }
            return Ok(());
        }
        let name = || self.args.body.display().to_string();
        let file = std::fs::File::open(&self.args.body).with_context(name)?;
        for line in std::io::BufReader::new(file).split(b'\n') {
            self.line(&line.with_context(|| self.args.body.display().to_string())?)?;
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8]) -> Result<()> {
        self.publish(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// Gives the broker a moment for the card that it keeps: sealing to an older key is no harm, but no use either.
    fn await_card(&mut self) -> Result<()> {
        let begin = Instant::now();
        while let Some(left) = MOMENT.checked_sub(begin.elapsed()) {
            match self.link.next(left)? {
                Some(Event::Message(message)) if self.follow(&message)? => return Ok(()),
                Some(_) => {}
                None => break,
            }
        }
        eprintln!("zegel: no card of the recipient came: sealing to the one that is pinned");
        Ok(())
    }

    /// Takes a card; whether it is the recipient's, so that it is known to whom to seal.
    fn follow(&mut self, message: &Message) -> Result<bool> {
        let mut transaction = self.sender.store.begin()?;
        let taken = self.cards.take(&mut transaction, &message.topic(), message.payload())?;
        transaction.commit()?;
        self.link.acknowledge(message)?;
        let mine = |card: &Card| card.id() == self.sender.recipient.id();
        match taken {
            Taken::Newer(card) if mine(&card) => {
                self.sealer = self.sender.sealer(&card)?;
                Ok(true)
            }
            Taken::Known(card) => Ok(mine(&card)),
            Taken::Alarm(error) => {
                if exit::is_lasting(error) {
                    self.alarm.get_or_insert(error);
                }
                Ok(false)
            }
            Taken::Newer(_) | Taken::Nothing => Ok(false),
        }
    }

    fn publish(&mut self, body: &[u8]) -> Result<()> {
        while let Some(event) = self.link.next(Duration::ZERO)? {
            match event {
                Event::Message(message) => drop(self.follow(&message)?),
                Event::Refused(reason) => bail!(reason),
                Event::Up | Event::Down(_) => {}
            }
        }
        let topic = self.args.sealed_topic.as_ref().unwrap_or(&self.args.topic);
        let envelope = self.sealer.seal_to_vec(topic, &self.sender.measurement(body), &mut rng::SysRng)?;
        self.pending.push_back(self.link.publish(&self.args.topic, envelope)?);
        self.settle(UNCONFIRMED)
    }

    /// Waits until no more than `most` messages are unconfirmed.
    fn settle(&mut self, most: usize) -> Result<()> {
        while self.pending.len() > most {
            if let Some(pending) = self.pending.pop_front() {
                self.link.wait(pending, Duration::from_secs(self.args.timeout))?;
            }
        }
        Ok(())
    }
}

/// Long enough for a broker that restarts.
const EXPIRY: u32 = 300;
/// How long a retained card may take to come.
const MOMENT: Duration = Duration::from_secs(2);
/// Messages under way at a time.
const UNCONFIRMED: usize = 64;
