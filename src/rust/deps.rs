//! Dependency environments: how cargo would call rustc for a script with this manifest, and what that call needs.
//!
//! Cargo resolves and compiles *dependencies*; the script itself is compiled by one rustc call of ours. A script's
//! manifest becomes a small package with an empty `main`, `cargo build` of it is run once, and its call of rustc for that
//! `main` is captured through `RUSTC_WORKSPACE_WRAPPER`, and not made. The call (arguments and variables), the artifacts
//! it needs, the lock and the checks it rests on are recorded under the digest of manifest, lock, toolchain, profile and
//! flags, and replayed for every script with that manifest: no cargo, no resolution.
//!
//! ```text
//! v1/deps/TOOLCHAIN/
//!   environments/KEY/record       sealed: the call, the artifacts, the checks
//!   environments/KEY/Cargo.toml   the package; Cargo.lock beside it is the lock; src/main.rs is empty
//!   locks/MANIFEST                what a manifest is resolved to, for all profiles; `runner update` renews it
//!   lane-trimmed-0/ …             cargo's target directories (see `lane`), shared by all scripts of the toolchain
//!   lane-trimmed-0/reads/KEY      what one run of cargo read, as it was observed (see `reads`)
//!   lane-0/ …                     the same for profiles with debug information, whose paths are those of this machine
//! ```
//!
//! Cargo runs from `/`, offline as long as what it needs is here, and never learns the script's name or place.

pub(crate) mod artifacts;
pub(crate) mod build;
pub(crate) mod call;
pub(crate) mod capture;
pub(crate) mod cargo;
pub(crate) mod cargo_messages;
pub(crate) mod cargo_warnings;
pub(crate) mod dependency_list;
pub(crate) mod dry_run;
pub(crate) mod environments;
pub(crate) mod healing;
pub(crate) mod lock;
pub(crate) mod locked;
pub(crate) mod manifest_edit;
pub(crate) mod network;
pub(crate) mod package_graph;
pub(crate) mod path_trimming;
pub(crate) mod policy_check;
pub(crate) mod reads;
pub(crate) mod run_path;
pub(crate) mod script_lock;
pub(crate) mod seed;
pub(crate) mod target_dir;
pub(crate) mod tree;
pub(crate) mod update;

pub(crate) use crate::rust::deps::build::{environment, recorded, resolution};
pub(crate) use crate::rust::deps::call::Call;
pub(crate) use crate::rust::deps::dry_run::rehearse;
pub(crate) use crate::rust::deps::package_graph::{BuiltPackage, package_graph};
pub(crate) use crate::rust::deps::path_trimming::{DATE, OF_PANICS};
pub(crate) use crate::rust::deps::seed::sealed;
pub(crate) use crate::rust::deps::target_dir::{all_reads, sweep};
pub use crate::rust::deps::update::VersionChange;
pub(crate) use crate::rust::deps::update::{differences, update};
