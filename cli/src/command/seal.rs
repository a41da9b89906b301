//! `zegel seal`: a measurement becomes an envelope.

use std::path::PathBuf;

use anyhow::Result;
use zegel::{MAX_ENVELOPE, rng};

use super::parties::Sealing;
use crate::file;
use crate::output::Output;

/// Seal a measurement: sign it, and encrypt it to one recipient, for one topic
///
/// The number of the envelope is on the disk before it is used. What is sealed is never opened with another
/// topic, by another recipient, or twice.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  zegel seal -i device.key -r pgo.card -t zegel/7f3a/1 --state device.state \
    --format 42 body.bin > envelope\n  echo 71 | zegel seal -i device.key -r pgo.card -t zegel/7f3a/1 \
    --state device.state -o envelope"
)]
pub(crate) struct Args {
    #[command(flatten)]
    sealing: Sealing,
    /// The topic it is for
    #[arg(short, long)]
    topic: String,
    #[command(flatten)]
    output: Output,
    /// The measurement; standard input if it is left out
    #[arg(default_value = "-", hide_default_value = true)]
    body: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<()> {
    args.output.check(true)?;
    let body = file::read(&args.body, MAX_ENVELOPE)?;
    let sender = args.sealing.prepare()?;
    let envelope = sender.sealer(&sender.recipient)?.seal_to_vec(
        &args.topic,
        &sender.measurement(&body),
        &mut rng::SysRng,
    )?;
    args.output.write(&envelope)
}
