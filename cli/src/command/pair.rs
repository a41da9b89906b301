//! `zegel pair`: two ends that have never met exchange their cards over the broker, by a code (SPEC §12).

mod meeting;
mod scan;
mod show;

use std::path::PathBuf;

use anyhow::Result;
use zegel::pairing::Paired;

use super::card;
use crate::mqtt::Flags;
use crate::output;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    Show(show::Args),
    Scan(scan::Args),
}

/// Who pairs, where, and how the outcome is told.
#[derive(clap::Args)]
struct Own {
    #[command(flatten)]
    flags: Flags,
    /// Your key file
    #[arg(short, long, value_name = "FILE")]
    identity: PathBuf,
    /// Your own card, which the other end pins
    #[arg(short, long, value_name = "CARD")]
    card: PathBuf,
    /// The state file, in which the other end is pinned; it is made if it is not there
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// Tell of the other end as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Command) -> Result<()> {
    match command {
        Command::Show(args) => show::run(args),
        Command::Scan(args) => scan::run(args),
    }
}

impl Own {
    /// Who it was, on standard output.
    fn tell(&self, paired: &Paired) -> Result<()> {
        let card = paired.partner();
        let text = if self.json { card::json(card).to_string() } else { card::describe(card) };
        output::print(format!("{text}\n").as_bytes())
    }
}
