//! Metadata: the head of a script, and the manifest in it.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| runner::fuzz::metadata(bytes));
