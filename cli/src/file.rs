//! Files in and out: bounded reads, and writes that leave either the whole file or none.
//!
//! A new file never takes the place of another one unless the caller forces it, and a key never does.

use std::fs::{File, Permissions};
use std::io::{self, Read, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use zeroize::Zeroizing;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// For its owner alone (mode 0600), and never in the place of another file.
    Secret,
    /// For everybody that the user's umask lets in, and never in the place of another file.
    New,
    /// The same, in the place of whatever was there.
    Replace,
}

/// All of a file, or of standard input for `-`; an error when it is longer than `limit`.
pub(crate) fn read(path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>> {
    let bytes = begin(path, limit.saturating_add(1))?;
    if bytes.len() > limit {
        bail!("{}: longer than {limit} bytes", name(path));
    }
    Ok(bytes)
}

/// The first `most` bytes of a file, or of standard input for `-`.
pub(crate) fn begin(path: &Path, most: usize) -> Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let limit = u64::try_from(most).unwrap_or(u64::MAX);
    if path.as_os_str() == "-" {
        io::stdin().lock().take(limit).read_to_end(&mut bytes).with_context(|| name(path))?;
        return Ok(bytes);
    }
    let file = File::open(path).with_context(|| name(path))?;
    if file.metadata().with_context(|| name(path))?.is_dir() {
        bail!("{} is a directory", name(path));
    }
    file.take(limit).read_to_end(&mut bytes).with_context(|| name(path))?;
    Ok(bytes)
}

fn name(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".into() } else { path.display().to_string() }
}

/// Writes `bytes` to a new file: to a temporary one in the same directory, synced, and then given its name.
pub(crate) fn write(path: &Path, bytes: &[u8], access: Access) -> Result<()> {
    let staged = stage(path, bytes, access)?;
    staged.publish()
}

/// A file with all its bytes on the disk, and no name yet.
#[must_use]
pub(crate) struct Staged<'p> {
    file: tempfile::NamedTempFile,
    path: &'p Path,
    access: Access,
}

/// Puts `bytes` on the disk beside `path`. Dropped, it is gone.
pub(crate) fn stage<'p>(path: &'p Path, bytes: &[u8], access: Access) -> Result<Staged<'p>> {
    let name = || path.display().to_string();
    // Told before anything is written; the name is taken without overwriting all the same.
    if access != Access::Replace && path.symlink_metadata().is_ok() {
        return Err(taken(path, access));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".zegel-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = if access == Access::Secret { 0o600 } else { 0o666 };
        builder.permissions(Permissions::from_mode(mode));
    }
    let mut file = builder.tempfile_in(directory(path)).with_context(name)?;
    file.write_all(bytes).with_context(name)?;
    file.as_file().sync_all().with_context(name)?;
    Ok(Staged { file, path, access })
}

impl Staged<'_> {
    /// Gives the file its name.
    pub(crate) fn publish(self) -> Result<()> {
        let Self { file, path, access } = self;
        let outcome = match access {
            Access::Replace => file.persist(path),
            Access::Secret | Access::New => file.persist_noclobber(path),
        };
        match outcome {
            Ok(_) => sync(directory(path)),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(taken(path, access)),
            Err(error) => Err(error.error).with_context(|| path.display().to_string()),
        }
    }
}

/// Whether others than its owner may read the file.
pub(crate) fn is_open_to_others(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

fn taken(path: &Path, access: Access) -> anyhow::Error {
    let advice = if access == Access::Secret {
        "what is secret is never overwritten"
    } else {
        "use --force to replace it"
    };
    anyhow!("{} exists: {advice}", path.display())
}

/// Where a file is.
pub(crate) fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the name itself durable.
pub(crate) fn sync(directory: &Path) -> Result<()> {
    #[cfg(unix)]
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .with_context(|| directory.display().to_string())?;
    #[cfg(not(unix))]
    let _ = directory;
    Ok(())
}
