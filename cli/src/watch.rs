//! A key file that may be rotated while it is in use: what is sealed to a new key is opened without a restart.
//!
//! The new key is in the file before anybody can seal to it (SPEC §8.4), so looking at the file before each
//! message is enough; and a key that was erased does not live on in a process that runs for months.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result};

use crate::keyfile::KeyFile;

/// The keys of a file, as they are now.
pub(crate) struct Watch {
    path: PathBuf,
    stamp: Stamp,
    keys: KeyFile,
}

/// What changes when another file takes the place of this one.
type Stamp = (u64, Option<SystemTime>, u64);

impl Watch {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        // Before the keys: a change in between is seen the next time.
        let stamp = stamp(path)?;
        Ok(Self { path: path.into(), stamp, keys: KeyFile::read(path)? })
    }

    /// Reads the file again if it is another one.
    pub(crate) fn keys(&mut self) -> Result<&KeyFile> {
        let stamp = stamp(&self.path)?;
        if stamp != self.stamp {
            self.keys = KeyFile::read(&self.path)?;
            self.stamp = stamp;
            eprintln!("zegel: the key file changed and was read again");
        }
        Ok(&self.keys)
    }
}

fn stamp(path: &Path) -> Result<Stamp> {
    if path.as_os_str() == "-" {
        return Ok((0, None, 0));
    }
    let data = path.metadata().with_context(|| format!("key file {}", path.display()))?;
    #[cfg(unix)]
    let file = std::os::unix::fs::MetadataExt::ino(&data);
    #[cfg(not(unix))]
    let file = 0;
    Ok((data.len(), data.modified().ok(), file))
}
