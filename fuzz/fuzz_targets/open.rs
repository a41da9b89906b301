//! Nothing but the genuine envelope opens, and nothing but it moves state.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| zegel_fuzz::open(data));
