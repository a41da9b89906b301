//! Major types (RFC 8949 §3.1), and the one simple value of this format.

pub(super) const UINT: u8 = 0;
pub(super) const NEGATIVE: u8 = 1;
pub(super) const BYTES: u8 = 2;
pub(super) const TEXT: u8 = 3;
pub(super) const ARRAY: u8 = 4;
pub(super) const MAP: u8 = 5;
pub(super) const TAG: u8 = 6;
pub(super) const NULL: u8 = 0xf6;

/// Major type and argument of a signed integer: -1 - n is major type 1 with argument n.
pub(super) const fn split_sign(value: i64) -> (u8, u64) {
    if value < 0 { (NEGATIVE, (!value).unsigned_abs()) } else { (UINT, value.unsigned_abs()) }
}
