//! A step that is refused hands its state back as it was: what was refused changed nothing, and the message after
//! it may be the genuine one (SPEC §12.4).

use core::fmt;

use crate::error::Error;

/// Why a step that consumes its state was refused, and that state, unchanged.
///
/// To go on with `state` is to stay deaf to a broker that invents messages. With `?` it becomes its error, and the
/// state is dropped.
#[must_use = "the state is in here"]
pub struct Refused<S> {
    /// The state as it was before the step.
    pub state: S,
    /// Why the step was refused.
    pub error: Error,
}

impl<S> From<Refused<S>> for Error {
    fn from(refused: Refused<S>) -> Self {
        refused.error
    }
}

/// Shows the error alone: a state may hold what no log should.
impl<S> fmt::Debug for Refused<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refused({:?}, ..)", self.error)
    }
}

impl<S> fmt::Display for Refused<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<S> core::error::Error for Refused<S> {}

#[cfg(test)]
mod tests {
    use super::*;

    struct Silent;

    #[test]
    fn only_the_error_is_shown() {
        let refused = || Refused { state: Silent, error: Error::Rejected };
        assert_eq!(std::format!("{:?}", refused()), "Refused(Rejected, ..)");
        assert_eq!(std::format!("{}", refused()), "Rejected (3)");
        let step = || -> Result<(), Error> { Err(refused())? };
        assert_eq!(step(), Err(Error::Rejected));
    }
}
