//! `runner` turns a single source file into a command.
//!
//! As a `#!` interpreter it hashes the script, finds or builds its binary in a per-user cache, and becomes that binary;
//! `runner promote` turns the script into an installed executable. This crate is the engine; the command line is the
//! `runner` binary of the same package (feature `cli`).
//!
//! ```no_run
//! use std::path::Path;
//!
//! use runner::{Options, Run, Runner, Script, Settings};
//!
//! let settings = Settings::of_process();
//! let script = Script::open(Path::new("tools/report.rs"), &settings)?;
//! let program = Runner::new(settings).build(&script, &Options::default())?;
//! let ran = program.run(Run::new().args(["--monthly"]))?;
//! println!("{}: {}", ran.status, String::from_utf8_lossy(&ran.stdout));
//! # Ok::<(), runner::Error>(())
//! ```
//!
//! # Promises, in this order
//!
//! 1. **Never stale, never torn.** A run gives what a fresh build of what is on disk now would give. Whatever is killed,
//!    full, or raced, the next run works.
//! 2. **As if it were not there.** A cached run costs next to nothing, and the script is the process.
//! 3. **It explains itself.** One-line errors that say who, what, why and what to do.
//!
//! [`promises`] lists every input and every fault with the test that covers it, and where the promises end.
//!
//! # Rooms, in reading order
//!
//! `src` is folders; a file uses its own room and rooms below it, and the files of a room form no circle. A test reads this
//! table and every import, and allows no exception.
//!
//! | floor | room | what it holds |
//! | --- | --- | --- |
//! | 17 | `bin/runner` | the command line: flags, parser, help, completion, what a terminal shows; process start |
//! | 16 | `fast_path` | a cache hit without the allocator |
//! | 15 | `host` | [`Runner`], what a host program calls |
//! | 14 | `commands` | one file a subcommand: functions over a context |
//! | 13 | `editor` | what editors need: the language server in front of the language servers, projects of scripts |
//! | 12 | `engine` | the spine: from a script to a program; background builds, the shared cache, trimming |
//! | 11 | `languages` | the backend of every language but Rust |
//! | 10 | `packages` | the backend of `crate@version` |
//! | 9 | `rust` | the backend of Rust: rustc for the script, cargo for its dependencies |
//! | 8 | `build` | what backends share: the trait they answer, inputs, build records, ELF |
//! | 7 | `report` | events, and the reporter that sends them |
//! | 6 | `settings` | settings from every place, merged in layers |
//! | 5 | `script` | a script's bytes, first line, metadata, dialect |
//! | 4 | `process` | starting, becoming and supervising programs |
//! | 3 | `store` | the cache on disk: keys, entries, traces, locks, staging |
//! | 2 | `request` | what was asked for: plain values |
//! | 1 | `base` | environment, error, digest, files |
//!
//! The way of a script is `engine::prepare`. How to add a language, a subcommand, an option or an input is in
//! [`docs::architecture`].
//!
//! Every command of Go's and what it is called here is in [`go`].
//!
//! Where scripts of other tools get something else than those give them, and why, is listed in [`differences`].
//!
//! # Invariants, said as absences
//!
//! - A hit takes no lock, writes nothing (but a refreshed stamp, once), starts no process but the script's, reads no TOML
//!   and asks no compiler its version. (What runs the program of another machine is looked up at each run.)
//! - Nothing in the cache that is executed or believed changes after it appears; it appears by rename and goes by removal.
//!   What compilers remember changes under a lock, and is believed only while it is as one of them left it.
//! - Nothing that changes the result is missing from launch key and trace.
//! - The library writes to no stream, ends no process and changes nothing process-wide; it sends [`Event`]s.
//! - Nothing of ours is ever open for writing when it is executed.
//! - No variable is read outside `environment`.
//!
//! Unix only: Linux in full, other Unix systems without memory files.

#![cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "observation and the sandbox are Linux's"))]

