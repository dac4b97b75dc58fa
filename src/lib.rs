//! `runner` turns a single source file into a command.
//!
//! As a `#!` interpreter it hashes the script, finds or builds its binary in a per-user cache, and becomes that binary;
//! `runner promote` turns the script into an installed executable. This crate is the engine; the command line is the
//! `runner` binary of the same package (feature `cli`).
//!
//! ```no_run
//! use runner::{Environment, Options, Runner, Script};
//!
//! let runner = Runner::new(Environment::process());
//! let script = Script::read("tools/report.rs".as_ref(), runner.environment())?;
//! let program = runner.prepare(&script, &Options::default())?;
//! println!("compiled to {:?}", program.path());
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
//! | room | what it knows |
//! | --- | --- |
//! | [`runner`](Runner) | the spine: the way of a script |
//! | `script`, `launch`, `options` | bytes and place; the id of a launch; what was asked for |
//! | `trace`, `check`, `stamp`, `digest` | what a build looked at, whether it holds |
//! | `cache`, `lock`, `staging`, `trim` | entries, commit, who may build, what goes |
//! | `outline`, `mainless`, `expression`, `source` | scripts without `main`, text that is no script, and how the compiler is given them |
//! | `recipe`, `header`, `shebang`, `dialect`, `manifest`, `name`, `toolchain`, `cargo_config` | everything decided before a build |
//! | `language` | the other languages: which one a script is in, its compiler, its call, what it read |
//! | `compile`, `invocation`, `profile`, `linker`, `disturbance`, `dep_info`, `declared` | the rustc call, and what it read |
//! | `deps` | cargo, once a manifest: dependency environments, lanes, seeds |
//! | `exec`, `wrap` | becoming the program, or a wrapper's |
//! | `promote`, `receipt`, `install`, `package` | executables and packages outside the cache |
//! | `why`, `change`, `verify`, `storage` | what changed; proof by rebuilding; the cache as a user sees it |
//! | `tools`, `migrate` | check, clippy, documentation, formatting; another form of metadata |
//! | `tier`, `ahead` | fast now and optimal later; builds and versions ahead of a run |
//! | `environment`, `screen`, `wait`, `record`, `error` | variables and policy, stderr, sealed files, errors |
//!
//! Where scripts of other tools get something else than those give them, and why, is listed in [`differences`].
//!
//! # Invariants, said as absences
//!
//! - A hit takes no lock, writes nothing (but a refreshed stamp, once), starts no process but the script's, reads no TOML
//!   and asks no compiler its version.
//! - Nothing in the cache changes after it appears; it appears by rename and goes by removal.
//! - Nothing that changes the result is missing from launch id and trace.
//! - Nothing of ours is ever open for writing when it is executed.
//! - No variable is read outside `environment`.
//!
//! Unix only: Linux in full, other Unix systems without memory files.

#[cfg(not(unix))]
compile_error!("runner needs a Unix system: exec, flock and inode numbers");

mod ahead;
mod cache;
mod cargo_config;
mod change;
mod check;
mod compile;
mod content;
mod declared;
mod dep_info;
mod deps;
mod dialect;
pub mod differences;
mod digest;
mod disturbance;
mod environment;
mod error;
mod exec;
mod expression;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod header;
#[cfg(target_os = "linux")]
#[doc(hidden)]
pub mod hit;
mod install;
mod invocation;
mod language;
mod launch;
mod linker;
mod lock;
mod mainless;
mod manifest;
mod migrate;
mod name;
mod options;
mod outline;
mod package;
mod profile;
mod promote;
mod receipt;
mod recipe;
mod record;
mod runner;
mod screen;
mod script;
pub mod shebang;
mod source;
mod staging;
mod stamp;
mod storage;
mod text;
mod tier;
mod toolchain;
mod tools;
mod trace;
mod trim;
mod verify;
mod wait;
mod why;
mod wrap;

#[doc = include_str!("promises.md")]
pub mod promises {}

pub use change::Change;
pub use deps::Updated;
pub use dialect::Dialect;
pub use environment::Environment;
pub use error::{
    EXIT_CANNOT_EXECUTE, EXIT_FAILED, EXIT_NOT_FOUND, Error, Result, Step, printable, usage_error,
};
pub use expression::{Expression, ExpressionKind};
pub use migrate::Style;
pub use options::{Harness, Options, Verbosity};
pub use promote::{Installed, Listed, Placement, State};
pub use runner::{Program, Runner};
pub use script::{Script, is_similar};
pub use tier::Background;
pub use tools::Lint;
pub use trim::{CachedBuild, Limits, Trimmed};
pub use why::Why;
