//! `zegel card rotate`: a new key to be sealed to, and nobody has to be paired again (SPEC §8.4).

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use zegel::{Card, Status};

use super::draft::{self, DAY, Draft};
use super::retained::Retained;
use crate::clock;
use crate::held::Held;

/// Draw a new key to be sealed to, and issue a card that names it first
///
/// The new key is on the disk before the card leaves. The key before it stays in the key file for its grace, and
/// opens what was sealed to it; keys whose grace is over are erased, and nothing that was sealed to them opens
/// again. A rotation that is interrupted changes nothing or is taken up by the next one, which then draws no
/// further key.
///
/// Erasing overwrites the key file and every copy that zegel made of it. It does not reach backups, snapshots, what
/// a flash disk or a journaling file system kept, or the memory of a zegel that is still running.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  zegel card rotate -i pgo.key -o pgo.card\n  \
    zegel card rotate -i pgo.key -o pgo.card --publish mqtt://broker.example -t zegel/cards/7f3a")]
pub(crate) struct Args {
    /// The key file, which is changed
    #[arg(short, long, value_name = "FILE")]
    identity: PathBuf,
    /// The card; where it is there already, it is replaced, its label is kept and its serial is counted up
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    output: PathBuf,
    /// What people call you; that of the card before if it is left out
    #[arg(long)]
    label: Option<String>,
    /// Days of validity of the card, from now
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u64).range(1..=36_500))]
    days: u64,
    /// Days that an old key goes on opening: as long as your senders may hold measurements back
    #[arg(long, default_value_t = GRACE, value_name = "DAYS", value_parser = clap::value_parser!(u64).range(0..=3_650))]
    grace: u64,
    /// Write the card as bare bytes
    #[arg(long)]
    binary: bool,
    #[command(flatten)]
    retained: Retained,
}

pub(super) fn run(args: &Args) -> Result<()> {
    args.retained.check()?;
    let (mut held, keys) = Held::open(&args.identity)?;
    if keys.kem.is_empty() {
        bail!("this key only seals: there is nothing to rotate");
    }
    let previous = draft::previous(&args.output, &keys)?.map(|(_, card)| card);
    if let Some(card) = &previous {
        card.check_valid(None).with_context(|| format!("card {}", args.output.display()))?;
    }
    let until = clock::now().saturating_sub(args.grace.saturating_mul(DAY));
    let (mut keys, erased) = keys.without_retired(until)?;
    if keys.is_rotating() {
        eprintln!("zegel: a rotation was interrupted: its key was drawn already, and is used now");
    } else {
        keys = keys.draw()?;
    }
    let card = Draft {
        label: args.label.as_deref().or(previous.as_ref().map(Card::label)).unwrap_or_default(),
        serial: draft::serial(previous.as_ref()),
        not_before: clock::now(),
        days: args.days,
        kem_keys: &keys.offered(),
        status: Status::Active,
    }
    .sign(&keys)?;

    // Durable before anybody can seal to it. The old key is not retired yet: its grace begins when the card is out.
    held.replace(&keys)?;
    let again = "the new key is in the key file: run this again to end the rotation";
    draft::replace(&args.output, &card, args.binary).context(again)?;
    args.retained.publish(&card).context(again)?;
    keys.retire(clock::now());
    held.replace(&keys)?;

    if let Some(kid) = keys.kem.first().map(|key| key.public().kid()) {
        let grace = keys.kem.len().saturating_sub(1);
        eprintln!("new key {kid}; old keys in their grace: {grace}; erased: {erased}");
    }
    Ok(())
}

/// As SPEC §8.4 says.
pub(in crate::command) const GRACE: u64 = 30;
