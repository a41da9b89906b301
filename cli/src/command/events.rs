//! `zegel trust events`: the security events that nobody has dismissed.

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde_json::Value;

use crate::{alarms, output, state};

/// List security events, and dismiss those that somebody has looked at
///
/// Conflict and Equivocation mean that a key is in two hands, or that a backup was restored: ask its owner before
/// you believe more of it. KeyChanged is a rotation, or a thief's. Each is said in every run on this state until
/// it is dismissed.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  zegel trust events --state pgo.state\n  \
    zegel trust events --state pgo.state --dismiss 3")]
pub(crate) struct Args {
    /// The state file
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// The number of an event that somebody has looked at; may be given several times
    #[arg(long, value_name = "NUMBER")]
    dismiss: Vec<u64>,
    /// A JSON array
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let store = state::open_quietly(&args.state)?;
    if !args.dismiss.is_empty() {
        let mut transaction = store.begin()?;
        for number in &args.dismiss {
            if !transaction.dismiss(*number)? {
                bail!(
                    "there is no event {number}, or another one of its kind came since: nothing was dismissed"
                );
            }
        }
        transaction.commit()?;
    }
    let events = store.events()?;
    let text = if args.json {
        format!("{}\n", Value::from(events.iter().map(alarms::json).collect::<Vec<_>>()))
    } else {
        events.iter().map(|noted| format!("{}\n", alarms::describe(noted))).collect()
    };
    output::print(text.as_bytes())
}
