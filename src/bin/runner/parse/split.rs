//! Splits arguments: `#!` lines, options before the script, and `--option=value`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use pico_args::Arguments;
use runner::command_line::{flags, shell_words};

/// A parser of options, to which `--option=value` is `--option value`.
pub(crate) fn parser(arguments: Vec<OsString>) -> Arguments {
    let mut spread = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let bytes = argument.as_bytes();
        let at = bytes.iter().position(|byte| *byte == b'=').unwrap_or(bytes.len());
        let (option, value) = bytes.split_at(at);
        let takes_value = std::str::from_utf8(option).is_ok_and(flags::takes_value);
        match value {
            [b'=', value @ ..] if takes_value => {
                spread.extend([option, value].map(|part| OsStr::from_bytes(part).to_owned()));
            }
            // `--allow-read` alone is `--allow-read ''`.
            [b'=', value @ ..] if may_have_value(option) => {
                let value = if value.is_empty() { b"," } else { value };
                spread.extend([option, value].map(|part| OsStr::from_bytes(part).to_owned()));
            }
            [] if may_have_value(option) => spread.extend([argument, OsString::new()]),
            _ => spread.push(argument),
        }
    }
    Arguments::from_vec(spread)
}

/// Whether a flag may have a value behind an equals sign.
fn may_have_value(option: &[u8]) -> bool {
    let name = std::str::from_utf8(option).unwrap_or_default();
    flags::named(name).any(|flag| flag.optional_value().is_some())
}

/// Splits the one argument that Linux makes of all that follows the interpreter on a `#!` line.
pub(crate) fn split_shebang_argument(arguments: &mut Vec<OsString>) {
    let Some(text) = arguments.first().and_then(|first| first.to_str()) else { return };
    // A program to run it under with its arguments is one word on nobody's `#!` line.
    let is_line = text.starts_with(['-', '+']) && !text.starts_with("--exec=");
    if arguments.len() > 1 && is_line && text.contains([' ', '\t']) {
        let words = shell_words::split(text);
        arguments.splice(0..1, words.into_iter().map(OsString::from));
    }
}

/// Cuts arguments where the options of runner end, at the first word that is neither an option nor an option's value.
/// `--` ends them too: then what follows is a script, whatever it is called.
pub(crate) fn cut(mut arguments: Vec<OsString>) -> (Vec<OsString>, bool, Vec<OsString>) {
    let mut index = 0;
    let mut is_ended = false;
    while let Some(argument) = arguments.get(index) {
        match argument.as_bytes() {
            // `-1` is an expression where one is due.
            b"-" | [b'-', ..] if !is_known(argument) && asks_for_expression(&arguments[..index]) => {
                break;
            }
            b"--" => {
                is_ended = true;
                break;
            }
            b"-" => break,
            [b'-', ..] if argument.to_str().is_some_and(flags::takes_value) => index += 2,
            [b'-' | b'+', ..] => index += 1,
            _ => break,
        }
    }
    let mut rest = arguments.split_off(index.min(arguments.len()));
    if is_ended {
        rest.remove(0);
    }
    (arguments, is_ended, rest)
}

/// Whether a word is an option of runner's, be it with its value.
pub(crate) fn is_known(argument: &OsStr) -> bool {
    let text = argument.to_string_lossy();
    let name = text.split('=').next().unwrap_or_default();
    text == "--" || flags::named(name).next().is_some()
}

/// Whether these options ask for an expression.
pub(crate) fn asks_for_expression(options: &[OsString]) -> bool {
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match option.to_str() {
            Some("-e" | "--expr" | "-l" | "--loop") => return true,
            Some(option) if flags::takes_value(option) => drop(options.next()),
            _ => {}
        }
    }
    false
}
