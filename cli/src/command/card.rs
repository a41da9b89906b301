//! `zegel card`: public keys, signed by their own identity, to be sent to others.

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde_json::json;
use zegel::{Agree, Card, CardClaims, Status, rng};

use super::parties::read_card;
use crate::clock::{self, date};
use crate::keyfile::KeyFile;
use crate::output::{self, Output, hex};
use crate::{armour, layout};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    Issue(Issue),
    Show(Show),
}

/// Issue a card for the keys of a key file
///
/// A card is public. It is written as text, to be pasted into a message; --binary gives the bare bytes. A later
/// card takes the place of an earlier one at everybody who pinned it.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  zegel card issue -i pgo.key -o pgo.card --label \"PGO\" --days 90")]
pub(crate) struct Issue {
    /// The key file
    #[arg(short, long, value_name = "FILE")]
    identity: PathBuf,
    #[command(flatten)]
    output: Output,
    /// What people call you: up to 64 bytes
    #[arg(long, default_value = "", hide_default_value = true)]
    label: String,
    /// Days of validity, from its first second
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u64).range(1..=36_500))]
    days: u64,
    /// First second of validity, since 1970; now if it is left out
    #[arg(long, value_name = "SECONDS")]
    not_before: Option<u64>,
    /// Number of the card, higher than that of all earlier ones; the time in milliseconds if it is left out
    #[arg(long)]
    serial: Option<u64>,
    /// Withdraw these keys for good: no later card of this identity is accepted
    #[arg(long)]
    withdraw: bool,
    /// Write the bare bytes
    #[arg(long)]
    binary: bool,
}

/// Show a card: whose it is, and until when it holds
#[derive(clap::Args)]
#[command(after_help = "Example:\n  zegel card show pgo.card\n  zegel card show --json < pgo.card")]
pub(crate) struct Show {
    /// The card; standard input if it is left out
    #[arg(default_value = "-", hide_default_value = true)]
    card: PathBuf,
    /// One JSON object
    #[arg(long)]
    json: bool,
    /// Every field with its bytes
    #[arg(long, conflicts_with = "json")]
    fields: bool,
}

pub(super) fn run(command: &Command) -> Result<()> {
    match command {
        Command::Issue(args) => issue(args),
        Command::Show(args) => show(args),
    }
}

fn issue(args: &Issue) -> Result<()> {
    let keys = KeyFile::read(&args.identity)?;
    if args.label.len() > zegel::MAX_LABEL || args.label.chars().any(char::is_control) {
        bail!("a label is up to {} bytes without control characters", zegel::MAX_LABEL);
    }
    let kem_keys: Vec<_> = keys.kem.iter().map(|key| *Agree::public(key)).collect();
    let not_before = args.not_before.unwrap_or_else(clock::now);
    let claims = CardClaims {
        serial: args.serial.unwrap_or_else(clock::now_in_milliseconds),
        not_before,
        expires: not_before.saturating_add(args.days.saturating_mul(DAY)),
        label: &args.label,
        kem_keys: &kem_keys,
        status: if args.withdraw { Status::Withdrawn } else { Status::Active },
    };
    let card = Card::issue_to_vec(&claims, &keys.identity, &mut rng::SysRng)?;
    if args.binary {
        args.output.write(&card)
    } else {
        args.output.write(armour::encode(armour::CARD, &card)?.as_bytes())
    }
}

fn show(args: &Show) -> Result<()> {
    let (bytes, card) = read_card(&args.card)?;
    if args.fields {
        return output::print(layout::card(&bytes).table().as_bytes());
    }
    let text = if args.json { json(&card).to_string() } else { describe(&card) };
    output::print(format!("{text}\n").as_bytes())
}

/// A card for machines.
pub(super) fn json(card: &Card) -> serde_json::Value {
    let kids: Vec<String> = card.kem_keys().map(|key| key.kid().to_string()).collect();
    json!({
        "id": card.id().to_string(),
        "fingerprint": card.id().fingerprint().to_string(),
        "label": card.label(),
        "serial": card.serial(),
        "not_before": card.not_before(),
        "expires": card.expires(),
        "status": status(card),
        "kem_kids": kids,
        "digest": hex(card.digest()),
    })
}

/// A card for people. The label is text that its owner chose: any name can stand there.
pub(super) fn describe(card: &Card) -> String {
    let kids: Vec<String> = card.kem_keys().map(|key| key.kid().to_string()).collect();
    let kids = if kids.is_empty() { "none: its owner only seals".into() } else { kids.join(" ") };
    format!(
        "label:       {}\nid:          {}\nfingerprint: {}\nvalid:       {} to {}\nserial:      {}\n\
         status:      {}\nKEM kids:    {kids}",
        card.label(),
        card.id(),
        card.id().fingerprint(),
        date(card.not_before()),
        date(card.expires()),
        card.serial(),
        status(card),
    )
}

fn status(card: &Card) -> &'static str {
    match card.check_valid(Some(clock::now())) {
        Ok(()) => "active",
        Err(zegel::Error::Revoked) => "withdrawn",
        Err(zegel::Error::Expired) => "expired",
        Err(_) => "not valid yet",
    }
}

const DAY: u64 = 86_400;
