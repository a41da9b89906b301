//! A key file that changes: held by one process, replaced whole or not at all, and the old one overwritten.
//!
//! A crash at any point leaves the old keys or the new ones under the file's name. What it leaves beside it,
//! `.NAME.new` and `.NAME.old`, is overwritten and removed the next time the file is changed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::file;
use crate::keyfile::KeyFile;

/// A key file that no other zegel changes meanwhile.
pub(crate) struct Held {
    path: PathBuf,
    file: File,
}

impl Held {
    /// Reads a key file that is to be changed.
    pub(crate) fn open(path: &Path) -> Result<(Self, KeyFile)> {
        let name = || format!("key file {}", path.display());
        if path.as_os_str() == "-" {
            bail!("standard input cannot be changed: name the key file");
        }
        // Through a symbolic link, or the link would be replaced and the keys stay behind it.
        let path = path.canonicalize().with_context(name)?;
        let file = OpenOptions::new().read(true).write(true).open(&path).with_context(name)?;
        match file.try_lock() {
            Ok(()) if is(&file, &path) => {}
            Ok(()) | Err(TryLockError::WouldBlock) => bail!("{}: another zegel is changing it", name()),
            Err(TryLockError::Error(error)) => return Err(error).with_context(name),
        }
        let held = Self { path, file };
        held.clear().with_context(name)?;
        held.is_alone()?;
        let keys = KeyFile::read(&held.path)?;
        Ok((held, keys))
    }

    /// Puts these keys in the place of the old ones. They are on the disk when this returns, and also when it
    /// fails there is a whole key file under the name.
    pub(crate) fn replace(&mut self, keys: &KeyFile) -> Result<()> {
        let name = || format!("key file {}", self.path.display());
        let text = keys.text()?;
        let draft = self.beside("new");
        let mut file = new(&draft).with_context(name)?;
        // The lock goes on without a gap: it is on the file, and not on the name.
        let written = file.try_lock().map_err(io::Error::from).and_then(|()| file.write_all(&text));
        if let Err(error) = written.and_then(|()| file.sync_all()) {
            let _ = remove(&draft);
            return Err(error).with_context(name);
        }
        // Where there are no hard links, a crash right after the renaming leaves the old bytes on the disk.
        let _ = fs::hard_link(&self.path, self.beside("old"));
        fs::rename(&draft, &self.path).with_context(name)?;
        file::sync(file::directory(&self.path))?;
        let old = std::mem::replace(&mut self.file, file);
        wipe(&old)
            .and_then(|()| self.clear())
            .with_context(|| format!("{}: changed, but the file before it could not be overwritten", name()))
    }

    /// Overwrites and removes the whole file.
    pub(crate) fn erase(self) -> Result<()> {
        let name = || format!("key file {}", self.path.display());
        wipe(&self.file).with_context(name)?;
        fs::remove_file(&self.path).with_context(name)?;
        file::sync(file::directory(&self.path))
    }

    /// Removes what an earlier run left beside the file.
    fn clear(&self) -> io::Result<()> {
        for rest in [self.beside("new"), self.beside("old")] {
            if rest.symlink_metadata().is_err() {
                continue;
            }
            // Before the renaming the old name is one more name of the file itself.
            if is(&self.file, &rest) { fs::remove_file(&rest) } else { remove(&rest) }?;
        }
        Ok(())
    }

    /// A second name would keep what is erased under the first, or lose what is not.
    fn is_alone(&self) -> Result<()> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            if self.file.metadata()?.nlink() > 1 {
                bail!("key file {} has a second name (a hard link): remove it first", self.path.display());
            }
        }
        Ok(())
    }

    fn beside(&self, what: &str) -> PathBuf {
        let mut name = std::ffi::OsString::from(".");
        name.push(self.path.file_name().unwrap_or_default());
        name.push(format!(".{what}"));
        self.path.with_file_name(name)
    }
}

/// A new file that only its owner can read.
fn new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Overwrites a file and removes it.
fn remove(path: &Path) -> io::Result<()> {
    wipe(&OpenOptions::new().write(true).open(path)?)?;
    fs::remove_file(path)
}

/// Zeros over every byte, on the disk. What the file system or the flash keeps elsewhere is out of reach.
fn wipe(mut file: &File) -> io::Result<()> {
    let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    file.rewind()?;
    file.write_all(&vec![0; length])?;
    file.sync_all()
}

/// Whether the file is the one that has this name.
fn is(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let same = |a: fs::Metadata, b: fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
        file.metadata().ok().zip(path.symlink_metadata().ok()).is_some_and(|(a, b)| same(a, b))
    }
    #[cfg(not(unix))]
    {
        let _ = (file, path);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_file() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        file::write(&path, &KeyFile::generate(1).unwrap().text().unwrap(), file::Access::Secret).unwrap();
        (folder, path)
    }

    #[test]
    fn the_old_file_is_overwritten_and_nothing_stays_beside() {
        let (folder, path) = key_file();
        let mut before = File::open(&path).unwrap();
        let (mut held, keys) = Held::open(&path).unwrap();
        held.replace(&keys.draw().unwrap()).unwrap();
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut before, &mut bytes).unwrap();
        assert!(bytes.len() > 100 && bytes.iter().all(|byte| *byte == 0));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(KeyFile::read(&path).unwrap().kem.len(), 2);
    }

    #[test]
    fn two_never_change_it_at_once() {
        let (_folder, path) = key_file();
        let (mut held, keys) = Held::open(&path).unwrap();
        assert!(Held::open(&path).is_err());
        held.replace(&keys).unwrap();
        assert!(Held::open(&path).is_err(), "also after it was replaced");
        drop(held);
        assert!(Held::open(&path).is_ok());
        fs::hard_link(&path, path.with_extension("copy")).unwrap();
        assert!(Held::open(&path).is_err(), "a second name would keep what is erased");
    }

    #[test]
    fn what_a_crash_left_is_removed_and_the_keys_stay() {
        let (folder, path) = key_file();
        let id = KeyFile::read(&path).unwrap().identity.id();
        // Killed while the draft was written, and killed just before the renaming.
        fs::write(folder.path().join(".a.key.new"), "half a key").unwrap();
        fs::hard_link(&path, folder.path().join(".a.key.old")).unwrap();
        assert_eq!(Held::open(&path).unwrap().1.identity.id(), id);
        // Killed just after it.
        fs::write(folder.path().join(".a.key.old"), "an old key").unwrap();
        let old = File::open(folder.path().join(".a.key.old")).unwrap();
        assert_eq!(Held::open(&path).unwrap().1.identity.id(), id);
        assert_eq!(io::read_to_string(old).unwrap(), "\0".repeat(10));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
