//! `zegel trust`: whose messages are accepted. It begins with people, never with a message.

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde_json::{Value, json};
use zegel::{Id, Succession};

use super::parties::read_card;
use super::{card, events};
use crate::{output, state};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    Add(Add),
    List(List),
    Events(events::Args),
    Revoke(Revoke),
}

/// Pin a card: accept what its owner seals, from now on
///
/// Compare the fingerprint with its owner, aloud or on paper, before you believe a message. With --fingerprint
/// the card is pinned only if it has this one.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  zegel trust add --state pgo.state device.card\n  \
    zegel trust add --state pgo.state --fingerprint \"01234 56789 …\" device.card")]
pub(crate) struct Add {
    /// The state file; it is made if it is not there
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// The card; standard input if it is left out
    #[arg(default_value = "-", hide_default_value = true)]
    card: PathBuf,
    /// The fingerprint, or the id, that the owner told you
    #[arg(long, value_name = "DIGITS")]
    fingerprint: Option<String>,
}

/// List who is pinned, and who is revoked
#[derive(clap::Args)]
#[command(after_help = "Example:\n  zegel trust list --state pgo.state --json")]
pub(crate) struct List {
    /// The state file
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// A JSON array
    #[arg(long)]
    json: bool,
}

/// Accept nothing more from somebody, for good: no card brings the key back
#[derive(clap::Args)]
#[command(after_help = "Example:\n  zegel trust revoke --state pgo.state device.card\n  \
    zegel trust revoke --state pgo.state 5e1f…")]
pub(crate) struct Revoke {
    /// The state file
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// The id, 64 hexadecimal digits, or the card
    who: PathBuf,
}

pub(super) fn run(command: &Command) -> Result<()> {
    match command {
        Command::Add(args) => add(args),
        Command::List(args) => list(args),
        Command::Events(args) => events::run(args),
        Command::Revoke(args) => revoke(args),
    }
}

fn add(args: &Add) -> Result<()> {
    let (bytes, card) = read_card(&args.card)?;
    let (id, told) = (card.id(), args.fingerprint.as_deref().map(squeezed));
    if told
        .as_ref()
        .is_some_and(|told| ![squeezed(&id.fingerprint().to_string()), id.to_string()].contains(told))
    {
        bail!("this card has the fingerprint {}, which is another one: nothing was pinned", id.fingerprint());
    }
    let store = state::open_or_create(&args.state)?;
    let mut transaction = store.begin()?;
    let (change, card) = transaction.pin(&bytes)?;
    transaction.commit()?;
    let what = match change {
        Succession::New => "pinned",
        Succession::Newer => "pinned, in place of an older card",
        Succession::Same => "was pinned already",
    };
    eprintln!("{}\n{what}", card::describe(&card));
    if change == Succession::New && told.is_none() {
        eprintln!(
            "compare the fingerprint with its owner; if it differs: zegel trust revoke --state {} {id}",
            args.state.display()
        );
    }
    Ok(())
}

fn list(args: &List) -> Result<()> {
    let store = state::open(&args.state)?;
    let pinned = store.peers()?;
    let mut revoked = store.revoked()?;
    revoked.retain(|id| !pinned.iter().any(|pinned| pinned.card.id() == id));
    if args.json {
        let mut list: Vec<Value> = Vec::new();
        for pinned in &pinned {
            let mut object = card::json(&pinned.card);
            object["revoked"] = pinned.ended.into();
            list.push(object);
        }
        list.extend(revoked.iter().map(|id| json!({ "id": id.to_string(), "revoked": true })));
        return output::print(format!("{}\n", Value::from(list)).as_bytes());
    }
    let mut text = String::new();
    for pinned in &pinned {
        let end = if pinned.ended { "  revoked" } else { "" };
        text.push_str(&format!("{}  {}{end}\n", pinned.card.id(), pinned.card.label()));
    }
    for id in revoked {
        text.push_str(&format!("{id}  (never pinned)  revoked\n"));
    }
    output::print(text.as_bytes())
}

fn revoke(args: &Revoke) -> Result<()> {
    let id = match args.who.to_str().and_then(id) {
        Some(id) => id,
        None => *read_card(&args.who)?.1.id(),
    };
    let store = state::open_or_create(&args.state)?;
    let mut transaction = store.begin()?;
    transaction.revoke(&id)?;
    transaction.commit()?;
    eprintln!("{id} is revoked, for good");
    Ok(())
}

fn id(text: &str) -> Option<Id> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
    bytes.try_into().map(Id).ok()
}

/// Without spaces and dashes, in lower case: as people type what they hear.
fn squeezed(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
