//! `zegel card`: public keys, signed by their own identity, to be sent to others.

mod draft;
mod issue;
mod retained;
mod rotate;
mod withdraw;

pub(super) use draft::DAY;
pub(super) use rotate::GRACE;

use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;
use zegel::Card;

use super::parties::read_card;
use crate::clock::{self, date};
use crate::layout;
use crate::output::{self, hex};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    Issue(issue::Args),
    Rotate(rotate::Args),
    Withdraw(withdraw::Args),
    Show(Show),
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
        Command::Issue(args) => issue::run(args),
        Command::Rotate(args) => rotate::run(args),
        Command::Withdraw(args) => withdraw::run(args),
        Command::Show(args) => show(args),
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
