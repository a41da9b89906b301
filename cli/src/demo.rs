//! The main job on real input: a wearable, a hostile broker, a PGO and a GP, under attack.
//!
//! `zegel demo` runs it. It ends with success only when every measurement arrived once and unaltered, nothing
//! was readable on the way, and no attack passed (SPEC §15).

mod attack;
mod broker;
mod eavesdropper;
mod gp;
mod ledger;
mod link;
mod mallory;
mod pgo;
mod play;
mod plot;
mod progress;
mod receiver;
mod recording;
mod report;
mod run;
mod table;
mod verdict;
mod wearable;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use self::broker::Address;
use self::progress::Progress;
use self::recording::Recording;
use self::run::{Run, Script};
use self::verdict::Verdict;

/// Runs the whole chain on a recording, under attack, and counts what happened
#[derive(clap::Args)]
#[command(after_help = "Example:\n    zegel demo --data run.fit --report run.html\n\n\
    Exits with 0 when every measurement was opened exactly once and every attack was refused, otherwise with 1.")]
pub(crate) struct Args {
    /// A recording to send: a CSV table with a heading row, or a watch's .FIT file
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,

    /// A broker to send it over (default: one inside this process, on the loopback interface)
    #[arg(long, value_name = "mqtt://HOST:PORT")]
    broker: Option<Address>,

    /// A further measurement that may leave the wearable, by name (repeatable); places never do
    #[arg(long, value_name = "NAME")]
    allow: Vec<String>,

    /// Writes a page with plots: what the broker saw and what the PGO saw
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,

    /// Prints the whole result as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the demo and prints what happened.
pub(crate) fn run(args: Args) -> Result<ExitCode, anyhow::Error> {
    let recording = match &args.data {
        Some(path) => Recording::read(path)?,
        None => Recording::bundled()?,
    };
    let script = Script::new(&recording, &args.allow)?;
    if let Some(path) = &args.report {
        report::check_target(path)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let verdict = runtime.block_on(async {
        tokio::select! {
            verdict = played(&args, &recording, script) => verdict.map(Some),
            // The state's directory goes with the run that is dropped here.
            _ = tokio::signal::ctrl_c() => Ok(None),
        }
    });
    // The roles go, and the state's directory with the last of them. The embedded broker has threads of its own,
    // which nobody waits for.
    runtime.shutdown_timeout(ENDING);
    let Some(verdict) = verdict? else {
        eprintln!("zegel: interrupted; nothing is left behind");
        return Ok(ExitCode::from(INTERRUPTED));
    };
    if let Some(path) = &args.report {
        report::write(path, &verdict)?;
    }
    if args.json {
        println!("{}", serde_json::to_string(&verdict)?);
    } else {
        print!("{}", table::lines(&verdict));
        if let Some(path) = &args.report {
            println!("  report    {}", path.display());
        }
    }
    Ok(if verdict.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn played(args: &Args, recording: &Recording, script: Script) -> Result<Verdict> {
    let start = Instant::now();
    let address = match &args.broker {
        Some(address) => address.clone(),
        None => tokio::task::spawn_blocking(broker::embed).await??,
    };
    let run: Arc<Run> = Run::new(address, script)?;
    let played = {
        let _progress = Progress::follow(&run, args.json);
        play::play(&run).await?
    };
    let seconds = start.elapsed().as_secs_f64();
    verdict::judge(&run, recording, &played.sizes, played.heard, seconds)
        .context("cannot read the states again")
}

const ENDING: Duration = Duration::from_secs(3);
/// What a shell gives for a program that SIGINT ended.
const INTERRUPTED: u8 = 130;
