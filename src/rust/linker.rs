//! The linker of a script's program, which is an input of the build.
//!
//! The last `-C linker=…` of a call of rustc counts, wherever it comes from: a variable, flags, cargo's configuration.
//! Without one rustc calls `cc`, which links for this kind of machine only. So for another one, if nobody has said what
//! to use, the cross compiler is found under its conventional name: `aarch64-linux-gnu-gcc`; or the toolchain's own linker
//! where that will do. What the linker itself reads (libraries, start files, another linker behind it) is the system's,
//! and is not watched.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::rust::architecture::gnu_architecture;
use crate::rust::cargo_config::CargoConfig;
use crate::rust::target::{self, Target};
use crate::rust::toolchain;
use crate::store::cache::Cache;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// What is to be said to rustc of the linker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Linker {
    /// Nothing: `cc` is right.
    System,
    /// Nothing: it has been said, or the compiler brings its own.
    Settled,
    /// The conventional one for the target.
    Conventional(String),
    /// The one that is in the toolchain.
    OfToolchain,
    /// For this target there should be one of these.
    Missing { target: String, candidates: Vec<String> },
}

/// The linker for a target, and the checks of what was looked for.
pub(crate) fn choose(
    target: Option<&Target>,
    host: &str,
    config: &CargoConfig,
    environment: &Environment,
) -> (Linker, Vec<Check<'static>>) {
    let Some(Target { name, .. }) = target else { return (Linker::System, Vec::new()) };
    let of_variable = environment.set(&target::variable(name, "LINKER"));
    if of_variable.is_some() || config.may_name_linker(name) || brings_its_own(name) {
        return (Linker::Settled, Vec::new());
    }
    let mut checks = Vec::new();
    let candidates = conventional(name, host);
    for candidate in &candidates {
        checks.push(Check::command(candidate, environment).tool());
        if environment.find_command(OsStr::new(candidate)).is_some() {
            let linker = match candidate.as_str() {
                "cc" => Linker::System,
                _ => Linker::Conventional(candidate.clone()),
            };
            return (linker, checks);
        }
    }
    // With musl the toolchain has all there is to link.
    match name.contains("-linux-musl") {
        true => (Linker::OfToolchain, checks),
        false => (Linker::Missing { target: name.clone(), candidates }, checks),
    }
}

impl Linker {
    /// What rustc has to be told.
    pub(crate) fn named(&self) -> Option<&str> {
        match self {
            Linker::Conventional(name) => Some(name),
            Linker::OfToolchain => Some("rust-lld"),
            Linker::System | Linker::Settled | Linker::Missing { .. } => None,
        }
    }

    /// That it is not there, if so; `variable` could name one.
    pub(crate) fn missing(&self, variable: &str) -> Option<Error> {
        let Linker::Missing { target, candidates } = self else { return None };
        let names: Vec<String> = candidates.iter().map(|name| format!("`{name}`")).collect();
        let is_are = if names.len() == 1 { "is" } else { "are" };
        let (not, names) = (if names.len() == 1 { "not" } else { "neither" }, names.join(" nor "));
        let text = format!("there is no linker for `{target}`: {names} {is_are} {not} on PATH");
        let cure = match package(candidates) {
            Some(package) => {
                format!("`apt-get install {package}` or the like, or name a linker in `{variable}`")
            }
            None => format!("install a compiler for it, or name a linker in `{variable}`"),
        };
        Some(Error::message(Step::Toolchain, text).not_found().hint(cure))
    }
}

/// Whether rustc links for a target without being told how, by a linker of its toolchain or by one that it knows itself.
fn brings_its_own(target: &str) -> bool {
    target.starts_with("wasm") || target.contains("-none") || target.ends_with("-windows-msvc")
}

/// What may link for a target: compilers by the names that Debian and the makers of toolchains give them.
fn conventional(target: &str, host: &str) -> Vec<String> {
    let (architecture, rest) = target.split_once('-').unwrap_or((target, ""));
    let gnu = gnu_architecture(architecture);
    let is_own_architecture = architecture == host.split('-').next().unwrap_or_default();
    if target.ends_with("-windows-gnu") {
        return vec![format!("{gnu}-w64-mingw32-gcc")];
    }
    let Some(environment) = rest.split_once("linux-").map(|(_, environment)| environment) else {
        return vec![format!("{target}-gcc")];
    };
    let mut found = vec![format!("{gnu}-linux-{environment}-gcc")];
    if environment.starts_with("musl") && is_own_architecture {
        // The toolchain brings what is musl's.
        found.push("cc".to_owned());
    }
    found
}

