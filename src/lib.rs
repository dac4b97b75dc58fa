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
//! | `settings`, `said`, `config`, `seen` | what may be said, where, and who wins; the configuration file; `runner env` |
//! | `trace`, `check`, `stamp`, `digest` | what a build looked at, whether it holds |
//! | `cache`, `lock`, `staging`, `trim` | entries, commit, who may build, what goes |
//! | `outline`, `mainless`, `expression`, `source`, `diagnostics` | scripts without `main`, text that is no script, how the compiler is given them, and what it says of them |
//! | `recipe`, `header`, `shebang`, `decided`, `dialect`, `manifest`, `name`, `toolchain`, `target`, `cargo_config`, `surroundings` | everything decided before a build |
//! | `compile`, `invocation`, `profile`, `linker`, `linkage`, `disturbance`, `dep_info`, `declared` | the rustc call, and what it read |
//! | `language` | the other languages: which one a script is in, its compiler, its call, what it read |
//! | `incremental` | what the compiler remembers of the build before |
//! | `deps` | cargo, once a manifest: dependency environments, lanes, seeds; once a package: `cargo install` |
//! | `registry` | packages in the place of scripts: `crate@version` |
//! | `program`, `exec`, `child`, `under` | becoming the program, or the one it is run under |
//! | `steering`, `journal`, `rehearsal` | what is shown of a build: its commands, its directory, its times |
//! | `build`, `artifact`, `build_record`, `elf`, `revision`, `inspect`, `rebuild` | programs that are handed on: what they say of themselves, and proof of it |
//! | `promote`, `promoted`, `upgrade`, `receipt`, `install`, `package` | executables and packages outside the cache |
//! | `why`, `change`, `verify`, `storage`, `statistics` | what changed; proof by rebuilding; the cache as a user sees it |
//! | `tools`, `format`, `migrate` | check, clippy, documentation; formatting; another form of metadata |
//! | `tier`, `ahead` | fast now and optimal later; builds and versions ahead of a run |
//! | `choices` | what there is to name on a command line |
//! | `environment`, `reporter`, `wait`, `order`, `record`, `error` | variables and policy, stderr, sealed files, errors |
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
//! - Nothing that changes the result is missing from launch id and trace.
//! - Nothing of ours is ever open for writing when it is executed.
//! - No variable is read outside `environment`.
//!
//! Unix only: Linux in full, other Unix systems without memory files.

#[cfg(not(unix))]
compile_error!("runner needs a Unix system: exec, flock and inode numbers");

mod base;
mod build;
mod commands;
pub mod docs;
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

pub use base::digest::{Digest, Sums};
pub use base::environment::Environment;
pub use base::error::{
    EXIT_CANNOT_EXECUTE, EXIT_FAILED, EXIT_NOT_FOUND, Error, Result, Step, printable, usage_error,
};
pub use base::shell_words;
pub use base::similar::is_similar;
pub use build::record::{BuildRecord, Dependency};
pub use commands::artifact::{Artifact, Inputs};
pub use commands::cache::Statistics;
pub use commands::check::Lint;
pub use commands::completion_data::script_extensions;
pub use commands::env::Seen;
pub use commands::installed::{Listed, State};
pub use commands::migrate::Style;
pub use commands::promote::{Installed, Placement};
pub use commands::upgrade::{Reason, Upgraded};
pub use commands::verify::Rebuilt;
pub use docs::{differences, go, promises};
pub use engine::background::Background;
pub use engine::miss_reason::Why;
pub use engine::program::Program;
pub use engine::trim::{CachedBuild, Trimmed};
pub use host::runner::Runner;
pub use report::event::Event;
pub use request::debug_options::Steering;
pub use request::dialect::Dialect;
pub use request::flags;
pub use request::limits::Limits;
pub use request::options::{Harness, Options, Verbosity};
pub use request::package_spec::{Package, Selection, Wanted};
pub use request::revision::Revision;
pub use rust::deps::Updated;
pub use rust::source::expression::{Expression, ExpressionKind};
pub use script::script_file::Script;
pub use settings::origin::Source;
pub use store::trace::change::Change;
