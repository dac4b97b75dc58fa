//! Values: what an option is given, as text or as a path, or an error with an example.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use pico_args::Arguments;
use runner::{Result, usage_error};

/// The value of an option, as text.
pub(crate) fn text(parser: &mut Arguments, name: &'static str) -> Result<Option<String>> {
    match value(parser, Keys::One(name))?.map(OsString::into_string) {
        None => Ok(None),
        Some(Ok(text)) => Ok(Some(text)),
        Some(Err(_)) => Err(usage_error(format!("the value of `{name}` is not UTF-8"))
            .with_hint("`runner --help` tells what it may be")),
    }
}

/// The values of an option that may be given several times, as texts.
pub(crate) fn texts(parser: &mut Arguments, keys: Keys) -> Result<Vec<String>> {
    let own = |value: &OsStr| match value.to_str() {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err("it is not a text"),
    };
    let (values, name) = match keys {
        Keys::One(name) => (parser.values_from_os_str(name, own), name),
        Keys::Two(short, long) => (parser.values_from_os_str([short, long], own), long),
    };
    values.map_err(|_| {
        usage_error(format!("`{name}` needs a value")).with_hint("`runner --help` tells what it may be")
    })
}

/// The value of an option, as a path.
pub(crate) fn path(parser: &mut Arguments, keys: Keys) -> Result<Option<PathBuf>> {
    Ok(value(parser, keys)?.map(PathBuf::from))
}

/// An option's names.
#[derive(Clone, Copy)]
pub(crate) enum Keys {
    One(&'static str),
    /// A short one and a long one.
    Two(&'static str, &'static str),
}

fn value(parser: &mut Arguments, keys: Keys) -> Result<Option<OsString>> {
    let own = |value: &OsStr| -> std::result::Result<OsString, Infallible> { Ok(value.to_owned()) };
    let (value, name) = match keys {
        Keys::One(name) => (parser.opt_value_from_os_str(name, own), name),
        Keys::Two(short, long) => (parser.opt_value_from_os_str([short, long], own), short),
    };
    let needed = || {
        let example = match name {
            "--profile" => "`--profile dev`",
            "--toolchain" => "`--toolchain nightly`",
            "--lang" => "`--lang c`",
            "--target" => "`--target aarch64-unknown-linux-gnu`",
            "--exec" => "`--exec 'gdb --args'`",
            "--edition" => "`--edition 2021`",
            "-b" => "`--base-path DIR`",
            "--name" => "`--name NAME`",
            "--to" => "`--to DIR`",
            "--older" => "`--older 7d`",
            "--max-size" => "`--max-size 2G`",
            _ => "`-o FILE` or `-o DIR/`",
        };
        usage_error(format!("`{name}` needs a value")).with_hint(format!("for example {example}"))
    };
    let value = value.map_err(|_| needed())?;
    if value.as_ref().is_some_and(|value| value.is_empty()) {
        return Err(needed());
    }
    Ok(value)
}
