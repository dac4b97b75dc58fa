//! Values of flags, as the table of flags has them: taken out of the arguments, or an error that shows the flag.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use pico_args::{Arguments, Keys};
use runner::command_line::flags::{self, Flag};
use runner::command_line::usage_error;
use runner::{Error, Options, Result};

/// Takes a flag that sets an option, as often as it may be given.
pub(crate) fn take(parser: &mut Arguments, flag: &Flag, options: &mut Options) -> Result<()> {
    if flag.value().is_none() && flag.optional_value().is_none() {
        return if parser.contains(keys(flag)) { flag.set(options, OsStr::new("")) } else { Ok(()) };
    }
    while let Some(value) = value(parser, flag)? {
        flag.set(options, &value)?;
        if !flag.is_repeatable() {
            break;
        }
    }
    Ok(())
}

/// The value of a flag, as text.
pub(crate) fn text(parser: &mut Arguments, name: &str) -> Result<Option<String>> {
    let Some(flag) = flags::named(name).next() else { return Ok(None) };
    match value(parser, flag)?.map(OsString::into_string) {
        None => Ok(None),
        Some(Ok(text)) => Ok(Some(text)),
        Some(Err(_)) => Err(usage_error(format!("the value of `{name}` is not UTF-8"))),
    }
}

/// The values of a flag that may be given several times, as texts.
pub(crate) fn texts(parser: &mut Arguments, name: &str) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    while let Some(text) = text(parser, name)? {
        texts.push(text);
    }
    Ok(texts)
}

/// The value of a flag, as a path.
pub(crate) fn path(parser: &mut Arguments, name: &str) -> Result<Option<PathBuf>> {
    let Some(flag) = flags::named(name).next() else { return Ok(None) };
    Ok(value(parser, flag)?.map(PathBuf::from))
}

/// A flag's names, as the parser wants them.
fn keys(flag: &Flag) -> Keys {
    let mut names = flag.names();
    match (names.next(), names.next()) {
        (Some(short), Some(long)) => [short, long].into(),
        (Some(name), None) => name.into(),
        _ => "--".into(),
    }
}

fn value(parser: &mut Arguments, flag: &Flag) -> Result<Option<OsString>> {
    let own = |value: &OsStr| -> std::result::Result<OsString, Infallible> { Ok(value.to_owned()) };
    let value = parser.opt_value_from_os_str(keys(flag), own).map_err(|_| needed(flag))?;
    // Words may be none.
    match value {
        Some(value)
            if value.is_empty() && flag.value() != Some("WORDS") && flag.optional_value().is_none() =>
        {
            Err(needed(flag))
        }
        value => Ok(value),
    }
}

#[cold]
fn needed(flag: &Flag) -> Error {
    usage_error(format!("`--{}` needs a value", flag.name))
        .with_hint(format!("`{}`: {}", flag.form, flag.help))
}

/// A toolchain that is a directory is meant from here: the same words elsewhere mean another one.
pub(crate) fn from_here(toolchain: String) -> String {
    match std::path::absolute(&toolchain) {
        Ok(path) if toolchain.contains('/') => path.to_string_lossy().into_owned(),
        _ => toolchain,
    }
}
