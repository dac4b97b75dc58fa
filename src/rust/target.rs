//! The target of a build, where it is not the compiler's own machine.
//!
//! Asked for with `--target T`, else by `build.target` in cargo's configuration. A target that is the compiler's host is no
//! target: the same build, under the same id. For any other the compiler must have the standard library beside it, which
//! it is asked for once (`rustc --print target-libdir`), and a linker must be there: see [`crate::rust::linker`].

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::process::task::Task;
use crate::rust::toolchain::{Toolchain, remembered};
use crate::store::cache::Cache;
use crate::store::file_digest::Names;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// A kind of machine that is not the compiler's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// As rustc calls it: `aarch64-unknown-linux-gnu`.
    pub(crate) name: String,
    /// What its being there rests on.
    pub(crate) checks: Vec<Check<'static>>,
}

impl Target {
    /// The target that is asked for; `None` if that is the compiler's own machine.
    ///
    /// # Errors
    /// [`Step::Arguments`] if it is the name of nothing, [`Step::Toolchain`], 127, if the compiler has no standard library
    /// for it.
    pub(crate) fn find(
        wanted: Option<&str>,
        toolchain: &Toolchain,
        environment: &Environment,
        cache: &Cache,
    ) -> Result<Option<Target>> {
        let Some(wanted) = wanted else { return Ok(None) };
        if !is_name(wanted) {
            let text = format!("`{}` is not the name of a target", wanted.escape_debug());
            return Err(Error::message(Step::Arguments, text).hint("for example `aarch64-unknown-linux-gnu`"));
        }
        if wanted == toolchain.version.host {
            return Ok(None);
        }
        let since = Moment::now();
        let directory = library_directory(wanted, toolchain, environment, cache)?;
        if !has_core(&directory) {
            let version = toolchain.short_version();
            let text = format!("{version} has no standard library for `{wanted}`");
            return Err(Error::message(Step::Toolchain, text).not_found().hint(how_to_add(
                wanted,
                toolchain,
                environment,
            )));
        }
        let check = Check::directory(&directory, Names::All, since).map_err(|error| {
            let what = format!("failed to read `{}`", directory.display());
            Error::new(Step::Toolchain, anyhow::Error::new(error).context(what))
        })?;
        Ok(Some(Target { name: wanted.to_owned(), checks: vec![check.tool()] }))
    }
}

/// Where a compiler has the standard library for a kind of machine.
///
/// # Errors
/// [`Step::Arguments`] if it knows none of that name.
pub(crate) fn library_directory(
    machine: &str,
    toolchain: &Toolchain,
    environment: &Environment,
    cache: &Cache,
) -> Result<PathBuf> {
    let question = format!("target-libdir {machine}");
    let ask = || ask_library_directory(machine, &toolchain.rustc, environment);
    let (_, answer) =
        remembered(&toolchain.rustc, &question, Vec::new, ask, environment, cache, Moment::now())?;
    Ok(PathBuf::from(answer))
}

/// Cargo's name of a variable for a target: `CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER`.
pub(crate) fn variable(target: &str, suffix: &str) -> String {
    format!("CARGO_TARGET_{}_{suffix}", target.to_ascii_uppercase().replace(['-', '.'], "_"))
}

fn is_name(text: &str) -> bool {
    let is_name_character = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !text.is_empty() && !text.starts_with(['-', '.']) && text.chars().all(is_name_character)
}

fn has_core(directory: &Path) -> bool {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name()).any(|name| {
        let name = name.to_string_lossy();
        name.starts_with("libcore-") || name.starts_with("libstd-")
    })
}

/// Where the compiler looks for the standard library of a target, whether or not it is there.
fn ask_library_directory(target: &str, rustc: &Path, environment: &Environment) -> Result<String> {
    let mut command = Command::new(rustc);
    command.args(["--print", "target-libdir", "--target", target]);
    command.env_clear().envs(environment.for_compilers()).current_dir("/");
    let output = Task::new(&command, environment.supervision()).output().map_err(|error| {
        let what = format!("cannot run `{}`", rustc.display());
        Error::new(Step::Toolchain, anyhow::Error::new(error).context(what))
    })?;
    let text = String::from_utf8(output.stdout).unwrap_or_default();
    let directory = text.trim_end_matches('\n');
    if output.status.success() && directory.starts_with('/') {
        return Ok(directory.to_owned());
    }
    let text = format!("`{}` knows no target `{target}`", rustc.display());
    Err(Error::message(Step::Arguments, text).hint("`rustc --print target-list` lists them"))
}

fn how_to_add(target: &str, toolchain: &Toolchain, environment: &Environment) -> String {
    let root = toolchain.rustc.parent().and_then(Path::parent);
    let toolchains = environment.rustup_home().map(|home| home.join("toolchains"));
    let name = root.filter(|root| root.parent() == toolchains.as_deref()).and_then(Path::file_name);
    match name.and_then(|name| name.to_str()) {
        Some(name) => format!("`rustup target add --toolchain {name} {target}`"),
        None => format!(
            "`rustup target add {target}` with a toolchain of rustup's, or your system's package of it"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_named_as_cargo_does() {
        assert_eq!(
            variable("thumbv8m.main-none-eabi", "RUNNER"),
            "CARGO_TARGET_THUMBV8M_MAIN_NONE_EABI_RUNNER"
        );
    }

    #[test]
    fn what_is_no_name_never_reaches_the_compiler() {
        for text in ["", "-C", "a b", "../x.json", "/x", ".x", "a\nb", "é"] {
            assert!(!is_name(text), "{text}");
        }
        assert!(is_name("thumbv8m.main-none-eabi"));
    }
}
