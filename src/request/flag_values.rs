//! Values of flags that have a form of their own: how they are taken, and how they are written back.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::base::error::{Result, usage_error};
use crate::base::shell_words;
use crate::request::dialect::Dialect;
use crate::request::options::{Harness, Options, Verbosity};

/// Refuses what cannot be used together, where one of several flags sets an option.
pub(super) fn profile(options: &mut Options, profile: &str) -> Result<()> {
    match options.profile.replace(profile.to_owned()) {
        None => Ok(()),
        Some(_) => Err(usage_error("`--release`, `--debug` and `--profile` cannot be used together")
            .with_hint("give one of them")),
    }
}

pub(super) fn verbosity(options: &mut Options, verbosity: Verbosity) -> Result<()> {
    match std::mem::replace(&mut options.verbosity, verbosity) {
        Verbosity::Normal => Ok(()),
        _ => {
            Err(usage_error("`--quiet` and `--verbose` cannot be used together")
                .with_hint("give one of them"))
        }
    }
}

pub(super) fn freeze(options: &mut Options, _: &OsStr) -> Result<()> {
    (options.offline, options.locked) = (true, true);
    Ok(())
}

/// Adds the dependency that `NAME=VERSION` says, or a name for any version.
///
/// # Errors
/// [`crate::Step::Arguments`] if it says none, or one that is there.
pub fn add_dependency(options: &mut Options, value: &OsStr) -> Result<()> {
    let text = value.to_string_lossy();
    let (name, version) = text.split_once('=').unwrap_or((&text, "*"));
    let (name, version) = (name.trim(), version.trim().trim_matches('"'));
    if name.is_empty() || version.is_empty() {
        return Err(usage_error(format!("`--dep {text}` is not a dependency"))
            .with_hint("for example `--dep regex=1`, or `--dep regex` for any version"));
    }
    if let Some((_, other)) = options.dependencies.iter().find(|(other, _)| other == name) {
        return Err(usage_error(format!("dependency `{name}` is given twice, as `{other}` and `{version}`")));
    }
    options.dependencies.push((name.to_owned(), version.to_owned()));
    Ok(())
}

pub(crate) fn add_features(options: &mut Options, value: &OsStr) -> Result<()> {
    let text = value.to_string_lossy();
    let features = text.split([',', ' ']).filter(|feature| !feature.is_empty());
    options.selection.features.extend(features.map(str::to_owned));
    Ok(())
}

pub(super) fn exec(options: &mut Options, value: &OsStr) -> Result<()> {
    let words = shell_words::split(&value.to_string_lossy());
    if words.first().is_none_or(String::is_empty) {
        return Err(usage_error("`--exec` names no program").with_hint("for example `--exec 'gdb --args'`"));
    }
    options.debug.exec = words;
    Ok(())
}

pub(super) fn base(options: &mut Options, value: &OsStr) -> Result<()> {
    options.base = Some(PathBuf::from(value));
    Ok(())
}

pub(super) fn dialect(options: &mut Options, value: &OsStr) -> Result<()> {
    options.dialect = value.to_str().and_then(Dialect::named);
    Ok(())
}

pub(super) fn harness(options: &mut Options, value: &OsStr) -> Result<()> {
    let all = [Harness::Test, Harness::Bench];
    options.harness = all.into_iter().find(|harness| value == harness.profile());
    Ok(())
}

pub(super) fn compiler_flags(options: &mut Options, value: &OsStr) -> Result<()> {
    options.rust_flags = Some(shell_words::split(&value.to_string_lossy()));
    Ok(())
}

pub(super) fn joined(words: &[String]) -> Vec<OsString> {
    if words.is_empty() { Vec::new() } else { vec![shell_words::join(words).into()] }
}

/// What a switch is written as: itself, without a value.
pub(super) fn switch(is_on: bool) -> Vec<OsString> {
    is_on.then(OsString::new).into_iter().collect()
}

/// A permission of the sandbox; an empty value allows everything of its kind.
pub(super) fn permission(options: &mut Options, name: &str, value: Option<&OsStr>) -> Result<()> {
    let mut word = OsString::from(name);
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        word.push("=");
        word.push(value);
    }
    options.sandbox.take(&word).map(drop)
}

/// The values that such a flag would give these permissions again by.
pub(super) fn permissions(options: &Options, name: &str) -> Vec<OsString> {
    let prefix = format!("{name}=");
    let words = options.sandbox.to_arguments().into_iter();
    words
        .filter_map(|word| {
            let bytes = word.as_encoded_bytes();
            match bytes.strip_prefix(prefix.as_bytes()) {
                Some(value) => Some(OsStr::from_bytes(value).to_owned()),
                None => (word == name).then(OsString::new),
            }
        })
        .collect()
}
