//! Records: what was found out about a toolchain or an environment.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| runner::fuzz::record(bytes));
