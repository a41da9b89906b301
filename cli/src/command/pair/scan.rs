//! `zegel pair scan`: reads a code, says who scans it, and waits for who shows it.

use std::io::{BufRead as _, IsTerminal as _, Read as _};

use anyhow::{Context as _, Result};
use zegel::pairing::{MAX_MESSAGE, Paired, PairingCode, Scanner};
use zegel::rng;
use zeroize::Zeroizing;

use super::Own;
use super::meeting::{Meeting, pin};
use crate::command::parties::read_card;
use crate::keyfile::KeyFile;
use crate::{clock, state};

/// Pair with the end that shows this code, and pin that end
///
/// The code is the text that `zegel pair show` prints, or that a QR reader gives. Leave it out and it is read from
/// standard input, one line: on the command line other users of this machine can see it, and it is secret until it
/// has served.
///
/// What others publish meanwhile is refused and counted, and stops nothing. Where no answer comes before the code
/// runs out, somebody else may have used it: ask for a new one.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
#[command(
    after_help = "Example:\n  zegel pair scan --broker mqtt://broker.example -i device.key -c device.card \
    --state device.state\n  zbarcam --raw -1 | zegel pair scan -i device.key -c device.card --state device.state"
)]
pub(crate) struct Args {
    #[command(flatten)]
    own: Own,
    /// The code; a line of standard input if it is left out
    #[arg(default_value = "-", hide_default_value = true)]
    code: String,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let keys = KeyFile::read(&args.own.identity)?;
    let (card, _) = read_card(&args.own.card)?;
    let store = state::open_or_create(&args.own.state)?;
    let code = read(&args.code)?;
    let now = clock::now();
    let expires = code.expires().unwrap_or_else(|| now.saturating_add(WITHOUT_AN_END));
    let mut out = [0; MAX_MESSAGE];
    let (scanner, one) = Scanner::new(code, &keys.identity, &card, Some(now), &mut out)
        .context("cannot pair with this code and card")?;
    let mut meeting = Meeting::open(&args.own, scanner.listens_on(), scanner.speaks_on(), expires)?;
    let result = wait(&mut meeting, scanner, one).and_then(|paired| {
        pin(&store, &paired)?;
        Ok(paired)
    });
    meeting.close();
    args.own.tell(&result?)
}

fn read(code: &str) -> Result<PairingCode> {
    let mut line = Zeroizing::new(String::new());
    if code == "-" {
        if std::io::stdin().is_terminal() {
            eprintln!("zegel: scan or paste the code, and press Enter");
        }
        std::io::stdin().lock().take(LONGEST).read_line(&mut line).context("standard input")?;
    } else {
        line.push_str(code);
    }
    PairingCode::parse(line.trim()).context("this is no pairing code")
}

fn wait(meeting: &mut Meeting, mut scanner: Scanner<'_>, one: &[u8]) -> Result<Paired> {
    let mut out = [0; MAX_MESSAGE];
    meeting.say(one)?;
    let (mut confirming, three) = loop {
        let message = meeting.hear()?;
        let mut bytes = message.payload().to_vec();
        let outcome = scanner.confirm(&mut bytes, Some(clock::now()), &mut rng::SysRng, &mut out);
        meeting.done(&message)?;
        match outcome {
            Ok((confirming, three)) => break (confirming, three.to_vec()),
            Err(refused) => {
                meeting.refuse(refused.error);
                scanner = refused.state;
            }
        }
    };
    meeting.say(&three)?;
    loop {
        let message = meeting.hear()?;
        let outcome = confirming.finish(&mut message.payload().to_vec(), Some(clock::now()));
        meeting.done(&message)?;
        match outcome {
            Ok(paired) => return Ok(paired),
            Err(refused) => {
                meeting.refuse(refused.error);
                confirming = refused.state;
            }
        }
    }
}

/// Seconds to wait for a shower that has no clock.
const WITHOUT_AN_END: u64 = 600;
/// Longer than any code, with blanks around it.
const LONGEST: u64 = 1024;
