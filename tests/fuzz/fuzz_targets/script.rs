//! Whole scripts: their language, their heads in every language, and the `main` they are given.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| runner::fuzz::script(bytes));
