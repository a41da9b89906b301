//! What a receiver keeps of a keyframe: enough to derive the keys again, and no secret (SPEC §10.2).

use crate::bytes::joined;
use crate::error::{Error, Result};
use crate::key::id::{Id, Kid};
use crate::session::keys::SessionId;
use crate::session::limits::SessionLimits;

/// One session, as its receiver knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    pub(crate) id: SessionId,
    pub(crate) sender: Id,
    /// Whom it was made for.
    pub(crate) recipient: Id,
    /// The keyframe's number.
    pub(crate) sequence: u64,
    /// The keyframe's time.
    pub(crate) time: Option<u64>,
    pub(crate) limits: SessionLimits,
    /// The KEM key that the keyframe was sealed to, and what was sent with it.
    pub(crate) kem: Kid,
    pub(crate) ek: [u8; 32],
}

impl SessionRecord {
    /// Names the session on the wire.
    pub const fn id(&self) -> SessionId {
        self.id
    }

    /// Who sends in it.
    pub const fn sender(&self) -> &Id {
        &self.sender
    }

    /// Whom it was made for: nobody else opens it, whatever keys they hold.
    pub const fn recipient(&self) -> &Id {
        &self.recipient
    }

    /// The keyframe's number: those of the session follow it.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The KEM key from which the keys derive: with it goes the session.
    pub const fn kem_kid(&self) -> Kid {
        self.kem
    }

    /// The same with nothing left from which its keys derive: what comes in it is `NotForMe` from then on.
    #[must_use]
    pub const fn without_key(&self) -> Self {
        Self { kem: Kid([0; 8]), ek: [0; 32], ..*self }
    }

    /// How many bytes [`SessionRecord::to_bytes`] gives.
    pub const BYTES: usize = 8 + 32 + 32 + 8 + 8 + 3 * 8 + 8 + 32;

    /// All of it, for a store.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let numbers = [
            self.sequence,
            self.time.unwrap_or(NO_TIME),
            self.limits.block,
            self.limits.messages,
            self.limits.seconds,
        ];
        let numbers = numbers.map(u64::to_be_bytes);
        let (id, sender, recipient) = (&self.id.0, &self.sender.0, &self.recipient.0);
        joined(&[id, sender, recipient, numbers.as_flattened(), &self.kem.0, &self.ek])
    }

    /// What [`SessionRecord::to_bytes`] gave; [`Error::Storage`] when it is not.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Result<Self> {
        let mut rest = bytes.as_slice();
        let id = SessionId(take(&mut rest)?);
        let (sender, recipient) = (Id(take(&mut rest)?), Id(take(&mut rest)?));
        let mut number = || take(&mut rest).map(u64::from_be_bytes);
        let (sequence, time) = (number()?, number()?);
        let limits = SessionLimits { block: number()?, messages: number()?, seconds: number()? };
        limits.check().map_err(|_| Error::Storage)?;
        let (kem, ek) = (Kid(take(&mut rest)?), take(&mut rest)?);
        Ok(Self { id, sender, recipient, sequence, time: (time != NO_TIME).then_some(time), limits, kem, ek })
    }

    /// Whether `sequence` is a number of this session.
    pub(crate) const fn holds(&self, sequence: u64) -> bool {
        sequence > self.sequence && sequence.saturating_sub(self.sequence) <= self.limits.messages
    }

    /// Whether the sender still used the session at `time`.
    pub(crate) fn in_use_at(&self, time: Option<u64>) -> bool {
        match (self.time, time) {
            (Some(start), Some(time)) => time <= start.saturating_add(self.limits.seconds),
            _ => true,
        }
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N]> {
    let (taken, after) = rest.split_first_chunk().ok_or(Error::Storage)?;
    *rest = after;
    Ok(*taken)
}

/// Larger than any time that a statement can hold.
const NO_TIME: u64 = u64::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_as_it_was() {
        for time in [None, Some(0), Some(1_764_000_000)] {
            let record = SessionRecord {
                id: SessionId([1; 8]),
                sender: Id([2; 32]),
                recipient: Id([5; 32]),
                sequence: 70_000,
                time,
                limits: SessionLimits::default(),
                kem: Kid([3; 8]),
                ek: [4; 32],
            };
            assert_eq!(SessionRecord::from_bytes(&record.to_bytes()), Ok(record));
            assert!(!record.holds(70_000) && record.holds(70_001));
            assert!(record.holds(70_000 + 65_536) && !record.holds(70_000 + 65_537));
        }
        assert_eq!(SessionRecord::from_bytes(&[0; SessionRecord::BYTES]), Err(Error::Storage));
    }
}
