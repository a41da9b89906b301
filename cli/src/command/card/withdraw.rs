//! `zegel card withdraw`: the end of an identity (SPEC §8.3, §8.4).

use std::path::PathBuf;

use anyhow::{Result, bail};
use zegel::{Card, Status};

use super::draft::{self, Draft};
use super::retained::Retained;
use crate::clock;
use crate::keyfile::KeyFile;

/// Withdraw an identity for good, because its key leaked or is given up
///
/// Whoever pinned it accepts nothing more from it and seals nothing more to it, and no later card brings it back:
/// a new identity has to be paired anew. Keep the card published: others come back late. Then erase the keys, with
/// `zegel key erase --all`. Run again, it publishes the same card again.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  zegel card withdraw -i pgo.key -o pgo.card --for-good \
    --publish mqtt://broker.example -t zegel/cards/7f3a")]
pub(crate) struct Args {
    /// The key file
    #[arg(short, long, value_name = "FILE")]
    identity: PathBuf,
    /// The card; where it is there already, it is replaced
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    output: PathBuf,
    /// Yes: this cannot be undone
    #[arg(long)]
    for_good: bool,
    /// Write the card as bare bytes
    #[arg(long)]
    binary: bool,
    #[command(flatten)]
    retained: Retained,
}

pub(super) fn run(args: &Args) -> Result<()> {
    args.retained.check()?;
    let keys = KeyFile::read(&args.identity)?;
    let id = keys.identity.id();
    if !args.for_good {
        bail!("this ends {id} for ever, at everybody who pinned it: say so with --for-good");
    }
    let card = match draft::previous(&args.output, &keys)? {
        // Once more, for a broker that was not there the first time.
        Some((bytes, card)) if card.status() == Status::Withdrawn => bytes,
        previous => {
            let previous = previous.as_ref().map(|(_, card)| card);
            let draft = Draft {
                label: previous.map(Card::label).unwrap_or_default(),
                serial: draft::serial(previous),
                not_before: clock::now(),
                days: FOR_EVER,
                // There is nothing left to seal to.
                kem_keys: &[],
                status: Status::Withdrawn,
            };
            let card = draft.sign(&keys)?;
            draft::replace(&args.output, &card, args.binary)?;
            card
        }
    };
    args.retained.publish(&card)?;
    eprintln!("{id} is withdrawn, for good; its keys can be erased: zegel key erase --all --for-good");
    Ok(())
}

/// A hundred years.
const FOR_EVER: u64 = 36_500;
