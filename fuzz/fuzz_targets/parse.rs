//! Whatever parses is the one encoding of what it says.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| zegel_fuzz::parse(data));
