//! The code that one end shows and the other scans (SPEC §12.1).

#[cfg(feature = "alloc")]
use alloc::string::String;
use core::fmt;

use rand_core::TryCryptoRng;

use crate::crypto::kdf::sha256;
use crate::error::{Error, Result};
use crate::key::id::Id;
use crate::key::published;
use crate::pairing::text::{self, CODE, TEXT};
use crate::secret::{Secret, Wipe};

/// Longest time that a code may have before it, in seconds: a day.
pub const MAX_LIFETIME: u64 = 86_400;

/// Who shows it, a secret for one pairing, and when it ends.
///
/// It is as secret as what it pairs until it has served. It cannot be cloned, and an end takes it over: for a second
/// pairing there is a second code.
pub struct PairingCode {
    shower: Id,
    secret: Secret<32>,
    /// Seconds since 1970, or 0 where the shower has no clock.
    expires: u64,
}

impl PairingCode {
    /// Bytes of a code.
    pub const LEN: usize = CODE;
    /// Characters of its text, which fits a QR code of version 5.
    pub const TEXT_LEN: usize = TEXT;

    /// Draws a code that `shower` shows for `lifetime` seconds from `now`. Without a clock the code names no end:
    /// it serves as long as its [`Shower`](crate::pairing::Shower) lives.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for more than [`MAX_LIFETIME`], [`Error::Entropy`], [`Error::WeakKey`] when the
    /// generator is stuck.
    pub fn draw<R: TryCryptoRng + ?Sized>(
        shower: &Id,
        now: Option<u64>,
        lifetime: u64,
        rng: &mut R,
    ) -> Result<Self> {
        let expires = match now {
            // 0 is for who has no clock.
            Some(now) => now.checked_add(lifetime).ok_or(Error::TooLarge)?.max(1),
            None => 0,
        };
        if lifetime > MAX_LIFETIME || expires > LATEST {
            return Err(Error::TooLarge);
        }
        let secret = Secret::random(rng)?;
        published::refuse_uniform(&secret)?;
        Ok(Self { shower: *shower, secret, expires })
    }

    /// Reads the text of a code.
    ///
    /// # Errors
    /// [`Error::Malformed`] for any other text, [`Error::WeakKey`] for a secret that nobody drew.
    pub fn parse(text: &str) -> Result<Self> {
        let mut bytes = Secret::zeroed();
        text::read(text, bytes.expose_mut())?;
        Self::from_bytes(bytes.expose())
    }

    /// Reads the bytes of a code, as NFC or BLE carry them.
    ///
    /// # Errors
    /// As for [`PairingCode::parse`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (said, check) = bytes.split_last_chunk::<CHECK>().ok_or(Error::Malformed)?;
        let (version, rest) = said.split_first().ok_or(Error::Malformed)?;
        let (shower, rest) = rest.split_first_chunk::<32>().ok_or(Error::Malformed)?;
        let (secret, expires) = rest.split_first_chunk::<32>().ok_or(Error::Malformed)?;
        let &[a, b, c, d, e] = expires else { return Err(Error::Malformed) };
        if *version != VERSION || *check != check_of(said) {
            return Err(Error::Malformed);
        }
        let secret = Secret::new(*secret);
        published::refuse_uniform(&secret)?;
        Ok(Self { shower: Id(*shower), secret, expires: u64::from_be_bytes([0, 0, 0, a, b, c, d, e]) })
    }

    /// The bytes of the code.
    pub fn to_bytes(&self) -> Secret<CODE> {
        let mut bytes = Secret::zeroed();
        let [_, _, _, expires @ ..] = self.expires.to_be_bytes();
        let (said, check) = bytes.expose_mut().split_at_mut(CODE - CHECK);
        let parts = [&[VERSION], &self.shower.0[..], self.secret.expose(), &expires];
        for (place, byte) in said.iter_mut().zip(parts.into_iter().flatten()) {
            *place = *byte;
        }
        check.copy_from_slice(&check_of(said));
        bytes
    }

    /// Writes the text to the front of `out`, where [`PairingCode::TEXT_LEN`] bytes have to be. Wipe it when it has
    /// served.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`].
    pub fn write_text<'o>(&self, out: &'o mut [u8]) -> Result<&'o str> {
        let mut out = Wipe::new(out);
        let text = out.bytes_mut().first_chunk_mut().ok_or(Error::BufferTooSmall)?;
        text::write(self.to_bytes().expose(), text);
        let text = out.keep().get(..TEXT).ok_or(Error::BufferTooSmall)?;
        core::str::from_utf8(text).map_err(|_| Error::Malformed)
    }

    /// The text in a new string. Wipe it when it has served.
    #[cfg(feature = "alloc")]
    pub fn to_text(&self) -> String {
        let mut text = Secret::zeroed();
        text::write(self.to_bytes().expose(), text.expose_mut());
        core::str::from_utf8(text.expose()).unwrap_or_default().into()
    }

    /// Who shows it.
    pub const fn shower(&self) -> &Id {
        &self.shower
    }

    /// Its last second, since 1970; `None` where the shower has no clock.
    pub const fn expires(&self) -> Option<u64> {
        if self.expires == 0 { None } else { Some(self.expires) }
    }

    /// Whether a pairing may begin at `now`.
    pub(crate) fn check(&self, now: Option<u64>) -> Result<()> {
        check_time(self.expires, now)?;
        let ahead = now.map_or(0, |now| self.expires.saturating_sub(now));
        if ahead > MAX_LIFETIME { Err(Error::TooLarge) } else { Ok(()) }
    }

    pub(crate) const fn secret(&self) -> &Secret<32> {
        &self.secret
    }

    pub(crate) const fn expires_or_zero(&self) -> u64 {
        self.expires
    }
}

