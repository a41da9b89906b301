//! The attack table: each kind at each receiver.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::attack::Kind;
use super::super::ledger::Attempts;

/// A line of the attack table.
#[derive(Debug, Serialize)]
pub(in super::super) struct Line {
    pub(in super::super) attack: &'static str,
    pub(in super::super) at: &'static str,
    pub(in super::super) attempts: usize,
    pub(in super::super) refused: usize,
    #[serde(rename = "as")]
    pub(in super::super) error: &'static str,
    pub(in super::super) otherwise: BTreeMap<&'static str, usize>,
    pub(in super::super) passed: usize,
}

/// Kinds that were never tried: the run proves nothing of them.
pub(super) fn untried(lines: &[Attempts]) -> Vec<String> {
    let tried = |kind: &Kind| lines.iter().any(|line| line.kind == *kind && line.sent > 0);
    Kind::ALL
        .iter()
        .filter(|kind| !tried(kind))
        .map(|kind| format!("never tried: {}", kind.words()))
        .collect()
}

impl Line {
    /// What is wrong with it, in words.
    pub(super) fn fault(&self) -> Option<String> {
        let Self { attack, at, attempts, refused, error, .. } = self;
        if self.passed > 0 {
            Some(format!("an attack passed at the {at}: {attack}, {} times", self.passed))
        } else if refused != attempts || !self.otherwise.is_empty() {
            let otherwise = &self.otherwise;
            Some(format!(
                "{attack} ({at}): {refused} of {attempts} refused as {error}, others as {otherwise:?}"
            ))
        } else {
            None
        }
    }
}

impl From<Attempts> for Line {
    fn from(attempts: Attempts) -> Self {
        Self {
            attack: attempts.kind.words(),
            at: attempts.at.name(),
            attempts: attempts.sent,
            refused: attempts.refused,
            error: attempts.kind.error().name(),
            otherwise: attempts.otherwise.iter().map(|(error, times)| (error.name(), *times)).collect(),
            passed: attempts.passed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::attack::Role;
    use super::*;

    #[test]
    fn an_attack_that_passes_or_gets_another_error_is_a_fault() {
        let line = |refused, passed, otherwise: &[(zegel::Error, usize)]| {
            Line::from(Attempts {
                kind: Kind::FlipText,
                at: Role::Pgo,
                sent: 2,
                refused,
                otherwise: otherwise.iter().copied().collect(),
                passed,
            })
        };
        assert_eq!(line(2, 0, &[]).fault(), None);
        assert!(line(1, 1, &[]).fault().unwrap().starts_with("an attack passed at the PGO"));
        assert!(line(1, 0, &[]).fault().is_some(), "one that was never received");
        assert!(line(1, 0, &[(zegel::Error::Malformed, 1)]).fault().is_some());
    }

    #[test]
    fn a_kind_that_was_never_tried_is_a_fault() {
        assert_eq!(untried(&[]).len(), Kind::ALL.len());
    }
}
