//! The tests of `runner`, through its binary, each in a sandbox with its own HOME, cache and PATH.
//!
//! A test is in the room that would have to be wrong for it to fail; rooms are those of `src`. In each, `slow` holds what
//! runs real compilers or takes more than two seconds. The others have a compiler that is a shell script
//! ([`support::sandbox::Sandbox::fake`]), and all of them together take seconds:
//!
//! ```text
//! cargo test --test it -- --skip slow::     what is quick
//! cargo test --test it store::              a room
//! cargo test --test it NAME                 what has NAME in its path
//! ```
//!
//! That a test which asks for a real compiler is in `slow` is seen to by [`support::sandbox::Sandbox::new`].
#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that panics is a test that fails.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)] // The fences are for the library.
#![allow(unreachable_pub)] // One crate, whose rooms share helpers.

/// The command line: options, help, completions, other names, and what is said to whoever mistypes.
mod command_line;
/// Subcommands: what each does, and what it refuses.
mod commands;
/// Editors: the language server in front of the language servers, and the projects of scripts.
mod editor;
/// From a script to its program: inputs, the background build, eviction, other targets, the library.
mod engine;
/// A hit, system call by system call.
mod fast_path;
/// The library as a host program meets it: children, signals, limits, cancellation, policy.
mod host;
/// The backends for all other languages.
mod languages;
/// Programs of a registry: `crate@version`.
mod packages;
/// The script is the process; where it cannot be, nobody can tell.
mod process;
/// What is shown while something is done.
mod report;
/// The tree: what is in it, its installer, its examples, its benchmark.
mod repository;
/// The backend for Rust: rustc, cargo, dependencies, the linker, what an edit can be spared.
mod rust;
/// A script is found, read and understood: names, first lines, metadata, scripts without `main`.
mod script;
/// What the configuration and the variables say, and which of them wins.
mod settings;
/// The cache on disk: faults, damage, loss of power, many at once, other people.
mod store;
/// What tests are written with; no tests.
mod support;
