//! The C library of Zegel, behind `include/zegel.h`, which is the page to read. Each function there has one here of
//! its name that checks what C passed and does one call of the crate `zegel`.
//!
//! Without features there is no heap, no standard library and no global state. No line of it panics; what is left of
//! panics in the archive are checks of crates below, which `README.md` names and the tests count.
#![no_std]
#![deny(missing_docs)]
#![allow(clippy::large_enum_variant, reason = "without a heap there is nowhere else to put them")]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions
    )
)]

#[cfg(any(feature = "std", test))]
extern crate std;

mod bridge;
mod bytes;
mod evidence;
mod failure;
mod group;
mod keys;
mod numbers;
mod outside;
mod pairing;
mod ranges;
mod receiver;
mod sealer;
mod state;
mod types;

pub use bridge::{ConstPointer, Pointer};
pub use evidence::*;
pub use group::*;
pub use keys::*;
pub use pairing::*;
pub use receiver::*;
pub use sealer::*;
pub use types::*;

/// Where a check of a crate below would end, which no input is known to reach: the program stops, and says nothing.
#[cfg(all(feature = "panic-handler", not(feature = "std"), target_os = "none"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
