//! The interface of compiler drivers: how a kind of compiler is called, and how it reports what it read.
//!
//! There are four: [`c`] for C and C++, [`go`] for the go command, [`template`] for the compilers of the table and of
//! configuration files, and [`scriptisto`] for scripts whose header has a build command.
//!
//! [`c`]: crate::languages::c
//! [`go`]: crate::languages::go
//! [`template`]: crate::languages::template
//! [`scriptisto`]: crate::languages::scriptisto

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use crate::base::error::{Error, Result};
use crate::build::backend::Host;
use crate::languages::compilation::Compilation;
use crate::languages::inputs::Inputs;
use crate::languages::metadata::Head;
use crate::languages::source::Source;
use crate::process::observe::observed::Observed;
use crate::process::observe::policy::Links;
use crate::process::running::Running;

/// A kind of compiler, found and ready to be called.
pub(crate) trait Driver: Debug {
    /// The flags among the words of the script's own compiler call: not what it compiles, and not where to.
    fn flags(&self, head: &Head, words: Vec<String>) -> Vec<String>;

    /// Writes what the compiler needs into staging, and says how the compiler is called.
    fn call(&self, build: Build<'_>) -> Result<Call>;

    /// What the compiler reports that it read, once it has made a program, where it is not observed. `query` is the one that
    /// [`Call::query`] started.
    fn reported_inputs(&self, build: Build<'_>, call: &Call, query: Option<Running>) -> Result<Inputs>;

    /// The same call once more, made so that nothing is taken from a cache of the compiler's own that hides what was read for it;
    /// `None` if nothing was hidden.
    fn again(&self, _build: Build<'_>, _call: &Call, _observed: &Observed) -> Result<Option<Command>> {
        Ok(None)
    }

    /// Makes what the compiler made the program, and says what was read for that besides by us.
    fn complete(&self, _build: Build<'_>, _call: &mut Call) -> Result<Inputs> {
        Ok(Inputs::default())
    }

    /// Whether it names inputs (see [`Driver::complete`]) that nobody is seen to read.
    fn names_inputs(&self) -> bool {
        false
    }

    /// Directories of the compiler's own, whose content is no input.
    fn own_directories(&self, _build: Build<'_>) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Directories whose content never changes while it is there.
    fn constant_directories(&self, _build: Build<'_>) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Whether links that the compiler reads are looks: not where it looks at each path as it is spelled too.
    fn links(&self, _build: Build<'_>) -> Links {
        Links::Seen
    }

    /// Turns a call into that of `runner check`: with more warnings, and without a program where the compiler can do so.
    fn for_check(&self, _call: &mut Call) {}

    /// Advice on a failure.
    fn hint(&self, _build: Build<'_>, _call: &Call, _messages: &str, _status: ExitStatus) -> Option<String> {
        None
    }

    /// The subject of `… failed`.
    fn name<'c>(&self, compilation: &'c Compilation<'_>) -> &'c str {
        compilation.compiler.name()
    }
}

/// One call of a compiler.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) command: Command,
    /// Its standard input.
    pub(crate) input: Option<PathBuf>,
    pub(crate) source: Source,
    /// The program that it makes.
    pub(crate) output: PathBuf,
    /// A question to the compiler, asked while it compiles.
    pub(crate) query: Option<Command>,
    /// Texts in its messages, and their replacements.
    pub(crate) renames: Vec<(String, String)>,
}

/// A compilation in its staging directory.
#[derive(Clone, Copy)]
pub(crate) struct Build<'a> {
    pub(crate) compilation: &'a Compilation<'a>,
    pub(crate) staging: &'a Path,
    pub(crate) host: Host<'a>,
    /// Whether the compiler is observed, and need not report what it reads.
    pub(crate) is_observed: bool,
}

impl Build<'_> {
    /// A command in the script's directory with the variables of its language.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let base = self.compilation.base();
        let mut command = Command::new(program);
        command.env_clear().envs(self.compilation.variables.given(self.host.environment));
        command.current_dir(if base.is_dir() { base } else { Path::new("/") });
        command
    }

    /// The error of a write to the cache.
    pub(crate) fn unusable(&self, error: std::io::Error) -> Error {
        self.host.cache.unusable("cannot write to", error)
    }

    /// The file in staging that the compiler's report of what it read goes to.
    pub(crate) fn report(&self) -> PathBuf {
        self.staging.join("read")
    }
}