/// Debian's package of the first of these.
fn package(candidates: &[String]) -> Option<String> {
    let first = candidates.first()?.strip_suffix("-gcc")?;
    if let Some(architecture) = first.strip_suffix("-w64-mingw32") {
        return Some(format!("gcc-mingw-w64-{}", architecture.replace('_', "-")));
    }
    let is_gnu = first.contains("-linux-gnu");
    is_gnu.then(|| format!("gcc-{}", first.replace('_', "-")))
}

/// The checks of the linker that these arguments of rustc name, or that `variable` could name; relative paths start at
/// `base`. One that is not there is for rustc to miss.
///
/// # Errors
/// [`Step::Toolchain`], 127, if none is named and there is no `cc`, or none for the target.
pub(crate) fn checks(
    linker: &Linker,
    variable: &str,
    base: &Path,
    arguments: &[OsString],
    environment: &Environment,
    cache: &Cache,
    since: Moment,
) -> Result<Vec<Check<'static>>> {
    let named = named(arguments);
    if named.is_none() {
        match linker.missing(variable) {
            Some(missing) => return Err(missing),
            None if *linker == Linker::Settled => return Ok(Vec::new()),
            None => {}
        }
    }
    let linker = named.unwrap_or(OsStr::new("cc"));
    let mut checks = Vec::new();
    let is_path = linker.as_bytes().contains(&b'/');
    let path = if is_path { Some(base.join(linker)) } else { environment.find_command(linker) };
    if !is_path {
        checks.extend(linker.to_str().map(|name| Check::command(name, environment).tool()));
    }
    match path {
        Some(path) if path.exists() => checks.extend(toolchain::tool(&path, environment, cache, since)?),
        Some(path) => checks.push(Check::absent(&path).tool()),
        None if named.is_some() => {}
        None => {
            return Err(Error::message(Step::Toolchain, "`cc` is not on PATH, and rustc needs it to link")
                .not_found()
                .hint("install a C compiler, for example `apt-get install gcc libc6-dev`"));
        }
    }
    Ok(checks)
}

/// The value of the last `-C linker=VALUE`, in any of its spellings.
pub(crate) fn named(arguments: &[OsString]) -> Option<&OsStr> {
    let mut last = None;
    let mut before = OsStr::new("");
    for argument in arguments {
        let bytes = argument.as_bytes();
        let option = match before == "-C" || before == "--codegen" {
            true => Some(bytes),
            false => bytes.strip_prefix(b"-C").or_else(|| bytes.strip_prefix(b"--codegen=")),
        };
        if let Some(value) = option.and_then(|option| option.strip_prefix(b"linker=")) {
            last = Some(OsStr::from_bytes(value));
        }
        before = argument;
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_linker_counts_however_it_is_spelt() {
        for (arguments, expected) in [
            ("", None),
            ("-C opt-level=3 linker=no", None),
            ("-C linker=a", Some("a")),
            ("-Clinker=a --codegen linker=b", Some("b")),
            ("--codegen=linker=/x/y -C link-arg=z", Some("/x/y")),
        ] {
            let arguments: Vec<OsString> = arguments.split_whitespace().map(OsString::from).collect();
            assert_eq!(named(&arguments), expected.map(OsStr::new), "{arguments:?}");
        }
    }

    #[test]
    fn cross_compilers_are_known_by_their_conventional_names() {
        for (target, expected, debian) in [
            ("aarch64-unknown-linux-gnu", "aarch64-linux-gnu-gcc", Some("gcc-aarch64-linux-gnu")),
            ("armv7-unknown-linux-gnueabihf", "arm-linux-gnueabihf-gcc", Some("gcc-arm-linux-gnueabihf")),
            ("riscv64gc-unknown-linux-gnu", "riscv64-linux-gnu-gcc", Some("gcc-riscv64-linux-gnu")),
            ("i686-unknown-linux-gnu", "i686-linux-gnu-gcc", Some("gcc-i686-linux-gnu")),
            ("aarch64-unknown-linux-musl", "aarch64-linux-musl-gcc", None),
            ("x86_64-unknown-linux-musl", "x86_64-linux-musl-gcc cc", None),
            ("x86_64-pc-windows-gnu", "x86_64-w64-mingw32-gcc", Some("gcc-mingw-w64-x86-64")),
            ("aarch64-apple-darwin", "aarch64-apple-darwin-gcc", None),
        ] {
            let found = conventional(target, "x86_64-unknown-linux-gnu");
            assert_eq!(
                (found.join(" ").as_str(), package(&found).as_deref()),
                (expected, debian),
                "{target}"
            );
        }
    }
}
