//! The fuzzer's way into `http_head`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| karez_fuzz::http_head::check(data));
