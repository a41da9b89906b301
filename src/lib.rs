//! Zegel.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;

mod cbor;
mod crypto;
mod error;
mod secret;
pub use error::{Error, Result};
pub use secret::Secret;
