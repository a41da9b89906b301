//! Which topics a filter names (MQTT 5 §4.7).

/// Whether `topic` is one of those that `filter` subscribes to.
pub(crate) fn matches(filter: &str, topic: &str) -> bool {
    // The broker's own topics are not for wildcards.
    if topic.starts_with('$') && filter.starts_with(['#', '+']) {
        return false;
    }
    let (mut filter, mut topic) = (filter.split('/'), topic.split('/'));
    loop {
        match (filter.next(), topic.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some("+"), Some(_)) => {}
            (Some(wanted), Some(level)) if wanted == level => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn filters_name_topics() {
        for (filter, topic) in [
            ("a/b", "a/b"),
            ("#", "a/b"),
            ("a/#", "a"),
            ("a/#", "a/b/c"),
            ("a/+", "a/b"),
            ("+/+", "/a"),
            ("a/+/c", "a//c"),
        ] {
            assert!(matches(filter, topic), "{filter} {topic}");
        }
        for (filter, topic) in
            [("a", "a/b"), ("a/b", "a"), ("a/+", "a"), ("a/+", "a/b/c"), ("#", "$SYS/a"), ("A", "a")]
        {
            assert!(!matches(filter, topic), "{filter} {topic}");
        }
    }
}
