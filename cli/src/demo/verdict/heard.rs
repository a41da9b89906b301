//! What the eavesdropper got.

use serde::Serialize;

use super::super::eavesdropper::Overheard;

/// What the eavesdropper got.
#[derive(Debug, Serialize)]
pub(in super::super) struct Heard {
    pub(in super::super) messages: usize,
    pub(in super::super) bytes: usize,
    pub(in super::super) readable: usize,
    pub(in super::super) bits_per_byte: f64,
    #[serde(skip)]
    pub(in super::super) lengths: Vec<(usize, bool)>,
    #[serde(skip)]
    pub(in super::super) histogram: Vec<usize>,
    #[serde(skip)]
    pub(in super::super) sample: Vec<u8>,
}

impl Overheard {
    /// What is wrong with it, in words.
    pub(super) fn fault(&self, at_least: usize) -> Option<String> {
        if !self.search_works {
            Some("the search for plain text does not find plain text".into())
        } else if self.readable_count > 0 {
            let shown = self.readable.join(", ");
            Some(format!("{} messages were readable on the broker: {shown}", self.readable_count))
        } else if self.messages < at_least {
            Some(format!("the eavesdropper saw {} of at least {at_least} messages", self.messages))
        } else {
            None
        }
    }
}

impl From<Overheard> for Heard {
    fn from(heard: Overheard) -> Self {
        Self {
            bits_per_byte: heard.entropy(),
            messages: heard.messages,
            bytes: heard.bytes,
            readable: heard.readable_count,
            lengths: heard.lengths,
            histogram: heard.histogram,
            sample: heard.sample,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_readable_is_a_fault() {
        let mut heard = Overheard { search_works: true, messages: 4, ..Overheard::default() };
        assert_eq!(heard.fault(4), None);
        assert!(heard.fault(5).is_some());
        heard.readable_count = 1;
        assert!(heard.fault(4).is_some());
        heard = Overheard { messages: 4, ..Overheard::default() };
        assert!(heard.fault(4).is_some());
    }
}
