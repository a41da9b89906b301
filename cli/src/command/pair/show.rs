//! `zegel pair show`: draws a code, shows it, and waits for whoever scans it.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use zegel::pairing::{MAX_MESSAGE, Paired, PairingCode, Reply, Shower};
use zegel::rng;
use zegel_store::Store;
use zeroize::Zeroizing;

use super::Own;
use super::meeting::{Meeting, pin};
use crate::command::parties::read_card;
use crate::file::{self, Access};
use crate::keyfile::KeyFile;
use crate::qr::Qr;
use crate::{clock, output, state};

/// Show a code, wait for the other end to scan it, and pin that end
///
/// The code goes to standard output as text, and as a QR code where that is a terminal. Whoever reads it in time can
/// take the place of the other end, so it is for nobody else's eyes until it has served; after that it is worth
/// nothing. It serves one pairing. Compare the label and the fingerprint, which follow, with what you expect.
///
/// What others publish meanwhile is refused and counted, and stops nothing. Ctrl-C ends the wait, and the code.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
#[command(after_help = "Example:\n  zegel pair show --broker mqtt://broker.example -i pgo.key -c pgo.card \
    --state pgo.state\n  zegel pair show -i device.key -c device.card --state device.state --svg code.svg \
    --expires 2m")]
pub(crate) struct Args {
    #[command(flatten)]
    own: Own,
    /// Write the QR code to this new file too; it is secret for as long as the code
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// How long the code serves: seconds, or a number with s, m or h; a day at most
    #[arg(long, default_value = "10m", value_name = "TIME", value_parser = clock::span)]
    expires: u64,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let keys = KeyFile::read(&args.own.identity)?;
    let (card, _) = read_card(&args.own.card)?;
    let store = state::open_or_create(&args.own.state)?;
    let now = clock::now();
    let code = PairingCode::draw(&keys.identity.id(), Some(now), args.expires, &mut rng::SysRng)
        .context("cannot draw a code")?;
    let text = Zeroizing::new(code.to_text());
    let shower = Shower::new(code, &keys.identity, &card, Some(now))
        .with_context(|| format!("card {}", args.own.card.display()))?;
    let expires = now.saturating_add(args.expires);
    let mut meeting = Meeting::open(&args.own, shower.listens_on(), shower.speaks_on(), expires)?;
    let result = show(args, &text).and_then(|()| wait(&mut meeting, shower, &store));
    meeting.close();
    args.own.tell(&result?)
}

/// The text always, the picture where there are eyes for it.
fn show(args: &Args, text: &str) -> Result<()> {
    let qr = Qr::new(text)?;
    if let Some(path) = &args.svg {
        file::write(path, Zeroizing::new(qr.svg()).as_bytes(), Access::Secret)?;
    }
    let mut shown = Zeroizing::new(String::new());
    if std::io::stdout().is_terminal() {
        shown.push_str(&Zeroizing::new(qr.terminal()));
    }
    shown.push_str(text);
    shown.push('\n');
    output::print(shown.as_bytes())?;
    eprintln!(
        "zegel: waiting for who scans this code, for {} seconds; it is secret until then",
        args.expires
    );
    Ok(())
}

fn wait(meeting: &mut Meeting, mut shower: Shower<'_>, store: &Store) -> Result<Paired> {
    let mut out = [0; MAX_MESSAGE];
    let mut answered = loop {
        let message = meeting.hear()?;
        let outcome = shower.answer(&mut message.payload().to_vec(), Some(clock::now()), &mut out);
        meeting.done(&message)?;
        match outcome {
            Ok((answered, two)) => {
                meeting.say(two)?;
                break answered;
            }
            Err(refused) => {
                meeting.refuse(refused.error);
                shower = refused.state;
            }
        }
    };
    loop {
        let message = meeting.hear()?;
        let mut bytes = message.payload().to_vec();
        let outcome = answered.reply(&mut bytes, Some(clock::now()), &mut rng::SysRng, &mut out);
        meeting.done(&message)?;
        match outcome {
            Ok(Reply::Paired(paired, four)) => {
                // Durable first: what the scanner is told then is true.
                pin(store, &paired)?;
                meeting.say(four)?;
                return Ok(paired);
            }
            Ok(Reply::Again(state, two)) => {
                meeting.say(two)?;
                answered = state;
            }
            Err(refused) => {
                meeting.refuse(refused.error);
                answered = refused.state;
            }
        }
    }
}
