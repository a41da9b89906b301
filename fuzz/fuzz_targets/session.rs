//! Nothing but what the device said in its session is opened, and nothing but what it signed is proven.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| zegel_fuzz::session(data));
