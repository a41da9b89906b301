//! Nothing but the genuine group envelope opens.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| zegel_fuzz::group(data));
