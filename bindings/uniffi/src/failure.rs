//! One error for every call: a number of SPEC §14, or a negative one for a mistake in the call, as in C.

use zegel::Error;
use zegel_store::StoreError;

/// Why a call was refused. It holds no words, and nothing that was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Error)]
pub enum Failure {
    /// The one shape of it.
    Refused {
        /// 1 to 30 as in SPEC §14; [`Failure::BAD_ARGUMENT`] and its like below zero.
        number: i8,
        /// What lay behind a `Storage` (18) of the store in a file.
        trouble: Option<Trouble>,
    },
}

/// What is the matter with a store in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Trouble {
    /// There is no file at this path.
    NotFound,
    /// Something is at this path already.
    AlreadyExists,
    /// What is at this path is something else.
    NotAStore,
    /// A newer version wrote it.
    Newer,
    /// It is open elsewhere.
    Locked,
    /// This thread is in the middle of a call to this store.
    Busy,
    /// It is damaged, and was left as it is.
    Corrupt,
    /// The operating system refused.
    Io,
    /// Something before it failed in the same transaction.
    Aborted,
    /// The key is gone, but its bytes still stand in the file.
    Remains,
}

/// A number and its name, so that a face can be held against the one table.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ErrorName {
    /// The number of SPEC §14.
    pub number: i8,
    /// The name that SPEC §14 and the test vectors use.
    pub name: String,
}

impl Failure {
    /// A length or an option that cannot be.
    pub const BAD_ARGUMENT: Self = Self::numbered(-1);
    /// An object that has served, or is not in the state for this call.
    pub const BAD_CONTEXT: Self = Self::numbered(-2);
    /// An object that this thread is in the middle of a call to.
    pub const BUSY: Self = Self::numbered(-3);
    /// The application's own code failed in a way that it does not declare.
    pub const CALLBACK: Self = Self::numbered(-4);

    const fn numbered(number: i8) -> Self {
        Self::Refused { number, trouble: None }
    }

    /// The core's error of this number; `otherwise` when it is none.
    pub(crate) fn core(self, otherwise: Error) -> Error {
        self.among(&Error::ALL, otherwise)
    }

    /// Which of the reasons that it may have the application's own code has given; `otherwise` when it is none of them.
    /// What it met elsewhere, a duplicate perhaps, would else be taken for a verdict on the message.
    pub(crate) fn among(self, reasons: &[Error], otherwise: Error) -> Error {
        let Self::Refused { number, .. } = self;
        let same = |error: &&Error| i8::try_from(error.code()) == Ok(number);
        reasons.iter().find(same).copied().unwrap_or(otherwise)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self::Refused { number, .. } = self;
        write!(f, "{number}")
    }
}

impl std::error::Error for Failure {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        i8::try_from(error.code()).map_or(Self::BAD_CONTEXT, Self::numbered)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let trouble = match error {
            StoreError::Refused(error) => return error.into(),
            StoreError::NotFound => Trouble::NotFound,
            StoreError::AlreadyExists => Trouble::AlreadyExists,
            StoreError::NotAStore(_) => Trouble::NotAStore,
            StoreError::Newer { .. } => Trouble::Newer,
            StoreError::Locked => Trouble::Locked,
            StoreError::Busy => Trouble::Busy,
            StoreError::Corrupt(_) => Trouble::Corrupt,
            StoreError::Aborted => Trouble::Aborted,
            StoreError::Remains => Trouble::Remains,
            _ => Trouble::Io,
        };
        let Self::Refused { number, .. } = Error::Storage.into();
        Self::Refused { number, trouble: Some(trouble) }
    }
}

/// What the application threw has words that may be anybody's: they stay on its side.
impl From<uniffi::UnexpectedUniFFICallbackError> for Failure {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::CALLBACK
    }
}

/// All errors of SPEC §14, in the order of their numbers.
#[uniffi::export]
fn errors() -> Vec<ErrorName> {
    let name = |error: Error| {
        let Failure::Refused { number, .. } = error.into();
        ErrorName { number, name: error.name().into() }
    };
    Error::ALL.into_iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_there_and_back() {
        for (error, listed) in Error::ALL.into_iter().zip(errors()) {
            assert_eq!(Failure::from(error), Failure::numbered(listed.number));
            assert_eq!(Failure::from(error).core(Error::Storage), error);
        }
        assert_eq!(Failure::CALLBACK.core(Error::KeyUnavailable), Error::KeyUnavailable);
        let duplicate = Failure::from(Error::Duplicate);
        assert_eq!(duplicate.among(&[Error::Full], Error::Storage), Error::Storage);
    }

    #[test]
    fn a_store_says_what_the_matter_is_and_no_words() {
        let corrupt = StoreError::Corrupt("the card of somebody".into());
        assert_eq!(Failure::from(corrupt), Failure::Refused { number: 18, trouble: Some(Trouble::Corrupt) });
        assert_eq!(Failure::from(StoreError::Refused(Error::Rollback)), Error::Rollback.into());
    }
}
