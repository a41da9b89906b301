//! Topics: the name that both ends agree on for where a measurement travels (SPEC §3.2).

use crate::error::{Error, Result};
use crate::limits::MAX_TOPIC;

/// A topic that passed its checks.
#[derive(Clone, Copy)]
pub(crate) struct Topic<'t>(&'t str);

impl<'t> Topic<'t> {
    /// [`Error::InvalidTopic`] unless it is 1 to 255 bytes without control characters and wildcards: what
    /// no MQTT client can publish to, no two ends can agree on.
    pub(crate) fn new(topic: &'t str) -> Result<Self> {
        // None of these is a byte of a longer character.
        let forbidden = |byte| byte < b' ' || byte == b'\x7f' || byte == b'#' || byte == b'+';
        if topic.is_empty() || topic.len() > MAX_TOPIC || topic.bytes().any(forbidden) {
            return Err(Error::InvalidTopic);
        }
        Ok(Self(topic))
    }

    pub(crate) const fn as_str(&self) -> &'t str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;

    #[test]
    fn only_publishable_topics_pass() {
        let long = String::from_utf8([b'a'; 256].to_vec()).unwrap();
        for bad in ["", "a/#", "a/+/b", "a\0", "a\n", "a\u{7f}", &long] {
            assert_eq!(Topic::new(bad).err(), Some(Error::InvalidTopic), "{bad:?}");
        }
        for good in ["a", "/", "zegel/7f3a/1", "zegel/hartslag/é", &long[..255]] {
            assert!(Topic::new(good).is_ok(), "{good:?}");
        }
    }
}
