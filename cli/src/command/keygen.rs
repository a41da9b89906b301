//! `zegel keygen`: a new identity, and a key to be sealed to.

use std::path::PathBuf;

use anyhow::Result;

use crate::file::{self, Access};
use crate::keyfile::KeyFile;
use crate::output;

/// Make a key file: an identity that signs, and a key that others seal to
///
/// The file is readable by its owner alone, and never takes the place of another one. Its id and fingerprint go
/// to standard error.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  zegel keygen -o pgo.key\n  zegel keygen --seal-only -o device.key")]
pub(crate) struct Args {
    /// Write the keys to this new file, instead of standard output
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    path: Option<PathBuf>,
    /// For a device that only seals: without a key to open with
    #[arg(long)]
    seal_only: bool,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let keys = KeyFile::generate(usize::from(!args.seal_only))?;
    let text = keys.text()?;
    match args.path.as_deref().filter(|path| path.as_os_str() != "-") {
        Some(path) => file::write(path, &text, Access::Secret)?,
        None => output::print(&text)?,
    }
    let id = keys.identity.id();
    eprintln!("id:          {id}\nfingerprint: {}", id.fingerprint());
    Ok(())
}
