//! The environment: variables, the directories they choose, and the policy of what a compiler sees of them.
//!
//! Variables are asked for by name and never read elsewhere, so that whatever shapes a result can be recorded in a
//! trace. The policy, in one place:
//!
//! - **Passed on** to compilers, build scripts and proc macros: everything not named below. What they say they read
//!   (`env!`, `option_env!`, `cargo:rerun-if-env-changed`) becomes part of the trace.
//! - **Dropped**: what would let the caller's project into the script's build ([`DROPPED`], [`DROPPED_PREFIXES`]):
//!   target directories and targets, profile overrides, wrappers of ours, a surrounding cargo's or make's own variables.
//! - **Part of the trace** of every Rust script: [`TRACED`], which change what the compiler or cargo does.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::base::error::{Error, Result, Step};
use crate::base::order;
use crate::base::policy::{Policy, refusal};
use crate::base::rule::Rule;
use crate::base::supervision::Supervision;

/// Variables that would leak the caller's project into a build.
const DROPPED: &[&str] = &[
    "CARGO",
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_BUILD_BUILD_DIR",
    "CARGO_INCREMENTAL",
    "CARGO_BUILD_INCREMENTAL",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTC",
    "CARGO_BUILD_JOBS",
    "CARGO_MAKEFLAGS",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "CARGO_MANIFEST_LINKS",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_CRATE_NAME",
    "CARGO_BIN_NAME",
    "CARGO_RUSTC_CURRENT_DIR",
    "CARGO_TARGET_TMPDIR",
    "CARGO_UNSTABLE_TARGET_APPLIES_TO_HOST",
    "MAKEFLAGS",
    "MFLAGS",
    // Where the caller stands is no input; shells look whether that is where they are.
    "PWD",
    "OLDPWD",
    "MAKELEVEL",
    "OUT_DIR",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC",
    "RUSTDOC",
    "RUSTUP_TOOLCHAIN",
    "RUSTUP_FORCE_ARG0",
    "RUST_RECURSION_COUNT",
    "RUNNER_SCRIPT",
    "RUNNER_WATCH",
    "__CARGO_DEFAULT_LIB_METADATA",
];

/// Families of such variables.
const DROPPED_PREFIXES: &[&str] = &["CARGO_PROFILE_", "CARGO_PKG_", "CARGO_CFG_", "CARGO_FEATURE_", "DEP_"];

/// Variables that change what rustc or cargo make of the same input, and so are part of every Rust script's trace.
/// The choice of toolchain is recorded by `toolchain`, a linker and flags named for the host by `recipe`.
pub(crate) const TRACED: &[&str] = &[
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "RUSTC_BOOTSTRAP",
    "CARGO_HOME",
    "HOME",
    "LIBRARY_PATH",
    "LD_RUN_PATH",
    "COMPILER_PATH",
    "GCC_EXEC_PREFIX",
    "CCC_OVERRIDE_OPTIONS",
    "GNUTARGET",
    "LDEMULATION",
    "SDKROOT",
    "MACOSX_DEPLOYMENT_TARGET",
];

/// What runner sees of the process that called it.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    variables: Variables,
    /// `None`: what stderr is, asked only when something is to be shown.
    terminal: Option<bool>,
    /// Whether messages have colors, whatever the variables and the streams say.
    color: Option<bool>,
    /// Whether programs that a script names by their paths may be run.
    runs_named_programs: bool,
    /// What scripts may ask of their builds, if there is anything that they may not.
    policy: Option<Arc<Policy>>,
    /// What may stop the children that are given this environment, and their limits.
    supervision: Supervision,
    /// The cache, if no variable decides.
    cache: Option<PathBuf>,
    /// What relative paths are taken from, if not from the working directory of the process.
    directory: Option<PathBuf>,
}

#[derive(Debug, Clone)]
enum Variables {
    Process,
    /// By name.
    Fixed(Vec<(OsString, OsString)>),
}

impl Variables {
    /// Of two of one name the later counts.
    fn of(mut variables: Vec<(OsString, OsString)>) -> Variables {
        variables.reverse();
        order::sort_by(&mut variables, |one, two| one.0.cmp(&two.0));
        variables.dedup_by(|one, two| one.0 == two.0);
        Variables::Fixed(variables)
    }
}

impl Environment {
    /// The environment of this process; what stderr is decides about progress and color.
    pub(crate) fn process() -> Environment {
        let variables = Variables::Process;
        Environment { variables, terminal: None, ..Environment::fixed([]) }
    }

