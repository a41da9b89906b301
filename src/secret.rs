//! Secrets that wipe themselves, and a guard that wipes a buffer unless it is told that all went well.
//!
//! Nothing here can be cloned, printed or compared in variable time (SPEC §7.4).

use rand_core::TryCryptoRng;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Result};

/// `N` secret bytes: wiped when dropped, silent in `Debug`, compared in constant time.
pub struct Secret<const N: usize>(Zeroizing<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// Takes over `bytes`. The caller wipes its own copy, if it keeps one.
    pub fn new(bytes: [u8; N]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Draws `N` bytes; [`Error::Entropy`] when the generator fails or returns zeros.
    pub fn random<R: TryCryptoRng + ?Sized>(rng: &mut R) -> Result<Self> {
        let mut drawn = Self::zeroed();
        rng.try_fill_bytes(drawn.0.as_mut_slice()).map_err(|_| Error::Entropy)?;
        if drawn.is_zero() {
            return Err(Error::Entropy);
        }
        Ok(drawn)
    }

    /// Copies `bytes` and leaves no other copy; `None` when there are not `N`.
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut secret = Self::zeroed();
        if bytes.len() != N {
            return None;
        }
        secret.0.copy_from_slice(bytes);
        Some(secret)
    }

    /// The bytes themselves: for storing them, never for logging them.
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }

    pub(crate) fn zeroed() -> Self {
        Self::new([0; N])
    }

    pub(crate) fn expose_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }

    /// Whether all bytes are zero, in constant time.
    pub(crate) fn is_zero(&self) -> bool {
        self.0.ct_eq(&[0; N]).into()
    }
}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(other.0.as_slice()).into()
    }
}

impl<const N: usize> Eq for Secret<N> {}

impl<const N: usize> core::fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A borrowed buffer that is wiped on drop, unless [`Wipe::keep`] took it back: so no path that
/// leaves early can leave plaintext behind.
pub(crate) struct Wipe<'b>(&'b mut [u8]);

impl<'b> Wipe<'b> {
    pub(crate) fn new(buffer: &'b mut [u8]) -> Self {
        Self(buffer)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        self.0
    }

    /// Ends the guard and hands the buffer back as it is.
    pub(crate) fn keep(mut self) -> &'b mut [u8] {
        core::mem::take(&mut self.0)
    }
}

impl Drop for Wipe<'_> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_silent() {
        assert_eq!(std::format!("{:?}", Secret::new([7u8; 32])), "Secret(..)");
    }

    #[test]
    fn wipe_zeroes_unless_kept() {
        let mut buffer = [9u8; 8];
        drop(Wipe::new(&mut buffer));
        assert_eq!(buffer, [0; 8]);
        let mut buffer = [9u8; 8];
        assert_eq!(Wipe::new(&mut buffer).keep(), [9; 8]);
        assert_eq!(buffer, [9; 8]);
    }
}
