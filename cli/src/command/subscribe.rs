//! `zegel sub`: receive, open, store, write, and only then acknowledge (SPEC §13).

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use zegel::{Error, Id, Opened, Opener};
use zegel_store::Store;

use crate::cards::{Cards, Taken};
use crate::clock::Clock;
use crate::mqtt::{Event, Flags, Link, Message, Options};
use crate::outbox::Outbox;
use crate::watch::Watch;
use crate::{body, exit, output, state};

/// Receive measurements over MQTT 5: a line for each that is accepted, and each exactly once
///
/// A line is the body where that is text of one line, and otherwise its bytes in hex; with --json it is an object.
/// The number is taken and the line stored in one transaction, then the line is written, and then the broker is
/// told. A file (-o) gets each line exactly once, also through kill -9. Standard output may get the last lines
/// again after a kill, under the same record numbers ("record" in --json).
///
/// A message that is refused is reported on standard error, with the name of the error, and stops nothing. What
/// tells of a key in other hands is an ALARM there; Conflict and Equivocation are also the exit code in the end.
///
/// A key file that is rotated meanwhile is read again.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
#[command(
    after_help = "Example:\n  zegel sub -h broker.example -i pgo.key -t 'zegel/#' --state pgo.state --json\n  \
    zegel sub --broker mqtt://broker.example -i pgo.key -t zegel/7f3a/1 --state pgo.state -o readings.jsonl --json\n\n\
    A broker may keep few messages for somebody who is away: for mosquitto, see max_queued_messages."
)]
pub(crate) struct Args {
    #[command(flatten)]
    flags: Flags,
    /// The recipient's key file
    #[arg(short, long, value_name = "FILE")]
    identity: PathBuf,
    /// Topics to receive, wildcards allowed; may be given several times
    #[arg(short, long = "topic", value_name = "TOPIC", required = true)]
    topics: Vec<String>,
    /// Topics with cards, wildcards allowed: newer cards of who is pinned are taken; may be given several times
    #[arg(long, value_name = "TOPIC")]
    cards: Vec<String>,
    /// The topic that was sealed for, where a bridge on the way changes topics
    #[arg(long, value_name = "TOPIC")]
    sealed_topic: Option<String>,
    /// Who is trusted, and what was taken
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// Append to this file, exactly once
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// A JSON object a line
    #[arg(long)]
    json: bool,
    /// End after this many accepted measurements
    #[arg(long, short = 'C', value_name = "N")]
    count: Option<u64>,
    /// End after so many seconds without a message; exit code 1 if --count is not reached
    #[arg(long, short = 'W', value_name = "SECONDS")]
    timeout: Option<u64>,
    /// What time it is, for the validity of cards: now, none, or seconds since 1970
    #[arg(long, default_value = "now", value_name = "TIME")]
    clock: Clock,
    /// Say nothing of duplicates
    #[arg(short, long)]
    quiet: bool,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let mut keys = Watch::open(&args.identity)?;
    let store = state::open(&args.state)?;
    let path = args.output.as_deref().filter(|path| path.as_os_str() != "-");
    let outbox = Outbox::open(&store, path)?;
    let client = match &args.flags.client {
        Some(client) => client.clone(),
        None => client_name(&keys.keys()?.identity.id(), &args.topics),
    };
    let expiry = args.flags.session_expiry.unwrap_or(EXPIRY);
    let address = args.flags.address();
    let link = Link::open(&Options {
        broker: &address,
        client: &client,
        expiry,
        filters: &args.topics,
        cards: &args.cards,
    })?;
    let cards = Cards::new(&args.cards);
    let mut receiver = Receiver { args, store: &store, keys, outbox, cards, accepted: 0, alarm: None };
    let result = receiver.all(&link);
    link.close();
    let closed = receiver.outbox.close(&store);
    let complete = result?;
    closed?;
    if !complete {
        eprintln!("zegel: nothing came for {} seconds", args.timeout.unwrap_or_default());
    }
    Ok(match receiver.alarm {
        Some(error) => exit::last_word(error),
        None if complete => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    })
}

struct Receiver<'r> {
    args: &'r Args,
    store: &'r Store,
    keys: Watch,
    outbox: Outbox,
    cards: Cards<'r>,
    accepted: u64,
    /// The first alarm that lasts to the end.
    alarm: Option<Error>,
}

