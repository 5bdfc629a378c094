//! The fuzzer's way into `frames`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| karez_fuzz::frames::check(data));
