//! The commands, one a file; each says in its help what it does, with an example.

mod card;
mod events;
mod inspect;
mod key;
mod keygen;
mod open;
mod pair;
mod parties;
mod publish;
mod seal;
mod subscribe;
mod trust;

use std::process::ExitCode;

use anyhow::Result;

use crate::{demo, exit};

/// Seal, open and inspect health measurements that cross somebody else's MQTT broker
///
/// A key file is made with `keygen`, and a card with its public keys with `card issue`. Send the card to those
/// who are to seal to you or to trust you; they compare its fingerprint with you, aloud, and pin it with
/// `trust add`. Where both are at hand, `pair` does that by a QR code. Then `seal` and `open` work on files and pipes,
/// `pub` and `sub` over MQTT.
#[derive(clap::Parser)]
#[command(name = "zegel", version, after_help = exit::list())]
pub(crate) struct Line {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    Keygen(keygen::Args),
    /// Issue and show cards, which hold public keys
    #[command(subcommand)]
    Card(card::Command),
    /// Say whose messages are accepted
    #[command(subcommand)]
    Trust(trust::Command),
    /// Exchange and pin cards over the broker, by a code that one end shows and the other scans
    #[command(subcommand)]
    Pair(pair::Command),
    Seal(seal::Args),
    Open(open::Args),
    Inspect(inspect::Args),
    Pub(publish::Args),
    Sub(subscribe::Args),
    /// Show and export the keys of a key file
    #[command(subcommand)]
    Key(key::Command),
    Demo(demo::Args),
}

/// Runs a command to its end.
pub(crate) fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Keygen(args) => keygen::run(&args)?,
        Command::Card(command) => card::run(&command)?,
        Command::Trust(command) => trust::run(&command)?,
        Command::Pair(command) => pair::run(&command)?,
        Command::Seal(args) => seal::run(&args)?,
        Command::Open(args) => open::run(&args)?,
        Command::Inspect(args) => return inspect::run(&args),
        Command::Pub(args) => return publish::run(&args),
        Command::Sub(args) => return subscribe::run(&args),
        Command::Key(command) => key::run(&command)?,
        Command::Demo(args) => return demo::run(args),
    }
    Ok(ExitCode::SUCCESS)
}
