//! Shebang lines, split into words.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| runner::fuzz::shebang(bytes));
