//! `zegel open`: an envelope becomes a measurement, once.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::Value;
use zegel::{MAX_ENVELOPE, Opener};

use crate::clock::Clock;
use crate::keyfile::KeyFile;
use crate::output::Output;
use crate::{body, file, state};

/// Open an envelope: decrypt it, check who signed it, and take its number
///
/// Exit code 0 means that this measurement was accepted now, and never again: a second time is a Duplicate. The
/// number is taken for good after the whole body is written, to the disk for -o FILE. So a kill in between loses
/// nothing; the envelope can then be opened again, and what the killed run wrote is to be dropped. On any error
/// no byte of the body is written, except when the state itself fails at the last step (exit code 28).
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  zegel open -i pgo.key -t zegel/7f3a/1 --state pgo.state envelope > body\n  \
    zegel open -i pgo.key -t zegel/7f3a/1 --state pgo.state --json < envelope"
)]
pub(crate) struct Args {
    /// The recipient's key file
    #[arg(short, long, value_name = "FILE")]
    identity: PathBuf,
    /// The topic it arrived on
    #[arg(short, long)]
    topic: String,
    /// Who is trusted, and what was taken
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    #[command(flatten)]
    output: Output,
    /// One JSON object: sender, sequence, time, format and body
    #[arg(long)]
    json: bool,
    /// What time it is, for the validity of cards: now, none, or seconds since 1970
    #[arg(long, default_value = "now", value_name = "TIME")]
    clock: Clock,
    /// The envelope; standard input if it is left out
    #[arg(default_value = "-", hide_default_value = true)]
    envelope: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<()> {
    args.output.check(false)?;
    let keys = KeyFile::read(&args.identity)?;
    // A byte too many is enough for the core to call it malformed.
    let mut envelope = file::begin(&args.envelope, LARGEST)?;
    let store = state::open(&args.state)?;
    let mut transaction = store.begin()?;
    let opener = Opener::new(keys.identity.id(), &keys.kem);
    let opened = opener
        .open(&mut transaction, &args.topic, args.clock.seconds(), &mut envelope)
        .map_err(|error| state::explain(&transaction, error))?;
    if let Some((first, last)) = opened.arrival().missing {
        eprintln!("zegel: warning: of this sender, numbers {first} to {last} have not arrived");
    }
    let result = if args.json {
        format!("{}\n", Value::from(body::opened(&opened, &args.topic))).into_bytes()
    } else {
        opened.body().unwrap_or_default().to_vec()
    };
    args.output.write(&result)?;
    transaction.commit().map_err(|error| {
        if let Some(path) = args.output.file() {
            let _ = std::fs::remove_file(path);
        }
        anyhow::Error::from(error).context("the number could not be taken, drop what was written")
    })
}

const LARGEST: usize = MAX_ENVELOPE + 1;
