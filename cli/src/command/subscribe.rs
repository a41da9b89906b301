//! `zegel sub`: receive, open, store, write, and only then acknowledge (SPEC §13).

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use zegel::{Agree, Error, Opened, Opener};
use zegel_store::Store;

use crate::clock::Clock;
use crate::keyfile::KeyFile;
use crate::mqtt::{Event, Flags, Link, Message, Options};
use crate::outbox::Outbox;
use crate::{body, output, state};

/// Receive measurements over MQTT 5: a line for each that is accepted, and each exactly once
///
/// A line is the body where that is text of one line, and otherwise its bytes in hex; with --json it is an object.
/// The number is taken and the line stored in one transaction, then the line is written, and then the broker is
/// told. A file (-o) gets each line exactly once, also through kill -9. Standard output may get the last lines
/// again after a kill, under the same record numbers ("record" in --json).
///
/// A message that is refused is reported on standard error, with the name of the error, and stops nothing.
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
    let keys = KeyFile::read(&args.identity)?;
    let store = state::open(&args.state)?;
    let path = args.output.as_deref().filter(|path| path.as_os_str() != "-");
    let outbox = Outbox::open(&store, path)?;
    let client = args.flags.client.clone().unwrap_or_else(|| client_name(&keys, &args.topics));
    let expiry = args.flags.session_expiry.unwrap_or(EXPIRY);
    let address = args.flags.address();
    let link = Link::open(&Options { broker: &address, client: &client, expiry, filters: &args.topics })?;
    let opener = Opener::new(keys.identity.id(), &keys.kem);
    let mut receiver = Receiver { args, store: &store, opener, outbox, accepted: 0 };
    let result = receiver.all(&link);
    link.close();
    let closed = receiver.outbox.close(&store);
    let complete = result?;
    closed?;
    if !complete {
        eprintln!("zegel: nothing came for {} seconds", args.timeout.unwrap_or_default());
    }
    Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct Receiver<'r> {
    args: &'r Args,
    store: &'r Store,
    opener: Opener<'r>,
    outbox: Outbox,
    accepted: u64,
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
            let topic = self.args.sealed_topic.as_ref().unwrap_or(&arrived_on);
            let mut envelope = message.payload().to_vec();
            match self.opener.open(&mut transaction, topic, self.args.clock.seconds(), &mut envelope) {
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
            if !full && batch.len() < BATCH {
                next = match link.next(Duration::ZERO)? {
                    Some(Event::Message(message)) => Some(message),
                    Some(Event::Down(reason)) => {
                        eprintln!("zegel: connection lost, connecting again: {reason}");
                        None
                    }
                    _ => None,
                };
            }
        }
        transaction.commit()?;
        self.outbox.deliver()?;
        for (error, topic) in refused {
            if !(self.args.quiet && error == Error::Duplicate) {
                eprintln!("zegel: refused: {error}: on {}", topic.escape_debug());
            }
        }
        Ok(batch)
    }

    fn line(&self, opened: &Opened<'_>, topic: &str) -> Vec<u8> {
        if let Some((first, last)) = opened.arrival().missing {
            eprintln!(
                "zegel: warning: of {}, numbers {first} to {last} have not arrived",
                opened.sender().kid()
            );
        }
        let mut line = if self.args.json {
            let mut object = body::opened(opened, topic);
            object.insert("record".into(), self.outbox.next().into());
            Value::from(object).to_string().into_bytes()
        } else if output::is_text(opened.body()) && !opened.body().contains(&b'\n') {
            opened.body().to_vec()
        } else {
            output::hex(opened.body()).into_bytes()
        };
        line.push(b'\n');
        line
    }
}

/// The same in each run, so that the broker keeps what arrives in between. It tells no more than envelopes do.
fn client_name(keys: &KeyFile, topics: &[String]) -> String {
    let mut hash = Sha256::new();
    keys.kem.iter().for_each(|key| hash.update(Agree::public(key).as_bytes()));
    topics.iter().for_each(|topic| hash.update(topic.as_bytes()));
    format!("zegel-sub-{}", output::hex(hash.finalize().get(..8).unwrap_or_default()))
}

/// A week.
const EXPIRY: u32 = 7 * 86_400;
/// Messages of one transaction.
const BATCH: usize = 64;
const LONG: Duration = Duration::from_secs(3600);
