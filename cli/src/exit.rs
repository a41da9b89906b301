//! What a script sees of an error: one line on standard error, and a number that tells its class (SPEC §14).
//!
//! The number is 10 more than that of [`zegel::Error`], in this one place.

use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;

use zegel::Error;
use zegel_store::StoreError;

/// A file, a network or a terminal that did not do its part.
pub(crate) const FAILED: u8 = 1;

/// The exit code of one of the core's errors.
pub(crate) const fn code(error: Error) -> u8 {
    error.code().saturating_add(OFFSET)
}

/// Says `error` in one line, with what to do next, and gives the exit code that belongs to it.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    // Whoever read our output went away, as `zegel open … | head -c 10` does: nothing to say about that.
    let pipe = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    if error.chain().filter_map(|cause| cause.downcast_ref()).any(pipe) {
        return ExitCode::from(FAILED);
    }
    let known = known(error);
    let mut line = format!("{error:#}");
    if let Some(advice) = known.map(advice).filter(|advice| !advice.is_empty()) {
        let _ = write!(line, ": {advice}");
    }
    // Text of others may stand in an error, a label for example; it must not draw on the terminal.
    let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    eprintln!("zegel: {line}");
    ExitCode::from(known.map_or(FAILED, code))
}

/// Says that keys are in the wrong hands, or that somebody tries: in a line that is not to be overlooked.
pub(crate) fn alarm(error: Error, about: &str) {
    let line: String = about.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    eprintln!("zegel: ALARM: {error}: {line}: {}", advice(error));
}

/// Whether a run that saw this ends with its exit code. Anybody can send an older card again, and shall not be
/// able to make every run fail; the other two take somebody's key.
pub(crate) const fn is_lasting(error: Error) -> bool {
    matches!(error, Error::Conflict | Error::Equivocation)
}

/// Says at the end of a run that it saw an alarm, and gives the exit code of it.
pub(crate) fn last_word(error: Error) -> ExitCode {
    eprintln!("zegel: ALARM: {error} was seen in this run: look above");
    ExitCode::from(code(error))
}

/// The core's error in a chain of errors.
pub(crate) fn known(error: &anyhow::Error) -> Option<Error> {
    error.chain().find_map(|cause| match cause.downcast_ref::<StoreError>() {
        Some(StoreError::Refused(error)) => Some(*error),
        Some(_) => Some(Error::Storage),
        None => cause.downcast_ref::<Error>().copied(),
    })
}

/// The list for `zegel --help`.
pub(crate) fn list() -> String {
    let mut list = String::from(
        "Exit codes:\n   0  done\n   1  a file, the network or the terminal failed\n   2  wrong usage\n",
    );
    for error in Error::ALL {
        let _ = writeln!(list, "  {:2}  {:<15} {}", code(error), error.name(), advice(error));
    }
    list
}

/// What an error means to somebody at a shell, and what to do next.
const fn advice(error: Error) -> &'static str {
    match error {
        Error::Malformed => "these bytes are no such object; `zegel inspect` shows where they stop being one",
        Error::NotForMe => "sealed to another key: `zegel inspect` shows which",
        Error::Rejected => {
            "changed on the way, another topic, or not meant for this key; nothing was accepted"
        }
        Error::UnknownSender => "compare the sender's fingerprint, then `zegel trust add` their card",
        Error::Revoked => "the key was withdrawn or revoked; pair with a new one",
        Error::Expired => "ask its owner for a newer card, or a new code",
        Error::NotYetValid => "check the clock, or wait until the card begins",
        Error::Duplicate => "taken before, and not taken again: no harm done",
        Error::TooOld => "from before what is remembered: nobody can tell whether it was taken",
        Error::Conflict => "another message was taken under this number: a cloned key or a restored backup",
        Error::Rollback => "a newer one is known already",
        Error::Equivocation => "two cards claim one place: ask their owner, and trust neither before",
        Error::WeakKey => "a low-order, default or published key: make a new one with `zegel keygen`",
        Error::InvalidTopic => "1 to 255 bytes of text without '#', '+' or control characters",
        Error::TooLarge => "beyond the limits of SPEC.md, section 3.3",
        Error::BufferTooSmall => "a buffer was too small",
        Error::Entropy => "the operating system gave no random numbers; nothing was made",
        Error::Storage => "the state could not be read or written; nothing was accepted",
        Error::Exhausted => "no number is left between these two; make a new key",
        Error::KeyUnavailable => "the key's holder gave no valid answer",
        Error::Full => "a store of fixed size has no room",
        Error::Reserved => "this content format is Zegel's own; take another",
        Error::NothingAllowed => "the policy lets nothing of it leave",
        Error::UnknownSession => "its keyframe has not come, or it was for another",
        Error::SessionOver => "begin a new session",
        Error::ManifestDue => "the block is full: its manifest comes first",
        Error::Stale => "measured longer ago than is taken here",
        Error::Ahead => "measured later than it is here: check both clocks",
        Error::Jump => "its number is further ahead than is taken here",
        Error::CodeUsed => "somebody else has this code: compare the fingerprint, and show a new one",
        _ => "",
    }
}

/// Codes 1 and 2 are taken by custom, and those from 126 on by shells.
const OFFSET: u8 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_code_of_its_own_and_advice() {
        for error in Error::ALL {
            assert!((11..=125).contains(&code(error)) && !advice(error).is_empty(), "{error}");
        }
        assert_eq!(code(Error::Malformed), 11);
        assert_eq!(code(Error::Duplicate), 18);
    }

    #[test]
    fn an_error_is_known_below_its_context() {
        let error = anyhow::Error::from(Error::Revoked).context("pgo.card");
        assert_eq!(known(&error), Some(Error::Revoked));
        assert_eq!(known(&StoreError::Locked.into()), Some(Error::Storage));
        assert_eq!(known(&anyhow::anyhow!("no")), None);
    }
}
