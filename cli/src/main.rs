//! The `zegel` command: keys, cards, envelopes and MQTT from a shell.
//!
//! `zegel --help` lists the commands; SPEC.md says what they write.
#![forbid(unsafe_code)]

mod alarms;
mod armour;
mod body;
mod cards;
mod clock;
mod command;
mod demo;
mod early;
mod exit;
mod file;
mod held;
mod interrupt;
mod keyfile;
mod layout;
mod mqtt;
mod outbox;
mod output;
mod qr;
mod state;
mod watch;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let line = command::Line::parse();
    match command::run(line.command) {
        Ok(code) => code,
        Err(error) => exit::report(&error),
    }
}
