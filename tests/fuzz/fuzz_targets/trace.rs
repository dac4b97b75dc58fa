//! Traces: what a build looked at.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| runner::fuzz::trace(bytes));
