//! The fuzzer's way into `inflate`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| karez_fuzz::inflate::check(data));
