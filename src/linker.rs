//! Linkers: which one a call of rustc names, as an input.
//!
//! The last `-C linker=…` counts, wherever it comes from: a variable, flags, cargo's configuration. Without one rustc
//! calls `cc`. What the linker itself reads (libraries, start files, another linker behind it) is the system's, and is
//! not watched.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::cache::Cache;
use crate::check::Check;
use crate::environment::Environment;
use crate::error::{EXIT_NOT_FOUND, Error, Result, Step};
use crate::stamp::Moment;
use crate::toolchain;

/// The checks of the linker that these arguments of rustc name. One that is not there is for rustc to miss.
///
/// # Errors
/// [`Step::Toolchain`], 127, if none is named and there is no `cc`.
pub(crate) fn checks(
    arguments: &[OsString],
    base: &Path,
    environment: &Environment,
    cache: &Cache,
    since: Moment,
) -> Result<Vec<Check<'static>>> {
    let named = named(arguments);
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
                .code(EXIT_NOT_FOUND)
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
}
