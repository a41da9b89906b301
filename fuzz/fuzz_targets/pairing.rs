//! Nothing but a code is read as one, and nothing but the genuine message is taken.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| zegel_fuzz::pairing(data));
