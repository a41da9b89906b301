//! The 64 bytes that C keeps for a device: the record of a slot, and the name of a stream.

/// The parts one after the other, and zeros. What goes beyond is left out.
pub(crate) fn joined(parts: &[&[u8]]) -> [u8; 64] {
    let mut joined = [0; 64];
    for (place, byte) in joined.iter_mut().zip(parts.iter().copied().flatten()) {
        *place = *byte;
    }
    joined
}
