//! The operating system's random generator. For test vectors, and in no product, a test may script what it draws.

use rand_core::{TryCryptoRng, TryRng};
use zegel::Error;
use zegel::rng::SysRng;

/// Draws from the operating system.
pub(crate) struct Rng;

impl TryRng for Rng {
    type Error = Error;

    fn try_next_u32(&mut self) -> Result<u32, Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        if scripted(bytes) {
            return Ok(());
        }
        SysRng.try_fill_bytes(bytes).map_err(|_| Error::Entropy)
    }
}

impl TryCryptoRng for Rng {}

#[cfg(not(feature = "test-keys"))]
const fn scripted(_: &mut [u8]) -> bool {
    false
}

#[cfg(feature = "test-keys")]
use script::scripted;

/// What a test wants drawn, by thread.
#[cfg(feature = "test-keys")]
mod script {
    use std::cell::RefCell;
    use std::collections::VecDeque;

    thread_local! {
        static SCRIPT: RefCell<VecDeque<[u8; 32]>> = const { RefCell::new(VecDeque::new()) };
    }

    pub(super) fn scripted(bytes: &mut [u8]) -> bool {
        let Some(drawn) = SCRIPT.with_borrow_mut(VecDeque::pop_front) else { return false };
        assert!(drawn != [0xff; 32], "a test asked for a panic");
        bytes.copy_from_slice(&drawn);
        true
    }

    /// The next draw of this thread gives these 32 bytes, in words of 8 with the first byte highest. A draw of ones
    /// alone panics, as a bug would.
    #[unsafe(no_mangle)]
    extern "C" fn zegel_test_draws(a: u64, b: u64, c: u64, d: u64) {
        let mut drawn = [0; 32];
        for (place, byte) in drawn.iter_mut().zip([a, b, c, d].iter().flat_map(|word| word.to_be_bytes())) {
            *place = byte;
        }
        SCRIPT.with_borrow_mut(|script| script.push_back(drawn));
    }

    /// Forgets what was scripted on this thread, and says how much of it there was.
    #[unsafe(no_mangle)]
    extern "C" fn zegel_test_drawn() -> u64 {
        SCRIPT.with_borrow_mut(|script| {
            let left = script.len();
            script.clear();
            u64::try_from(left).unwrap_or(u64::MAX)
        })
    }
}