    /// A fixed set of variables, and no terminal: for programs that embed runner.
    pub(crate) fn fixed(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Environment {
        let variables = Variables::of(variables.into_iter().collect());
        Environment {
            variables,
            terminal: Some(false),
            color: None,
            runs_named_programs: true,
            policy: None,
            supervision: Supervision::default(),
            cache: None,
            directory: None,
        }
    }

    /// Refuses to run what a script names by its path: a compiler (`toolchain = "/x"`, a call of `/x/gcc` in its head), a tool
    /// that tells flags (`$(x-config --libs)`). What is looked at without being run (`-n`, `why`, `env --script`) is looked
    /// at so. A build may still run what belongs to its dependencies: build scripts and macros.
    pub(crate) fn without_named_programs(mut self) -> Environment {
        self.runs_named_programs = false;
        self
    }

    /// Refuses a program that a script names, where those are not run.
    ///
    /// # Errors
    /// [`Step::Toolchain`].
    pub(crate) fn check_named_program(&self, program: &str) -> Result<()> {
        let program = program.escape_debug();
        if self.policy().is_some_and(|policy| !policy.programs) {
            return Err(refusal(Rule::Program, format_args!("program `{program}`"), None));
        }
        if self.runs_named_programs {
            return Ok(());
        }
        let text = format!("the script names the program `{program}`, which is not run to answer this");
        Err(Error::message(Step::Toolchain, text)
            .hint("if you trust it, name it yourself with `--toolchain`, or run the script once"))
    }

    /// Whether to show progress and colors on stderr.
    pub(crate) fn with_terminal(mut self, terminal: bool) -> Environment {
        self.terminal = Some(terminal);
        self
    }

    /// The same with other variables.
    pub(crate) fn with_variables(self, variables: Vec<(OsString, OsString)>) -> Environment {
        Environment { variables: Variables::of(variables), ..self }
    }

    /// The same with a cache that no variable decides.
    pub(crate) fn with_cache(self, cache: PathBuf) -> Environment {
        Environment { cache: Some(cache), ..self }
    }

    /// The same with another directory that relative paths are taken from.
    pub(crate) fn within(self, directory: PathBuf) -> Environment {
        Environment { directory: Some(directory), ..self }
    }

    /// A path made absolute against the directory of this environment, without asking the file system.
    pub(crate) fn absolute(&self, path: PathBuf) -> PathBuf {
        match &self.directory {
            Some(directory) => directory.join(path),
            None => absolute(path),
        }
    }

    /// A path as it is, if that is relative to the working directory of the process; else absolute.
    pub(crate) fn absolute_of_other(&self, path: PathBuf) -> PathBuf {
        match &self.directory {
            Some(directory) => directory.join(path),
            None => path,
        }
    }

    /// The variables of a program that is executed, unless they are those of the process.
    pub(crate) fn fixed_variables(&self) -> Option<&[(OsString, OsString)]> {
        match &self.variables {
            Variables::Process => None,
            Variables::Fixed(variables) => Some(variables),
        }
    }

    /// The same with a policy.
    pub(crate) fn with_policy(self, policy: Policy) -> Environment {
        Environment { policy: (policy != Policy::trusting()).then(|| Arc::new(policy)), ..self }
    }

    /// What scripts may ask of their builds, if there is anything that they may not.
    pub(crate) fn policy(&self) -> Option<&Policy> {
        self.policy.as_deref()
    }

    /// The same, supervised.
    pub(crate) fn supervised(self, supervision: Supervision) -> Environment {
        Environment { supervision, ..self }
    }

    /// What may stop the children that are given this environment, and their limits.
    pub(crate) fn supervision(&self) -> &Supervision {
        &self.supervision
    }

    /// The same with a home for cargo in `place`; `None` if there is no need. There is for root with another user's HOME
    /// (`sudo`), so that nothing of root's is left in that user's, and nothing the user could have put there is run as root;
    /// and for whoever has no home, or one that cannot be written to.
    pub(crate) fn with_usable_cargo_home(&self, place: &Path) -> Option<Environment> {
        if self.has_usable_cargo_home() {
            return None;
        }
        let mut variables = self.all();
        variables.push(("CARGO_HOME".into(), place.join("cargo").into()));
        Some(Environment { variables: Variables::of(variables), ..self.clone() })
    }

    fn has_usable_cargo_home(&self) -> bool {
        let Some(home) = self.cargo_home() else { return false };
        let there = |path: &'_ Path| Some((path.to_owned(), std::fs::metadata(path).ok()?));
        let Some((nearest, metadata)) = home.ancestors().find_map(there) else { return false };
        if rustix::process::geteuid().is_root() && metadata.uid() != 0 {
            return false;
        }
        // Cargo makes what is not there. One that is only to be read is of use if there is something in it. Root may write
        // everywhere, but nobody makes a directory in `/proc`, which says so by its mode.
        let may_write = metadata.mode() & 0o222 != 0
            && rustix::fs::access(&nearest, rustix::fs::Access::WRITE_OK).is_ok();
        metadata.is_dir() && may_write || home.join("registry").is_dir()
    }

    /// The same with a variable of another value.
    pub(crate) fn with(&self, name: &str, value: impl Into<OsString>) -> Environment {
        let mut variables = self.all();
        variables.push((name.into(), value.into()));
        let variables = Variables::of(variables);
        Environment { variables, terminal: Some(self.is_terminal()), ..self.clone() }
    }

    /// Whether a person looks at the standard error.
    #[allow(clippy::disallowed_methods)] // This is the one place that looks at the streams; nothing is written.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal.unwrap_or_else(|| std::io::IsTerminal::is_terminal(&std::io::stderr()))
    }

