//! `zegel inspect`: every byte of an envelope or a card explained, with nothing believed and no state changed.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};
use zegel::{Card, Error, Id, MAX_ENVELOPE, Opener, Unverified};

use super::card;
use super::parties::read_card;
use crate::keyfile::KeyFile;
use crate::layout::{self, Layout};
use crate::{armour, body, file, output, state};

/// Explain an envelope or a card, field by field, with offsets and lengths
///
/// Without keys this is what the broker sees. With -i and -t it decrypts and explains the inside too, and says
/// whether the signature is that of --card or of somebody in --state. It takes no number and accepts nothing;
/// use `zegel open` for that.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  zegel inspect envelope\n  \
    zegel inspect -i pgo.key -t zegel/7f3a/1 --card device.card envelope\n  zegel inspect --json pgo.card")]
pub(crate) struct Args {
    /// The recipient's key file, to look inside
    #[arg(short, long, value_name = "FILE", requires = "topic")]
    identity: Option<PathBuf>,
    /// The topic it arrived on
    #[arg(short, long, requires = "identity")]
    topic: Option<String>,
    /// The card of the sender, to check the signature
    #[arg(long, value_name = "CARD", requires = "identity")]
    card: Option<PathBuf>,
    /// A state file in which the sender may be pinned, to check the signature
    #[arg(long, value_name = "FILE", requires = "identity", conflicts_with = "card")]
    state: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    json: bool,
    /// The envelope or card; standard input if it is left out
    #[arg(default_value = "-", hide_default_value = true)]
    file: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let bytes = file::read(&args.file, LARGEST)?;
    let report = if bytes.first() == Some(&armour::CARD_TAG) || armour::is_armour(&bytes) {
        explain_card(&bytes)?
    } else {
        explain_envelope(&bytes, args)?
    };
    output::print(if args.json { report.json() } else { report.text }.as_bytes())?;
    match report.error {
        None => Ok(ExitCode::SUCCESS),
        Some(error) => Err(error).context(args.file.display().to_string()),
    }
}

/// The same twice: for people and for machines.
struct Report {
    text: String,
    object: Map<String, Value>,
    /// Why the object would be refused.
    error: Option<Error>,
}

impl Report {
    fn new(kind: &str, title: &str, layout: &Layout, error: Option<Error>) -> Self {
        let mut report = Self { text: format!("{title}\n\n{}", layout.table()), object: Map::new(), error };
        report.put("kind", kind);
        report.put("length", layout.length());
        report.put("fields", layout.json());
        report.put("error", error.map(Error::name));
        report
    }

    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.object.insert(name.into(), value.into());
    }

    fn say(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn json(&self) -> String {
        format!("{}\n", Value::from(self.object.clone()))
    }
}

fn explain_card(bytes: &[u8]) -> Result<Report> {
    let bytes = armour::card(bytes)?;
    let checked = Card::from_bytes(&bytes);
    let title = format!("card, {} bytes", bytes.len());
    let mut report = Report::new("card", &title, &layout::card(&bytes), checked.as_ref().err().copied());
    match checked {
        Ok(checked) => {
            report.put("card", card::json(&checked));
            report.say(&format!("\nits own signature holds\n{}", card::describe(&checked)));
        }
        Err(error) => report.say(&format!("\nnot a valid card: {}", error.name())),
    }
    Ok(report)
}

fn explain_envelope(bytes: &[u8], args: &Args) -> Result<Report> {
    let layout = layout::envelope(bytes);
    let error = zegel::envelope::Envelope::parse(bytes).err();
    let title = format!("envelope, {} bytes: what everybody sees", bytes.len());
    let mut report = Report::new("envelope", &title, &layout, error);
    if let Some(expected) = layout.wrong {
        report.say(&format!("\nnot an envelope: {} where {expected} is expected", armour::identify(bytes)));
        return Ok(report);
    }
    if let Some(recipient) = layout.find("recipient") {
        report.put("recipient", output::hex(recipient));
    }
    let (Some(key), Some(topic)) = (&args.identity, &args.topic) else {
        report.say("\nhidden: sender, number, time, format, body and signature; the topic is bound to it\nto look inside: -i KEY -t TOPIC");
        return Ok(report);
    };
    let keys = KeyFile::read(key)?;
    let me = keys.identity.id();
    let mut buffer = bytes.to_vec();
    match Opener::new(me, &keys.kem).look(topic, &mut buffer) {
        Ok(unverified) => look_inside(&mut report, &unverified, args, &me, topic)?,
        Err(error) => {
            report.put("error", error.name());
            report.error = Some(error);
            report.say(&format!("\ncannot be opened with this key on this topic: {}", error.name()));
        }
    }
    Ok(report)
}

fn look_inside(report: &mut Report, seen: &Unverified<'_>, args: &Args, me: &Id, topic: &str) -> Result<()> {
    let layout = layout::inside(&plaintext(seen)?);
    report.say("\nwhat the recipient sees inside\n");
    report.say(layout.table().trim_end());
    let (signature, error) = check_signature(seen, args, me, topic)?;
    report.error = error;
    report.put("error", error.map(Error::name));
    report.put("inside", layout.json());
    report.put("sender", seen.claimed_sender().to_string());
    report.put("sequence", seen.claimed_sequence());
    report.put("time", seen.claimed_time());
    report.put("format", seen.claimed_format().0);
    report.put("signature", signature.clone());
    let body = body::body(seen.claimed_format(), seen.claimed_body());
    for part in ["text", "readings"] {
        if let Some(value) = body.get(part) {
            report.say(&format!("\n{part}: {value}"));
        }
    }
    report.object.extend(body);
    report.say(&format!("\nsignature: {signature}"));
    Ok(())
}

/// What can be said of the signature, and the error that `open` would give for it.
fn check_signature(
    seen: &Unverified<'_>,
    args: &Args,
    me: &Id,
    topic: &str,
) -> Result<(String, Option<Error>)> {
    let kid = seen.claimed_sender();
    let card = match (&args.card, &args.state) {
        (Some(path), _) => Some(read_card(path)?.1),
        (None, Some(path)) => {
            state::open(path)?.peers()?.into_iter().map(|peer| peer.card).find(|card| card.id().kid() == kid)
        }
        (None, None) => return Ok(("not checked: name the sender's --card, or a --state".into(), None)),
    };
    Ok(match card {
        None => (format!("not checked: nobody with the kid {kid} is pinned"), Some(Error::UnknownSender)),
        Some(card) => match seen.verify(&card, me, topic) {
            Ok(()) => (format!("holds: {} ({})", card.id(), card.label()), None),
            Err(error) => (format!("does not hold for {}", card.id()), Some(error)),
        },
    })
}

/// The plaintext, put together again from its parts: its encoding is the only one there is (SPEC §4.2).
fn plaintext(seen: &Unverified<'_>) -> Result<Vec<u8>> {
    let statement = seen.statement();
    let length = u32::try_from(statement.len())?;
    let [_, third, second, first] = length.to_be_bytes();
    let head = match length {
        0..24 => vec![0x40 | first],
        24..0x100 => vec![0x58, first],
        0x100..0x1_0000 => vec![0x59, second, first],
        _ => vec![0x5a, 0, third, second, first],
    };
    let kid = seen.claimed_sender().0;
    Ok([b"\x84\x43\xa1\x01\x32\xa1\x04\x48", &kid[..], &head, statement, b"\x58\x40", seen.signature()]
        .concat())
}

/// Longer than any envelope, so that a file that is too long is explained too.
const LARGEST: usize = MAX_ENVELOPE * 4;
