//! What tests are written with: sandboxes, what a machine lends them, and how to look at what happened.

pub mod cache_server;
pub mod children;
pub mod compilers;
pub mod confined;
pub mod conformance;
pub mod damage;
pub mod digests;
pub mod disk_model;
pub mod drop_in;
pub mod editor;
pub mod editor_directory;
pub mod fake_language_server;
pub mod fake_registry;
pub mod faults;
pub mod files;
pub mod golden;
pub mod header;
pub mod hello;
pub mod hits;
pub mod hosts;
pub mod incremental;
pub mod installed;
pub mod installer;
pub mod machine;
pub mod path_dependency;
pub mod process_probe;
pub mod provisional;
pub mod readme;
pub mod rust_script;
pub mod rustup;
pub mod sandbox;
pub mod signal_probe;
pub mod strace;
pub mod terminal;
pub mod toaster;
pub mod transcript;
pub mod watched;

// The binary's, of which tests need a part.
#[allow(dead_code)]
#[path = "../../src/bin/runner/commands.rs"]
pub mod commands;
#[path = "../../src/bin/runner/help/topics.rs"]
pub mod topics;