    /// Whether a person looks at the standard output.
    #[allow(clippy::disallowed_methods)]
    pub(crate) fn is_output_terminal(&self) -> bool {
        self.terminal != Some(false) && std::io::IsTerminal::is_terminal(&std::io::stdout())
    }

    /// The same with colors in messages, or without, whatever else would decide.
    pub(crate) fn with_color(mut self, is_colored: bool) -> Environment {
        self.color = Some(is_colored);
        self
    }

    /// Whether messages on the standard error have colors.
    pub(crate) fn has_color(&self) -> bool {
        self.colors(|| self.is_terminal())
    }

    /// Whether what is printed on the standard output has colors.
    pub(crate) fn has_output_color(&self) -> bool {
        self.colors(|| self.is_output_terminal())
    }

    /// What was asked for, else what the variables say that other tools heed: <https://no-color.org>,
    /// <https://bixense.com/clicolors>, cargo's, and a terminal that can do nothing.
    fn colors(&self, is_terminal: impl FnOnce() -> bool) -> bool {
        let is = |name: &str, value: &str| self.set(name).is_some_and(|set| set == value);
        if let Some(color) = self.color {
            return color;
        }
        if self.set("NO_COLOR").is_some() || is("CARGO_TERM_COLOR", "never") {
            return false;
        }
        if self.set("CLICOLOR_FORCE").is_some_and(|value| value != "0") || is("CARGO_TERM_COLOR", "always") {
            return true;
        }
        !is("TERM", "dumb") && !is("CLICOLOR", "0") && is_terminal()
    }

