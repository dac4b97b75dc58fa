//! The tests of `runner`, through its binary, each in a sandbox with its own HOME, cache and PATH.
#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that panics is a test that fails.
#![allow(clippy::disallowed_methods)] // The fences are for the library.

mod ahead;
mod bench;
mod build;
mod cli;
mod concurrency;
mod config;
mod conformance;
mod crash;
mod dependencies;
mod dropin;
mod env;
mod examples;
mod expressions;
mod failures;
mod foreign;
mod golden;
mod help;
mod hot_path;
mod incremental;
mod inputs;
mod install;
mod library;
mod machine;
mod mainless;
mod migrate;
mod power;
mod process;
mod promote;
mod property;
mod reproducible;
mod sandbox;
mod security;
mod stats;
mod strace;
mod testing;
mod tidy;
mod tools;
mod watched;
mod why;
