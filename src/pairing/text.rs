//! The text of a code: base32 (RFC 4648, upper case, no padding) behind a word that says what it is, all of it in
//! the alphanumeric mode of a QR code (SPEC §12.1).

use zeroize::Zeroize;

use crate::error::{Error, Result};

/// Bytes of a code.
pub(crate) const CODE: usize = 74;
/// Characters of its text: the prefix, 14 groups of 8 digits for 5 bytes each, and 7 digits for the last 4 bytes.
pub(crate) const TEXT: usize = 125;

/// Writes the text of `code`.
pub(crate) fn write(code: &[u8; CODE], text: &mut [u8; TEXT]) {
    let (prefix, digits) = text.split_at_mut(PREFIX.len());
    prefix.copy_from_slice(PREFIX);
    for (group, digits) in code.chunks(BYTES).zip(digits.chunks_mut(DIGITS)) {
        let mut word = [0; 8];
        for (place, byte) in word.iter_mut().zip(group) {
            *place = *byte;
        }
        // The digits leave at the top; behind the last bytes there are zeros.
        let mut bits = u64::from_be_bytes(word);
        for place in digits {
            let [top, ..] = bits.to_be_bytes();
            *place = letter(top >> 3);
            bits <<= 5;
        }
        word.zeroize();
        bits.zeroize();
    }
}

/// Reads the one text of a code; [`Error::Malformed`] for any other. On an error `code` is wiped.
pub(crate) fn read(text: &str, code: &mut [u8; CODE]) -> Result<()> {
    let read = read_digits(text, code);
    if read.is_err() {
        code.zeroize();
    }
    read
}

fn read_digits(text: &str, code: &mut [u8; CODE]) -> Result<()> {
    let digits = text.as_bytes().strip_prefix(PREFIX).ok_or(Error::Malformed)?;
    if text.len() != TEXT {
        return Err(Error::Malformed);
    }
    for (digits, group) in digits.chunks(DIGITS).zip(code.chunks_mut(BYTES)) {
        let mut bits = 0;
        for place in 0..DIGITS {
            // A short group is read as if zeros followed, which its unused bits then have to be too.
            let digit = digits.get(place).map_or(Ok(0), |letter| value(*letter))?;
            bits = bits << 5 | u64::from(digit);
        }
        let [_, _, _, word @ ..] = bits.to_be_bytes();
        bits.zeroize();
        let (bytes, rest) = word.split_at_checked(group.len()).ok_or(Error::Malformed)?;
        if rest.iter().any(|byte| *byte != 0) {
            return Err(Error::Malformed);
        }
        group.copy_from_slice(bytes);
    }
    Ok(())
}

const fn letter(value: u8) -> u8 {
    if value < 26 { value.wrapping_add(b'A') } else { value.wrapping_sub(26).wrapping_add(b'2') }
}

const fn value(letter: u8) -> Result<u8> {
    match letter {
        b'A'..=b'Z' => Ok(letter.wrapping_sub(b'A')),
        b'2'..=b'7' => Ok(letter.wrapping_sub(b'2').wrapping_add(26)),
        _ => Err(Error::Malformed),
    }
}

const PREFIX: &[u8] = b"ZEGEL:";
/// Bytes of a whole group.
const BYTES: usize = 5;
/// Digits of a whole group.
const DIGITS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648 §10, and each digit once.
    #[test]
    fn digits_are_those_of_rfc_4648() {
        let mut code = [0; CODE];
        code[..6].copy_from_slice(b"foobar");
        let mut text = [0; TEXT];
        write(&code, &mut text);
        assert!(text.starts_with(b"ZEGEL:MZXW6YTBOI"));
        for digit in 0..32 {
            assert_eq!(value(letter(digit)), Ok(digit));
        }
        let accepted = (0..=255).filter(|byte| value(*byte).is_ok()).count();
        assert_eq!(accepted, 32);
    }

    #[test]
    fn bits_that_no_byte_has_are_zero() {
        let (mut text, mut back) = ([0; TEXT], [0; CODE]);
        write(&[0xff; CODE], &mut text);
        assert_eq!(read(core::str::from_utf8(&text).unwrap(), &mut back), Ok(()));
        assert_eq!(back, [0xff; CODE]);
        // 32 bits of 35: the last digit is ..000.
        assert_eq!(text[TEXT - 1], b'Y');
        for other in b"Z234567" {
            text[TEXT - 1] = *other;
            assert_eq!(read(core::str::from_utf8(&text).unwrap(), &mut back), Err(Error::Malformed));
            assert_eq!(back, [0; CODE], "nothing is left of it");
        }
    }
}
