//! Bytes that are made of others: contexts, records and names, written as the list of their parts.

/// The parts, one after the other. Zeros fill what they leave of `N` bytes, and what goes beyond is left out.
pub(crate) fn joined<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut joined = [0; N];
    join(parts, &mut joined);
    joined
}

/// The same code for every length.
fn join(parts: &[&[u8]], joined: &mut [u8]) {
    for (place, byte) in joined.iter_mut().zip(parts.iter().copied().flatten()) {
        *place = *byte;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_fill_as_much_as_there_is() {
        assert_eq!(joined(&[b"ab", b"", b"c"]), *b"abc");
        assert_eq!(joined(&[b"ab", b"c"]), *b"abc\0");
        assert_eq!(joined(&[b"ab", b"c"]), *b"ab");
    }
}
