//! What can go wrong between a file and the state in it, told apart so that a program can act on it.
//!
//! The core's [`zegel::Error`] carries no words; this error carries them all, and never a secret (SPEC §14).

use std::fmt;
use std::io;

/// Why the store refused, or could not do, what was asked.
///
/// Whatever the reason, a file that could not be opened is left as it was, byte for byte.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no file at this path.
    NotFound,
    /// Something is at this path already; [`create`](crate::Store::create) never replaces it.
    AlreadyExists,
    /// What is at this path is not a store of this crate: the reason says what it is instead.
    NotAStore(&'static str),
    /// The store was written by a newer version of this crate.
    Newer {
        /// The schema that the file has.
        found: u64,
        /// The newest schema that this version knows.
        supported: u64,
    },
    /// Another process, or another [`Store`](crate::Store) in this one, has the file open.
    Locked,
    /// This thread holds a transaction of this store, and would wait for itself for ever.
    Busy,
    /// The file is damaged: it was cut short, or bytes in it changed. Nothing was repaired.
    Corrupt(String),
    /// The operating system refused.
    Io(io::Error),
    /// The rules refused: an older card, another key under the same name, a weak key.
    Refused(zegel::Error),
    /// An operation of this transaction failed before, so that it cannot be committed any more.
    Aborted,
    /// The key is gone from the state, but its bytes still stand somewhere in the file.
    Remains,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("there is no store at this path"),
            Self::AlreadyExists => f.write_str("something exists at this path, and is left as it is"),
            Self::NotAStore(what) => write!(f, "not a store of zegel: {what}"),
            Self::Newer { found, supported } => {
                write!(f, "the store has schema {found}, and this version knows up to {supported}")
            }
            Self::Locked => f.write_str("the store is open elsewhere"),
            Self::Busy => f.write_str("this thread already holds a transaction of this store"),
            Self::Corrupt(detail) => write!(f, "the store is damaged and was left as it is: {detail}"),
            Self::Io(error) => write!(f, "the store could not be read or written: {error}"),
            Self::Refused(error) => write!(f, "refused: {error}"),
            Self::Aborted => f.write_str("an operation of this transaction failed before"),
            Self::Remains => f.write_str("the key is deleted, but its bytes still stand in the file"),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Refused(error) => Some(error),
            _ => None,
        }
    }
}

impl From<zegel::Error> for StoreError {
    fn from(error: zegel::Error) -> Self {
        Self::Refused(error)
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound,
            io::ErrorKind::AlreadyExists => Self::AlreadyExists,
            _ => Self::Io(error),
        }
    }
}

/// The core's view: what the rules refused keeps its number, all else is [`zegel::Error::Storage`].
impl From<StoreError> for zegel::Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(error) => error,
            _ => Self::Storage,
        }
    }
}

/// Translates any of redb's errors. A function and no `From`, so that redb stays out of the public API.
pub(crate) fn from_redb(error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => StoreError::Locked,
        redb::Error::UpgradeRequired(_) => StoreError::NotAStore("a redb file of an older format"),
        redb::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            StoreError::Corrupt("it ends too early".into())
        }
        redb::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            StoreError::Corrupt(error.to_string())
        }
        redb::Error::Io(error) => StoreError::Io(error),
        error @ (redb::Error::Corrupted(_)
        | redb::Error::TableTypeMismatch { .. }
        | redb::Error::TypeDefinitionChanged { .. }
        | redb::Error::TableDoesNotExist(_)
        | redb::Error::TableIsMultimap(_)) => StoreError::Corrupt(error.to_string()),
        error => StoreError::Io(io::Error::other(error)),
    }
}
