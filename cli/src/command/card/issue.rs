//! `zegel card issue`: a card for the keys as they are.

use std::path::PathBuf;

use anyhow::Result;
use zegel::Status;

use super::draft::{self, Draft};
use super::retained::Retained;
use crate::clock;
use crate::keyfile::KeyFile;
use crate::output::Output;

/// Issue a card for the keys of a key file
///
/// A card is public. It is written as text, to be pasted into a message; --binary gives the bare bytes. A later
/// card takes the place of an earlier one at everybody who pinned it.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  zegel card issue -i pgo.key -o pgo.card --label \"PGO\" --days 90")]
pub(crate) struct Args {
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
    /// Write the bare bytes
    #[arg(long)]
    binary: bool,
    #[command(flatten)]
    retained: Retained,
}

pub(super) fn run(args: &Args) -> Result<()> {
    args.retained.check()?;
    let keys = KeyFile::read(&args.identity)?;
    let card = Draft {
        label: &args.label,
        serial: args.serial.unwrap_or_else(clock::now_in_milliseconds),
        not_before: args.not_before.unwrap_or_else(clock::now),
        days: args.days,
        kem_keys: &keys.offered(),
        status: Status::Active,
    }
    .sign(&keys)?;
    args.output.write(&draft::encode(&card, args.binary)?)?;
    args.retained.publish(&card)
}