    /// Columns of the terminal that the standard error is, if it is one.
    #[allow(clippy::disallowed_methods)]
    pub(crate) fn terminal_columns(&self) -> Option<usize> {
        const FEWEST: usize = 20;
        const USUAL: usize = 80;
        self.is_terminal().then(|| {
            let size = rustix::termios::tcgetwinsize(std::io::stderr()).ok();
            size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns >= FEWEST).unwrap_or(USUAL)
        })
    }

    /// The value of a variable, or `None` if it is unset.
    #[allow(clippy::disallowed_methods)] // This is the one place.
    pub(crate) fn variable(&self, name: impl AsRef<OsStr>) -> Option<OsString> {
        match &self.variables {
            Variables::Process => std::env::var_os(name),
            Variables::Fixed(variables) => {
                let found = variables.iter().find(|(known, _)| known == name.as_ref());
                found.map(|(_, value)| value.clone())
            }
        }
    }

    /// The value of a variable that is set and not empty.
    pub(crate) fn set(&self, name: &str) -> Option<OsString> {
        self.variable(name).filter(|value| !value.is_empty())
    }

    /// Every variable. Of two of one name the first counts, which is the one that [`Environment::variable`] gives.
    pub(crate) fn all(&self) -> Vec<(OsString, OsString)> {
        match &self.variables {
            Variables::Process => {
                let mut seen = BTreeSet::new();
                std::env::vars_os().filter(|(name, _)| seen.insert(name.clone())).collect()
            }
            Variables::Fixed(variables) => variables.clone(),
        }
    }

    /// What a compiler is given: everything but what is dropped, and what the host's policy keeps from it.
    pub(crate) fn for_compilers(&self) -> Vec<(OsString, OsString)> {
        let is_allowed = |name: &OsStr| {
            self.policy().is_none_or(|policy| {
                name.to_str().is_some_and(|name| TRACED.contains(&name) || policy.passes_on(name))
            })
        };
        self.all().into_iter().filter(|(name, _)| !is_dropped(name) && is_allowed(name)).collect()
    }

    /// The executable file that a search of PATH finds. Directories that are not absolute are passed over: what they
    /// hold depends on where the caller stands.
    pub(crate) fn find_command(&self, name: &OsStr) -> Option<PathBuf> {
        let path = self.variable("PATH")?;
        std::env::split_paths(&path)
            .filter(|directory| directory.is_absolute())
            .map(|directory| directory.join(name))
            .find(|path| is_executable(path))
    }

    /// The user's home directory.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        match (self.set("HOME"), &self.variables) {
            (Some(home), _) => Some(PathBuf::from(home)),
            (None, Variables::Process) => dirs::home_dir(),
            (None, Variables::Fixed(_)) => None,
        }
    }

    /// Where the cache is, before anybody asked whether it can be used: `$RUNNER_CACHE`, else `runner` in the user's
    /// cache directory. `None` if there is neither.
    pub(crate) fn cache_directory(&self) -> Option<PathBuf> {
        if let Some(cache) = &self.cache {
            return Some(self.absolute(cache.clone()));
        }
        if let Some(path) = self.set("RUNNER_CACHE") {
            return Some(without_parents(&self.absolute(PathBuf::from(path))));
        }
        let cache = match &self.variables {
            Variables::Process => dirs::cache_dir(),
            Variables::Fixed(_) => match self.set("XDG_CACHE_HOME").map(PathBuf::from) {
                Some(path) if path.is_absolute() => Some(path),
                _ => self.home().map(|home| home.join(".cache")),
            },
        };
        Some(without_parents(&cache.filter(|path| path.is_absolute())?.join("runner")))
    }

    /// Where promoted executables go: `$RUNNER_BIN`, else the user's directory for executables.
    pub(crate) fn executable_directory(&self) -> Option<PathBuf> {
        if let Some(path) = self.set("RUNNER_BIN") {
            return Some(self.absolute(PathBuf::from(path)));
        }
        let directory = match &self.variables {
            Variables::Process => dirs::executable_dir(),
            Variables::Fixed(_) => self.set("XDG_BIN_HOME").map(PathBuf::from),
        };
        directory.filter(|path| path.is_absolute()).or_else(|| Some(self.home()?.join(".local/bin")))
    }

    /// Where what must outlive the cache is kept: receipts.
    pub(crate) fn data_directory(&self) -> Option<PathBuf> {
        let data = match &self.variables {
            Variables::Process => dirs::data_dir(),
            Variables::Fixed(_) => match self.set("XDG_DATA_HOME").map(PathBuf::from) {
                Some(path) if path.is_absolute() => Some(path),
                _ => self.home().map(|home| home.join(".local/share")),
            },
        };
        Some(data.filter(|path| path.is_absolute())?.join("runner"))
    }

    /// `$CARGO_HOME`, else `~/.cargo`.
    pub(crate) fn cargo_home(&self) -> Option<PathBuf> {
        match self.set("CARGO_HOME") {
            Some(path) => Some(self.absolute(PathBuf::from(path))),
            None => Some(self.home()?.join(".cargo")),
        }
    }

    /// `$RUSTUP_HOME`, else `~/.rustup` unless that is [foreign](Environment::foreign_rustup_home).
    pub(crate) fn rustup_home(&self) -> Option<PathBuf> {
        match self.set("RUSTUP_HOME") {
            Some(path) => Some(self.absolute(PathBuf::from(path))),
            None if self.foreign_rustup_home().is_some() => None,
            None => Some(self.home()?.join(".rustup")),
        }
    }

    /// For root with another user's HOME (`sudo`): the `~/.rustup` of that user, with the owner's id. What lies there would
    /// be run as root; whoever wants it says so with `RUSTUP_HOME`.
    pub(crate) fn foreign_rustup_home(&self) -> Option<(PathBuf, u32)> {
        if !rustix::process::geteuid().is_root() || self.set("RUSTUP_HOME").is_some() {
            return None;
        }
        let path = self.home()?.join(".rustup");
        let owners = [std::fs::symlink_metadata(&path), std::fs::metadata(&path)];
        let owner = owners.into_iter().flatten().map(|metadata| metadata.uid()).find(|uid| *uid != 0)?;
        Some((path, owner))
    }

    /// Where temporary files may go.
    pub(crate) fn temporary_directory(&self) -> PathBuf {
        self.set("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), |path| self.absolute(PathBuf::from(path)))
    }
}

/// Whether compilers are not given a variable: what they then say of it says nothing about the caller's.
pub(crate) fn is_dropped(name: &OsStr) -> bool {
    DROPPED.iter().any(|dropped| name == *dropped)
        || DROPPED_PREFIXES.iter().any(|prefix| name.as_bytes().starts_with(prefix.as_bytes()))
}

/// A path made absolute against the working directory, without asking the file system.
pub(crate) fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// A path without `..`: tools that are told of it say it back without, and then it must be the same.
fn without_parents(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                // Above a link is not where the link lies.
                out = std::fs::canonicalize(&out).unwrap_or(out);
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// Whether this process may execute a file.
pub(crate) fn is_executable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok() && path.is_file()
}

#[cfg(test)]
mod tests;
