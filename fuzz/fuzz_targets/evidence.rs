//! Evidence that verifies is what the device signed, and opens as such when it is handed on.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| zegel_fuzz::evidence(data));
