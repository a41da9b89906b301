//! Where a pairing takes place at the broker: a topic for each direction, from the code (SPEC §12.3).

use core::fmt;

/// Who of the two speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Scanner,
    Shower,
}

/// The topic of one direction of one pairing: it tells the broker that a pairing takes place, and nothing of whom.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PairingTopic([u8; LENGTH]);

impl PairingTopic {
    pub(crate) fn new(pairing_id: &[u8; 8], speaker: Role) -> Self {
        let mut topic = *b"zegel/pair/0000000000000000/1";
        let digits = pairing_id.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        for (place, digit) in topic.iter_mut().skip(DIGITS_AT).zip(digits) {
            let letter = if digit < 10 { b'0' } else { b'a'.wrapping_sub(10) };
            *place = digit.wrapping_add(letter);
        }
        if speaker == Role::Shower
            && let Some(last) = topic.last_mut()
        {
            *last = b'2';
        }
        Self(topic)
    }

    /// The topic, for an MQTT client.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for PairingTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for PairingTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PairingTopic({self})")
    }
}

const LENGTH: usize = 29;
const DIGITS_AT: usize = 11;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_the_id_in_hex_and_a_direction() {
        let id = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
        assert_eq!(PairingTopic::new(&id, Role::Scanner).as_str(), "zegel/pair/0123456789abcdef/1");
        assert_eq!(PairingTopic::new(&id, Role::Shower).as_str(), "zegel/pair/0123456789abcdef/2");
    }
}
