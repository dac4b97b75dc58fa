//! The tests of `runner`, through its binary, each in a sandbox with its own HOME, cache and PATH.
#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that panics is a test that fails.
#![allow(clippy::disallowed_methods)] // The fences are for the library.

mod ahead;
mod bench;
mod build;
mod cli;
mod concurrency;
mod conformance;
mod crash;
mod dependencies;
mod dropin;
mod examples;
mod expressions;
mod failures;
mod golden;
mod hot_path;
mod inputs;
mod install;
mod languages;
mod library;
mod machine;
mod mainless;
mod migrate;
mod power;
mod process;
mod promote;
mod property;
mod sandbox;
mod security;
mod strace;
mod testing;
mod tidy;
mod tools;
mod watched;
mod why;