/// Whose code it is, and nothing of the secret.
impl fmt::Debug for PairingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PairingCode({}, ..)", self.shower)
    }
}

/// [`Error::Expired`] past the last second, where both ends have a clock.
pub(crate) fn check_time(expires: u64, now: Option<u64>) -> Result<()> {
    match now {
        Some(now) if expires != 0 && now > expires => Err(Error::Expired),
        _ => Ok(()),
    }
}

fn check_of(said: &[u8]) -> [u8; CHECK] {
    let [a, b, c, d, ..] = sha256(&[b"zegel-code-1", said]);
    [a, b, c, d]
}

const VERSION: u8 = 1;
const CHECK: usize = 4;
/// What 5 bytes hold: some 34,000 years.
const LATEST: u64 = (1 << 40) - 1;

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;

    const NOW: u64 = 1_764_000_000;

    fn code(expires: u64) -> PairingCode {
        let secret = Secret::new(core::array::from_fn(|i| i.to_be_bytes()[7]));
        PairingCode { shower: Id([7; 32]), secret, expires }
    }

    fn text(code: &PairingCode) -> String {
        let mut out = [0xcc; TEXT + 3];
        let text = String::from(code.write_text(&mut out).unwrap());
        assert_eq!(out[TEXT..], [0xcc; 3]);
        text
    }

    #[test]
    fn a_code_has_one_text_and_one_encoding() {
        for expires in [0, 1, NOW, LATEST] {
            let code = code(expires);
            let back = PairingCode::parse(&text(&code)).unwrap();
            assert_eq!((back.shower, back.expires), (code.shower, expires));
            assert!(back.secret == code.secret);
            assert_eq!(text(&back), text(&code));
            assert_eq!(back.expires(), if expires == 0 { None } else { Some(expires) });
        }
        let mut short = [0xcc; TEXT - 1];
        assert_eq!(code(0).write_text(&mut short), Err(Error::BufferTooSmall));
        assert_eq!(short, [0; TEXT - 1]);
    }

    /// Threat D-02: each byte that is not the code's own is refused, and so is each other length.
    #[test]
    fn every_other_character_and_length_is_malformed() {
        let text = text(&code(NOW));
        for at in 0..TEXT {
            for other in (0..=127).filter(|byte| *byte != text.as_bytes()[at]) {
                let mut changed = text.clone().into_bytes();
                changed[at] = other;
                let changed = String::from_utf8(changed).unwrap();
                assert_eq!(PairingCode::parse(&changed).err(), Some(Error::Malformed), "{changed}");
            }
            assert_eq!(PairingCode::parse(&text[..at]).err(), Some(Error::Malformed));
        }
        for more in ["A", "=", " ", "\n", "\0"] {
            assert!(PairingCode::parse(&(text.clone() + more)).is_err());
            assert!(PairingCode::parse(&(String::from(more) + &text)).is_err());
        }
        for other in [&text.to_lowercase(), &text.replace('A', "\u{0391}"), &text.replace("ZEGEL:", "zegel:")]
        {
            assert_eq!(PairingCode::parse(other).err(), Some(Error::Malformed));
        }
    }

    #[test]
    fn another_version_or_check_or_a_stuck_secret_is_refused() {
        let bytes = *code(NOW).to_bytes().expose();
        for bit in 0..CODE * 8 {
            let mut changed = bytes;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(PairingCode::from_bytes(&changed).err(), Some(Error::Malformed), "bit {bit}");
        }
        for length in 0..CODE {
            assert_eq!(PairingCode::from_bytes(&bytes[..length]).err(), Some(Error::Malformed));
        }
        // With a check that fits, what is wrong is the version, or the secret.
        let rechecked = |change: fn(&mut [u8; CODE])| {
            let mut bytes = bytes;
            change(&mut bytes);
            let (said, check) = bytes.split_at_mut(CODE - CHECK);
            check.copy_from_slice(&check_of(said));
            PairingCode::from_bytes(&bytes).err()
        };
        assert_eq!(rechecked(|_| {}), None);
        assert_eq!(rechecked(|bytes| bytes[0] = 0), Some(Error::Malformed));
        assert_eq!(rechecked(|bytes| bytes[0] = 2), Some(Error::Malformed));
        assert_eq!(rechecked(|bytes| bytes[33..65].fill(0)), Some(Error::WeakKey));
        assert_eq!(rechecked(|bytes| bytes[33..65].fill(0x5a)), Some(Error::WeakKey));
    }

    /// Threat D-03.
    #[test]
    fn a_code_serves_from_a_day_before_its_last_second_to_the_last() {
        let code = code(NOW);
        for (now, verdict) in [
            (None, Ok(())),
            (Some(NOW), Ok(())),
            (Some(NOW - MAX_LIFETIME), Ok(())),
            (Some(NOW - MAX_LIFETIME - 1), Err(Error::TooLarge)),
            (Some(0), Err(Error::TooLarge)),
            (Some(NOW + 1), Err(Error::Expired)),
            (Some(u64::MAX), Err(Error::Expired)),
        ] {
            assert_eq!(code.check(now), verdict, "{now:?}");
        }
        let timeless = self::code(0);
        for now in [None, Some(0), Some(NOW), Some(u64::MAX)] {
            assert_eq!(timeless.check(now), Ok(()), "the shower had no clock");
        }
    }
}
