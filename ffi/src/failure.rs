//! Why a call was refused: by the crate, or for a mistake that only C can make.

use core::ffi::c_int;

use zegel::Error;

/// Why a call did nothing, or not all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// One of SPEC §14: what the crate says.
    Refused(Error),
    /// A pointer that is NULL, misaligned or overlaps another, or a length that cannot be.
    Argument,
    /// A context that is not one: never initialised, finished, moved, of another kind, or in the wrong state.
    Context,
    /// A context that another call is working with.
    Busy,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl Failure {
    /// The number that C gets.
    pub(crate) const fn code(self) -> c_int {
        match self {
            Self::Refused(error) => small(error.code()),
            Self::Argument => -1,
            Self::Context => -2,
            Self::Busy => -3,
        }
    }
}

#[expect(clippy::as_conversions, reason = "a number below 256 has no other spelling in a const fn")]
const fn small(code: u8) -> c_int {
    code as c_int
}
