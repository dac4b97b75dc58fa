//! The options of a run or a build, apart from the script.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

use crate::base::cancel::Cancel;
use crate::base::digest::{Fields, Sink};
use crate::request::debug_options::DebugOptions;
use crate::request::dialect::Dialect;
use crate::request::package_spec::Selection;
use crate::request::revision::Revision;
use crate::request::sandbox_permissions::Permissions;

/// What shapes a build and a run. `Default` is what a script that says nothing gets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Cargo's name of a profile: `release`, `dev`, `quick`, or one the manifest defines.
    pub profile: Option<String>,
    /// A toolchain's name (as rustup has it), or a directory that holds one.
    pub toolchain: Option<String>,
    /// The language, if the script does not say it itself or not so: its name.
    pub language: Option<String>,
    /// The kind of machine the program is for, by rustc's name of it; the compiler's own if `None`.
    pub target: Option<String>,
    /// The Rust edition, before the script's own.
    pub edition: Option<String>,
    /// Dependencies that the script does not name itself, or not so: name and version.
    pub dependencies: Vec<(String, String)>,
    /// Build what tests or measures the script, in place of the script.
    pub harness: Option<Harness>,
    /// Whose rules hold where the script says nothing: for a runner that was called by another tool's name.
    pub dialect: Option<Dialect>,
    /// The directory that relative paths in the metadata are taken from, if that is not the script's own: absolute.
    pub base: Option<PathBuf>,
    /// Whether the program shall need no shared libraries, whatever the script says.
    pub is_static: Option<bool>,
    /// More arguments of the compiler for the script's own crate, in place of those the script gives.
    pub rust_flags: Option<Vec<String>>,
    /// Do not use the network.
    pub offline: bool,
    /// Insist that `SCRIPT.lock` is there and complete.
    pub locked: bool,
    /// Build even if a cached binary would do.
    pub force: bool,
    /// Have rustup install the toolchain that is asked for, if it is missing.
    pub installs: bool,
    /// Do not settle for a provisional build.
    pub optimal: bool,
    /// Leave nothing behind: run from a temporary binary.
    pub temporary: bool,
    /// Build what can be handed on: paths of this machine are kept out of the binary, and a record of the build is in it.
    pub portable: bool,
    /// Which program of a package of a registry, and its features.
    pub selection: Selection,
    /// Leave the names of symbols out of the program.
    pub strip: bool,
    /// What git says of the script, for the record in what is handed on.
    pub revision: Option<Revision>,
    /// Compile without a network and with nothing of the user's files but what a build needs.
    pub sandbox_build: bool,
    /// How much to say on stderr.
    pub verbosity: Verbosity,
    /// What the program may do, if it runs in a sandbox: said by the caller; of a script that was read, by the script and the
    /// configuration.
    pub sandbox: Permissions,
    /// What is shown of a run, and done with it, besides.
    pub debug: DebugOptions,
    /// How long the operation may take, from its beginning; what goes on then is stopped.
    pub deadline: Option<Duration>,
    /// What stops the operation.
    pub cancel: Option<Cancel>,
}

/// What runs the functions marked `#[test]` and `#[bench]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Harness {
    /// Unoptimized and checked, with the development dependencies: cargo's profile `test`.
    Test,
    /// Optimized, with a nightly toolchain if none is asked for, as only that one measures: cargo's profile `bench`.
    Bench,
}

impl Harness {
    /// The profile it is built in if none is asked for.
    pub(crate) fn profile(self) -> &'static str {
        match self {
            Harness::Test => "test",
            Harness::Bench => "bench",
        }
    }
}

/// How much to say on stderr.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Verbosity {
    /// Errors only: no progress, no warnings of the compiler.
    Quiet,
    /// Progress on a terminal.
    #[default]
    Normal,
    /// What is done and why.
    Verbose,
}

impl Options {
    /// What may change the result, in a launch id.
    pub(crate) fn add_to<S: Sink>(&self, fields: &mut Fields<S>) {
        // Destructured, so that a new option cannot be forgotten here. What is not asked for is not said: a hit hashes it all.
        let Options {
            profile,
            toolchain,
            language,
            target,
            edition,
            dependencies,
            harness,
            dialect,
            base,
            is_static,
            rust_flags,
            offline: _,
            locked,
            force: _,
            installs: _,
            optimal: _,
            temporary: _,
            portable,
            selection,
            strip,
            revision,
            sandbox_build: _,
            verbosity: _,
            sandbox,
            debug: _,
            deadline: _,
            cancel: _,
        } = self;
        fields.push_optional("profile", profile.as_deref().map(str::as_bytes));
        fields.push_optional("toolchain", toolchain.as_deref().map(str::as_bytes));
        fields.push_optional("language", language.as_deref().map(str::as_bytes));
        fields.push_optional("target", target.as_deref().map(str::as_bytes));
        fields.push_optional("edition", edition.as_deref().map(str::as_bytes));
        for (name, version) in dependencies {
            fields.push("dependency", name.as_bytes());
            fields.push("version", version.as_bytes());
        }
        fields.push_optional("harness", harness.map(|harness| harness.profile().as_bytes()));
        fields.push_optional("base", base.as_ref().map(|base| base.as_os_str().as_bytes()));
        fields.push_optional("dialect", dialect.map(|dialect| dialect.as_str().as_bytes()));
        fields.push_optional("static", is_static.map(|is_static| if is_static { &b"1"[..] } else { b"0" }));
        if let Some(flags) = rust_flags {
            fields.push("flags", b"");
            flags.iter().for_each(|flag| fields.push("flag", flag.as_bytes()));
        }
        fields.push_optional("locked", locked.then_some(b""));
        fields.push_optional("portable", portable.then_some(b""));
        selection.add_to(fields);
        // The program is the same, but a trace tells which one it is run in.
        if !sandbox.are_none() {
            sandbox.to_arguments().iter().for_each(|word| fields.push("sandbox", word.as_bytes()));
        }
        fields.push_optional("strip", strip.then_some(b""));
        if let Some(revision) = revision {
            fields.push("revision", revision.to_string().as_bytes());
        }
    }

    /// These options, where they say nothing those of `weaker`.
    pub(crate) fn or(&self, weaker: &Options) -> Options {
        Options {
            profile: self.profile.clone().or_else(|| weaker.profile.clone()),
            toolchain: self.toolchain.clone().or_else(|| weaker.toolchain.clone()),
            language: self.language.clone().or_else(|| weaker.language.clone()),
            target: self.target.clone().or_else(|| weaker.target.clone()),
            edition: self.edition.clone().or_else(|| weaker.edition.clone()),
            dependencies: self.dependencies.clone(),
            harness: self.harness.or(weaker.harness),
            dialect: self.dialect.or(weaker.dialect),
            base: self.base.clone(),
            is_static: self.is_static.or(weaker.is_static),
            rust_flags: self.rust_flags.clone().or_else(|| weaker.rust_flags.clone()),
            offline: self.offline || weaker.offline,
            locked: self.locked || weaker.locked,
            force: self.force,
            installs: self.installs,
            optimal: self.optimal,
            temporary: self.temporary || weaker.temporary,
            portable: self.portable,
            selection: self.selection.or(&weaker.selection),
            strip: self.strip || weaker.strip,
            revision: self.revision.clone(),
            sandbox_build: self.sandbox_build || weaker.sandbox_build,
            verbosity: self.verbosity,
            sandbox: self.sandbox.clone(),
            debug: self.debug.clone(),
            deadline: self.deadline,
            cancel: self.cancel.clone(),
        }
    }
}