#[cfg(not(unix))]
compile_error!("runner needs a Unix system: exec, flock and inode numbers");

mod base;
mod build;
mod commands;
pub mod docs;
mod editor;
mod engine;
#[cfg(target_os = "linux")]
#[doc(hidden)]
pub mod fast_path;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod host;
mod languages;
mod packages;
mod process;
mod report;
mod request;
mod rust;
mod script;
mod settings;
mod store;

pub use base::cancel::Cancel;
pub use base::diagnostic::{Applicability, Diagnostic, Expansion, Level, Position, Span};
pub use base::digest::Digest;
pub use base::error::{EXIT_CANNOT_EXECUTE, EXIT_FAILED, EXIT_NOT_FOUND, Error, Kind, Result, Step};
pub use base::policy::Policy;
pub use base::resource_limits::ResourceLimits;
pub use base::rule::Rule;
pub use commands::check::Lint;
pub use commands::inputs::{BuildInput, InputReader};
pub use commands::metadata::Metadata;
pub use commands::status::Status;
pub use docs::{differences, go, promises};
pub use engine::program::Program;
pub use host::answers::Checked;
pub use host::run::{Ended, Output, Ran, Run, Running, Stdin, Variables};
pub use host::runner::Runner;
pub use host::settings::{Settings, Trim};
pub use report::event::{Event, Flow};
pub use request::debug_options::DebugOptions;
pub use request::dialect::Dialect;
pub use request::options::{Harness, Options, Verbosity};
pub use request::package_spec::Selection;
pub use script::script_file::Script;
pub use store::trace::change::Change;

/// What a command line needs besides: its options, and what its subcommands are asked for and answer.
///
/// The `runner` binary is the only one there is; a host that offers the same has the same from [`Runner`].
pub mod command_line {
    pub use crate::base::digest::Sums;
    pub use crate::base::error::{printable, usage_error};
    pub use crate::base::shell_words;
    pub use crate::base::similar::is_similar;
    pub use crate::build::record::{BuildRecord, Dependency};
    pub use crate::commands::add::{Addition, DependencyChange};
    pub use crate::commands::artifact::{Artifact, Inputs};
    pub use crate::commands::cache::Statistics;
    pub use crate::commands::completion_data::{language_names, script_extensions};
    pub use crate::commands::doctor::finding::{Finding, Grade};
    pub use crate::commands::env::EnvEntry;
    pub use crate::commands::export::{ExportMode, ExportedPackage};
    pub use crate::commands::import::{ImportMode, ImportedScript};
    pub use crate::commands::installed::{InstalledCommand, State};
    pub use crate::commands::lock::LockResult;
    pub use crate::commands::migrate::Style;
    pub use crate::commands::moving::MovedCommand;
    pub use crate::commands::new::NewScript;
    pub use crate::commands::outdated::OutdatedDependency;
    pub use crate::commands::promote::{Installed, Placement};
    pub use crate::commands::rollback::Rollback;
    pub use crate::commands::trust::{FetchedScript, TrustedUrl};
    pub use crate::commands::upgrade::{Reason, UpgradeResult};
    pub use crate::commands::verify::Verification;
    pub use crate::commands::watch::watch_options::{WatchEvent, WatchMode, WatchOptions};
    pub use crate::engine::background::Background;
    pub use crate::engine::miss_reason::Why;
    pub use crate::engine::program::Start;
    pub use crate::engine::trim::{CachedBuild, TrimReport};
    pub use crate::request::flags;
    pub use crate::request::limits::Limits;
    pub use crate::request::package_spec::{Package, Wanted};
    pub use crate::request::revision::Revision;
    pub use crate::rust::deps::VersionChange;
    pub use crate::rust::deps::lock::Renewal;
    pub use crate::rust::source::expression::{Expression, ExpressionKind};
    pub use crate::script::url::ScriptUrl;
    pub use crate::settings::origin::Origin;
}
