//! The fuzzer's way into `chat_json`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| karez_fuzz::chat_json::check(data));
