//! A card that parses is refused, or it is its own identity's.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| zegel_fuzz::card(data));
