//! The tests of `runner`, through its binary, each in a sandbox with its own HOME, cache and PATH.

mod build;
mod cli;
mod concurrency;
mod crash;
mod dependencies;
mod examples;
mod failures;
mod golden;
mod hot_path;
mod inputs;
mod install;
mod library;
mod process;
mod promote;
mod sandbox;
mod tidy;
