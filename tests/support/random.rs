//! Random generators that do what a test tells them to.

use std::convert::Infallible;
use std::fmt;

use rand_core::{TryCryptoRng, TryRng};

/// SplitMix64: reproducible, well spread, and no secret.
pub struct Draws(pub u64);

impl Draws {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}

impl TryRng for Draws {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.next() as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.next())
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.fill_with(|| self.next() as u8);
        Ok(())
    }
}

impl TryCryptoRng for Draws {}

/// A generator that gives out a script, one draw after the other, and then fails.
pub struct Script {
    pub draws: Vec<Vec<u8>>,
    pub drawn: usize,
}

impl Script {
    pub fn new(draws: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self { draws: draws.into_iter().collect(), drawn: 0 }
    }

    /// `good` draws of good bytes, and failure from then on.
    pub fn failing_after(good: usize) -> Self {
        Self::new((0..good).map(|i| Draws(i as u64).bytes(32)))
    }

    /// The same byte in every draw.
    pub fn constant(byte: u8) -> Self {
        Self::new(vec![vec![byte; 32]; 1000])
    }

    /// 1, 2, 3 and so on, as a generator that was never seeded counts.
    pub fn counting() -> Self {
        Self::new((1..=255u8).map(|count| {
            let mut draw = vec![0; 32];
            draw[31] = count;
            draw
        }))
    }
}

#[derive(Debug)]
pub struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the generator is broken")
    }
}

impl std::error::Error for Broken {}

impl TryRng for Script {
    type Error = Broken;

    fn try_next_u32(&mut self) -> Result<u32, Broken> {
        Err(Broken)
    }

    fn try_next_u64(&mut self) -> Result<u64, Broken> {
        Err(Broken)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Broken> {
        let Some(draw) = self.draws.get(self.drawn) else {
            // A broken generator may leave anything behind.
            out.fill(0xee);
            return Err(Broken);
        };
        out.copy_from_slice(draw);
        self.drawn += 1;
        Ok(())
    }
}

impl TryCryptoRng for Script {}
