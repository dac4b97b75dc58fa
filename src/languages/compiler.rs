//! Finding a compiler: its path, its version, and the facts that this choice depends on.
//!
//! `--toolchain T` names the compiler for languages other than Rust, as a command or an absolute path; else the script's own
//! call of one does, else a variable (`CC`), else the first on PATH of those that the language has. A wrapper that caches or
//! distributes (ccache, distcc) is replaced by the compiler behind it: runner's own cache keeps the program.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::base::environment::{Environment, absolute, is_executable};
use crate::base::error::{Error, Result, Step};
use crate::base::shell_words;
use crate::languages::variables::Variables;
use crate::process::task::{Output, Task};
use crate::rust::toolchain;
use crate::store::cache::Cache;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// Programs that call the compiler in their arguments, or one of their own name further on in PATH.
const WRAPPERS: &[&str] = &["ccache", "sccache", "distcc", "icecc", "cachecc1", "buildcache"];

/// A compiler that was found.
#[derive(Debug, Clone)]
pub(crate) struct Compiler {
    pub(crate) path: PathBuf,
    /// Arguments of its variable: `CC="gcc -m32"`.
    pub(crate) arguments: Vec<OsString>,
    /// Its name and version, for people.
    pub(crate) version: String,
    /// Everything the choice depended on.
    pub(crate) checks: Vec<Check<'static>>,
}

impl Compiler {
    /// The name of its file.
    pub(crate) fn name(&self) -> &str {
        self.path.file_name().and_then(OsStr::to_str).unwrap_or("compiler")
    }
}

/// The search for a compiler.
#[derive(Clone, Copy)]
pub(crate) struct Search<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) cache: &'a Cache,
    pub(crate) since: Moment,
    /// Whether the compiler will be observed: then what stands behind it need not be asked for.
    pub(crate) is_observed: bool,
    /// The variables that compilers are started with.
    pub(crate) variables: &'a Variables,
}

impl Search<'_> {
    /// Finds a compiler by its name or absolute path; `None` if there is none. Adds what was looked for to `checks` either way.
    ///
    /// # Errors
    /// [`Step::Toolchain`] if it cannot be read.
    pub(crate) fn find(&self, name: &str, checks: &mut Vec<Check<'static>>) -> Result<Option<PathBuf>> {
        let path = match name.contains('/') {
            true => Some(PathBuf::from(name)).filter(|path| path.is_absolute() && is_executable(path)),
            false => {
                checks.push(Check::command(name, self.environment).tool());
                self.environment.find_command(OsStr::new(name))
            }
        };
        let Some(path) = path else {
            if name.starts_with('/') {
                checks.push(Check::absent(Path::new(name)).tool());
            }
            return Ok(None);
        };
        let path = match is_wrapper(&path) {
            false => path,
            true => match self.behind(&path) {
                Some(behind) => {
                    // PATH as a whole decides which one that is.
                    checks.push(Check::variable("PATH", self.environment));
                    behind
                }
                None => path,
            },
        };
        checks.extend(self.stamped(&path)?);
        Ok(Some(path))
    }

    /// The checks of a tool's file.
    pub(crate) fn stamped(&self, path: &Path) -> Result<Vec<Check<'static>>> {
        toolchain::tool(path, self.environment, self.cache, self.since)
    }

    /// The compiler of the same name that a wrapper would call.
    fn behind(&self, wrapper: &Path) -> Option<PathBuf> {
        let name = wrapper.file_name()?;
        let path = self.environment.variable("PATH")?;
        std::env::split_paths(&path)
            .filter(|directory| directory.is_absolute())
            .map(|directory| directory.join(name))
            .find(|path| is_executable(path) && !is_wrapper(path))
    }

    /// The output of a tool, remembered until its file changes.
    ///
    /// # Errors
    /// [`Step::Toolchain`] if it cannot be read.
    pub(crate) fn ask(&self, tool: &Path, arguments: &[&str]) -> Result<String> {
        let question = arguments.join("\u{1f}");
        let ask = || {
            let mut command = Command::new(tool);
            command.args(arguments).env_clear().envs(self.variables.given(self.environment)).current_dir("/");
            // A tool that does not know the question can still compile.
            let supervision = self.environment.supervision();
            let output = Task::new(&command, supervision).stderr(Output::Null).output();
            match supervision.stopped() {
                // What was not asked to the end is not to be remembered.
                Some(stop) => Err(Error::new(Step::Toolchain, stop)),
                None => Ok(output
                    .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
                    .unwrap_or_default()),
            }
        };
        // What a shim answers is another's answer.
        if is_script(tool) {
            return ask();
        }
        let (environment, cache) = (self.environment, self.cache);
        let (_, text) =
            toolchain::remembered(tool, &question, Vec::new, ask, environment, cache, self.since)?;
        Ok(text)
    }

    /// The name and version of a tool: the first line of its output.
    pub(crate) fn version(&self, tool: &Path, arguments: &[&str]) -> Result<String> {
        let text = self.ask(tool, arguments)?;
        let name = tool.file_name().unwrap_or_default().to_string_lossy();
        let line = text.lines().map(str::trim).find(|line| !line.is_empty());
        Ok(match line {
            Some(line) if line.starts_with(|c: char| c.is_ascii_digit()) => format!("{name} {line}"),
            Some(line) => line.chars().filter(|c| !c.is_control()).take(80).collect(),
            None => name.into_owned(),
        })
    }
}

/// Whether a program is interpreted: a shim that chooses a version, a wrapper.
fn is_script(tool: &Path) -> bool {
    let mut head = [0; 2];
    let read = std::fs::File::open(tool).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut head));
    read.is_ok() && head == *b"#!"
}

/// Whether a program is a wrapper, or another name of one.
fn is_wrapper(path: &Path) -> bool {
    let real = std::fs::canonicalize(absolute(path.to_owned())).unwrap_or_else(|_| path.to_owned());
    real.file_stem().and_then(OsStr::to_str).is_some_and(|name| WRAPPERS.contains(&name))
}

/// The words of a variable that names a compiler, without the wrappers at its head.
pub(crate) fn words_of(variable: &str) -> Vec<String> {
    let mut words = shell_words::split(variable);
    while words.len() > 1 && words.first().is_some_and(|word| is_wrapper_name(word)) {
        words.remove(0);
    }
    words
}

fn is_wrapper_name(word: &str) -> bool {
    Path::new(word).file_name().and_then(OsStr::to_str).is_some_and(|name| WRAPPERS.contains(&name))
}

/// The error of a compiler that is not installed.
#[cold]
pub(crate) fn missing(name: &str, install: &str) -> Error {
    let text = match name.contains('/') {
        true => format!("there is no compiler at `{name}`"),
        false => format!("`{name}` is not on PATH, and this script needs it to compile"),
    };
    Error::message(Step::Toolchain, text).not_found().hint(install)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_at_the_head_of_a_variable_are_passed_over() {
        for (variable, expected) in [
            ("gcc", "gcc"),
            ("ccache gcc -m32", "gcc -m32"),
            ("/usr/bin/distcc ccache clang", "clang"),
            ("ccache", "ccache"),
            ("'/o p/cc' -x", "/o p/cc -x"),
        ] {
            assert_eq!(words_of(variable).join(" "), expected);
        }
    }
}
