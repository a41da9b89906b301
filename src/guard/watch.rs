//! Security events: verdicts that somebody has to see, kept until somebody has (SPEC §7.6).

use crate::error::Result;
use crate::guard::stream::Stream;
use crate::key::id::Id;

/// Something that a person has to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Two statements under one number, or a manifest that contradicts its messages: a cloned key, or a restored backup.
    Conflict {
        /// Whose numbers, and for whom.
        stream: Stream,
        /// The number.
        sequence: u64,
    },
    /// Two cards, two identities or two sessions claim one place.
    Equivocation {
        /// Who is behind the second one.
        id: Id,
    },
    /// A newer card of a pinned identity brought other KEM keys.
    KeyChanged {
        /// Whose card.
        id: Id,
        /// The newer card's serial.
        serial: u64,
    },
}

/// Takes security events. There is no default that forgets them: who receives decides where they are seen.
pub trait Watch {
    /// Takes an event, durably where the rest of the state is.
    ///
    /// # Errors
    /// [`Error::Storage`](crate::error::Error::Storage).
    fn notice(&mut self, event: &Event) -> Result<()>;
}

impl<W: Watch + ?Sized> Watch for &mut W {
    fn notice(&mut self, event: &Event) -> Result<()> {
        (**self).notice(event)
    }
}

/// Events in fixed memory: the first `N` that nobody has taken yet, and how many there were.
#[must_use = "events are there to be looked at"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventLog<const N: usize = 8> {
    events: [Option<Event>; N],
    count: u64,
}

impl<const N: usize> EventLog<N> {
    /// Nothing has happened.
    pub const fn new() -> Self {
        Self { events: [None; N], count: 0 }
    }

    /// How many events there were since the last [`EventLog::take`], those without room included.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Takes the events out, the first ones first.
    #[must_use = "events are there to be looked at"]
    pub fn take(&mut self) -> [Option<Event>; N] {
        self.count = 0;
        core::mem::replace(&mut self.events, [None; N])
    }
}

impl<const N: usize> Default for EventLog<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Watch for EventLog<N> {
    fn notice(&mut self, event: &Event) -> Result<()> {
        self.count = self.count.saturating_add(1);
        // The same again takes no room from another.
        if self.events.contains(&Some(*event)) {
            return Ok(());
        }
        if let Some(place) = self.events.iter_mut().find(|place| place.is_none()) {
            *place = Some(*event);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_wait_until_they_are_taken() {
        let mut log = EventLog::<2>::new();
        let event = |serial| Event::KeyChanged { id: Id([1; 32]), serial };
        for serial in 0..3 {
            log.notice(&event(serial)).unwrap();
        }
        assert_eq!((log.count(), log.take()), (3, [Some(event(0)), Some(event(1))]));
        assert_eq!((log.count(), log.take()), (0, [None, None]));
    }
}
