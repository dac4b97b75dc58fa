//! Programs: what is read of an ELF file, and the build record in it.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| runner::fuzz::program(bytes));