impl Receiver<'_> {
    /// Receives until the count is full, or nothing comes for too long; whether it ended as it was asked to.
    fn all(&mut self, link: &Link) -> Result<bool> {
        let mut last = Instant::now();
        loop {
            if self.args.count.is_some_and(|count| self.accepted >= count) {
                return Ok(true);
            }
            let patience =
                self.args.timeout.map(|seconds| Duration::from_secs(seconds).saturating_sub(last.elapsed()));
            match link.next(patience.unwrap_or(LONG).min(LONG))? {
                Some(Event::Message(message)) => {
                    let batch = self.receive(link, message)?;
                    for message in &batch {
                        link.acknowledge(message)?;
                    }
                    last = Instant::now();
                }
                Some(Event::Down(reason)) => eprintln!("zegel: connection lost, connecting again: {reason}"),
                Some(Event::Refused(reason)) => anyhow::bail!(reason),
                Some(Event::Up) => {}
                None if patience.is_some_and(|patience| patience <= LONG) => {
                    return Ok(self.args.count.is_none());
                }
                None => {}
            }
        }
    }

    /// Takes in what has arrived, in one transaction; what it returns is durable, and may be acknowledged.
    fn receive(&mut self, link: &Link, first: Message) -> Result<Vec<Message>> {
        let mut transaction = self.store.begin()?;
        let (mut batch, mut next) = (Vec::new(), Some(first));
        let mut refused = Vec::new();
        while let Some(message) = next.take() {
            let arrived_on = message.topic();
            if self.cards.follow(&arrived_on) {
                let taken = self.cards.take(&mut transaction, &arrived_on, message.payload())?;
                if let Taken::Alarm(error) = taken {
                    self.remember(error);
                }
                batch.push(message);
                next = more(link, batch.len() < BATCH)?;
                continue;
            }
            let topic = self.args.sealed_topic.as_ref().unwrap_or(&arrived_on);
            let mut envelope = message.payload().to_vec();
            let keys = self.keys.keys()?;
            let opener = Opener::new(keys.identity.id(), &keys.kem);
            match opener.open(&mut transaction, topic, self.args.clock.seconds(), &mut envelope) {
                Ok(opened) => {
                    let line = self.line(&opened, &arrived_on);
                    self.outbox.add(&mut transaction, line)?;
                    self.accepted = self.accepted.saturating_add(1);
                }
                Err(error @ (Error::Storage | Error::KeyUnavailable)) => {
                    return Err(state::explain(&transaction, error));
                }
                Err(error) => refused.push((error, arrived_on)),
            }
            batch.push(message);
            let full = self.args.count.is_some_and(|count| self.accepted >= count);
            next = more(link, !full && batch.len() < BATCH)?;
        }
        transaction.commit()?;
        self.outbox.deliver()?;
        for (error, topic) in refused {
            if error == Error::Conflict {
                exit::alarm(error, &format!("on {}", topic.escape_debug()));
                self.remember(error);
            } else if !(self.args.quiet && error == Error::Duplicate) {
                eprintln!("zegel: refused: {error}: on {}", topic.escape_debug());
            }
        }
        Ok(batch)
    }

    fn remember(&mut self, error: Error) {
        if exit::is_lasting(error) {
            self.alarm.get_or_insert(error);
        }
    }

    fn line(&self, opened: &Opened<'_>, topic: &str) -> Vec<u8> {
        if let Some((first, last)) = opened.arrival().missing {
            eprintln!(
                "zegel: warning: of {}, numbers {first} to {last} have not arrived",
                opened.sender().kid()
            );
        }
        let body = opened.body().unwrap_or_default();
        let mut line = if self.args.json {
            let mut object = body::opened(opened, topic);
            object.insert("record".into(), self.outbox.next().into());
            Value::from(object).to_string().into_bytes()
        } else if output::is_text(body) && !body.contains(&b'\n') {
            body.to_vec()
        } else {
            output::hex(body).into_bytes()
        };
        line.push(b'\n');
        line
    }
}

/// What has arrived already, if there is room for it.
fn more(link: &Link, room: bool) -> Result<Option<Message>> {
    if !room {
        return Ok(None);
    }
    Ok(match link.next(Duration::ZERO)? {
        Some(Event::Message(message)) => Some(message),
        Some(Event::Down(reason)) => {
            eprintln!("zegel: connection lost, connecting again: {reason}");
            None
        }
        _ => None,
    })
}

/// The same in each run and after each rotation, so that the broker keeps what arrives in between. It tells no
/// more than the card does.
fn client_name(id: &Id, topics: &[String]) -> String {
    let mut hash = Sha256::new();
    hash.update(id.0);
    topics.iter().for_each(|topic| hash.update(topic.as_bytes()));
    format!("zegel-sub-{}", output::hex(hash.finalize().get(..8).unwrap_or_default()))
}

/// A week.
const EXPIRY: u32 = 7 * 86_400;
/// Messages of one transaction.
const BATCH: usize = 64;
const LONG: Duration = Duration::from_secs(3600);
