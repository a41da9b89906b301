//! Where results go: a file, or standard output; never bytes onto somebody's terminal.
//!
//! Results stand on standard output and everything else on standard error, so that pipes stay clean.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::file::{self, Access};

/// Where a command writes its result.
#[derive(clap::Args)]
pub(crate) struct Output {
    /// Write to this file; `-` is standard output, also where that is a terminal
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    path: Option<PathBuf>,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
}

impl Output {
    /// The file, if it is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.path.as_deref().filter(|path| path.as_os_str() != "-")
    }

    /// How that file is written.
    pub(crate) const fn access(&self) -> Access {
        if self.force { Access::Replace } else { Access::New }
    }

    /// Writes the whole result.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<()> {
        match self.file() {
            Some(path) => file::write(path, bytes, self.access()),
            None => self.print(bytes),
        }
    }

    /// Refuses before the work is done what would be refused after it: a number is not to be used up for that.
    pub(crate) fn check(&self, binary: bool) -> Result<()> {
        match self.file() {
            Some(path) if !self.force && path.symlink_metadata().is_ok() => {
                bail!("{} exists: use --force to replace it", path.display())
            }
            None if binary && self.path.is_none() && io::stdout().is_terminal() => {
                bail!("this is binary and would garble the terminal: use -o FILE, a pipe, or -o - to insist")
            }
            _ => Ok(()),
        }
    }

    fn print(&self, bytes: &[u8]) -> Result<()> {
        self.check(!is_text(bytes))?;
        print(bytes)
    }
}

/// Writes to standard output, all of it.
pub(crate) fn print(bytes: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).context("standard output")
}

/// Text that a terminal shows as it is.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes)
        .is_ok_and(|text| text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t')))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
