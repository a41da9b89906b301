//! Why a call was refused: by the crate, or for a mistake that only C can make.

use core::ffi::c_int;
use core::num::NonZero;

use zegel::Error;

/// Why a call did nothing, or not all: the number that C gets, which is never 0, so that an outcome is one register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure(NonZero<c_int>);

impl Failure {
    /// A pointer that is NULL, misaligned or overlaps another, or a length that cannot be.
    pub(crate) const ARGUMENT: Self = Self::numbered(-1);
    /// A context that is not one: never initialised, finished, moved, of another kind, or in the wrong state.
    pub(crate) const CONTEXT: Self = Self::numbered(-2);
    /// A context that another call is working with.
    pub(crate) const BUSY: Self = Self::numbered(-3);

    /// The number that C gets.
    pub(crate) const fn code(self) -> c_int {
        self.0.get()
    }

    /// Whether it is one of SPEC §14: what the crate says.
    pub(crate) const fn is_refusal(self) -> bool {
        self.code() > 0
    }

    /// No failure has the number 0, with which C would take it for none.
    const fn numbered(code: c_int) -> Self {
        match NonZero::new(code) {
            Some(code) => Self(code),
            None => Self(NonZero::<c_int>::MIN),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::numbered(error.code().into())
    }
}
