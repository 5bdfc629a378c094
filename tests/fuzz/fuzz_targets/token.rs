//! The fuzzer's way into `token`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| karez_fuzz::token::check(data));
