//! A store's file: made whole or not at all, looked at before it is touched, never repaired behind your back.
//!
//! [`create`] builds the file beside its place and then gives it its name; [`open`] checks the whole of it
//! with every write held back, so that a file which is refused is the same file afterwards.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use redb::backends::FileBackend;
use redb::{Builder, Database, ReadableDatabase as _, StorageBackend};

use crate::base::durable;
use crate::error::{StoreError, from_redb};
use crate::schema;
use crate::stage::Stage;

/// Makes a new, empty store at `path`, readable by its owner alone.
pub(crate) fn create(path: &Path) -> Result<(), StoreError> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(StoreError::AlreadyExists);
    }
    let (draft, file) = draft(path)?;
    let made = fill(file).and_then(|()| name(&draft, path));
    let cleaned = fs::remove_file(&draft);
    made?;
    match cleaned {
        Ok(()) => {}
        // `name` moved it where the file system knows no hard links.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    sync_directory(path)
}

/// Opens the store at `path`, after every page of it has been checked and its marks have been recognised. One of an
/// older schema is brought up to this one.
pub(crate) fn open(path: &Path) -> Result<(Database, Stage<FileBackend>), StoreError> {
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(StoreError::NotAStore("a directory"));
    }
    if !metadata.is_file() {
        return Err(StoreError::NotAStore("not a regular file"));
    }
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    if metadata.len() == 0 {
        return Err(StoreError::NotAStore("an empty file"));
    }
    let mut magic = [0; MAGIC.len()];
    match file.read_exact(&mut magic) {
        Ok(()) if magic == MAGIC => {}
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error.into()),
        _ => return Err(StoreError::NotAStore("a file of another kind")),
    }
    open_disk(FileBackend::new(file).map_err(from_redb)?)
}

/// The same, on any disk.
pub(crate) fn open_disk<D: StorageBackend>(disk: D) -> Result<(Database, Stage<D>), StoreError> {
    let stage = Stage::hold(disk);
    let database =
        settings().set_check_integrity_on_open(true).create_with_backend(stage.clone()).map_err(from_redb)?;
    let found = schema::recognise(&database.begin_read().map_err(from_redb)?)?;
    stage.release()?;
    if found < schema::SCHEMA {
        // All in one step: whenever the power goes, the file has one schema or the other.
        let transaction = durable(&database)?;
        schema::create(&transaction)?;
        transaction.commit().map_err(from_redb)?;
    }
    Ok((database, stage))
}

/// Lays out an empty store on an empty disk.
pub(crate) fn lay_out<D: StorageBackend>(disk: D) -> Result<(), StoreError> {
    let database = settings().create_with_backend(disk).map_err(from_redb)?;
    let transaction = durable(&database)?;
    schema::create(&transaction)?;
    transaction.commit().map_err(from_redb)?;
    database.close().map_err(from_redb)
}

fn settings() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE);
    builder
}

/// A new file beside `path`, with a name that nobody else uses.
fn draft(path: &Path) -> Result<(PathBuf, File), StoreError> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = path.file_name().ok_or(StoreError::NotAStore("a path without a file name"))?;
    loop {
        let mut draft = name.to_os_string();
        draft.push(format!(".{}-{}.new", process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
        let draft = path.with_file_name(draft);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&draft) {
            Ok(file) => return Ok((draft, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn fill(file: File) -> Result<(), StoreError> {
    let synced = file.try_clone()?;
    lay_out(FileBackend::new(file).map_err(from_redb)?)?;
    Ok(synced.sync_all()?)
}

/// Gives the finished draft its place, and takes that place from nobody.
fn name(draft: &Path, path: &Path) -> Result<(), StoreError> {
    match fs::hard_link(draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(StoreError::AlreadyExists),
        Ok(()) => Ok(()),
        // No hard links here (Android, FAT). The name is claimed with an empty file, which `open` refuses
        // as such if the power goes in this very moment, and the draft replaces that claim.
        Err(_) => {
            OpenOptions::new().write(true).create_new(true).open(path)?;
            fs::rename(draft, path).map_err(|error| {
                // The claim is ours and empty. If even that stays, `open` says what it is.
                let _ = fs::remove_file(path);
                error.into()
            })
        }
    }
}

/// Makes the new name durable. Only unix can sync a directory; elsewhere the file system's journal has it.
fn sync_directory(path: &Path) -> Result<(), StoreError> {
    if cfg!(unix) {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// How every redb file starts (redb design, "Database header").
const MAGIC: [u8; 9] = *b"redb\x1A\x0A\xA9\x0D\x0A";
/// Memory for pages, in bytes: a store of a phone must not take the gibibyte that redb would.
const CACHE: usize = 16 << 20;
