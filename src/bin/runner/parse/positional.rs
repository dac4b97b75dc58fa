//! What is left of the arguments when the options are gone.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use pico_args::Arguments;
use runner::command_line::flags::{self, EXPRESSION, FLAGS, Flag};
use runner::command_line::usage_error;
use runner::{Error, Options, Result};

use crate::commands;
use crate::parse::values::from_here;

/// What is left must be words: no option may be unknown. `options` take a toolchain (`+T`) out of them.
pub(crate) fn words(
    parser: Arguments,
    command: &str,
    mut options: Option<&mut Options>,
) -> Result<Vec<OsString>> {
    let mut words = Vec::new();
    for word in parser.finish() {
        match (word.as_bytes(), &mut options) {
            ([b'+', toolchain @ ..], Some(options)) => {
                let toolchain = std::str::from_utf8(toolchain).ok().filter(|name| !name.is_empty());
                let toolchain = toolchain.ok_or_else(|| {
                    usage_error(format!("`{}` does not name a toolchain", word.to_string_lossy()))
                        .with_hint("for example `+nightly`")
                })?;
                if let Some(other) = options.toolchain.replace(from_here(toolchain.to_owned())) {
                    return Err(usage_error(format!(
                        "two toolchains are asked for, `{other}` and `{toolchain}`"
                    ))
                    .with_hint("give one of them"));
                }
            }
            (b"-", _) => words.push(word),
            ([b'-', ..], _) => return Err(unknown_option(&word, command)),
            _ => words.push(word),
        }
    }
    Ok(words)
}

/// What is said of an option that is left over: it is another command's, or takes no value, or was meant otherwise.
fn unknown_option(option: &OsStr, command: &str) -> Error {
    let shown = option.to_string_lossy();
    let name = shown.split('=').next().unwrap_or_default();
    let (help, command) = match command {
        "runner" | "run" => ("runner --help".to_owned(), "run"),
        _ => (format!("runner help {command}"), command),
    };
    if flags::named(name).any(|flag| commands::takes(command, flag)) {
        // It was taken as often as it may be given, or takes no value.
        let what = if name == shown { "is given twice" } else { "takes no value" };
        return usage_error(format!("`{name}` {what}")).with_hint(format!("`{help}`"));
    }
    let shown_flags = || flags::named(name).filter(|flag| flag.is_shown());
    let owners: Vec<String> = shown_flags()
        .flat_map(|flag| flag.owners().iter().copied().filter(|owner| commands::is_command(owner)))
        .map(|owner| format!("`{owner}`"))
        .collect();
    if !owners.is_empty() {
        let hint = format!("it is for {}; `{help}` lists the others", owners.join(", "));
        return usage_error(format!("`{name}` is not an option of `{command}`")).with_hint(hint);
    }
    if let Some(flag) = shown_flags().next() {
        let help = if flag.is_of(EXPRESSION) { "runner help expr" } else { &help };
        return usage_error(format!("`{name}` is not an option of `{command}`"))
            .with_hint(format!("`{help}`"));
    }
    let error = usage_error(format!("unknown option `{shown}`"));
    if let Some(name) = name.strip_prefix("--").filter(|name| commands::is_command(name)) {
        return error.with_hint(format!("there is a subcommand `{name}`: `runner help {name}`"));
    }
    // The command's own before the others'.
    let similar = |is_own: bool| {
        let flags =
            FLAGS.iter().filter(move |flag| flag.is_shown() && commands::takes(command, flag) == is_own);
        flags
            .flat_map(Flag::names)
            .find(|known| known.starts_with("--") && runner::command_line::is_similar(known, name))
    };
    match similar(true).or_else(|| similar(false)) {
        Some(known) => error.with_hint(format!("did you mean `{known}`? `{help}` lists the options")),
        None if command == "run" => {
            error.with_hint("`runner --help` lists the options; those of the script go after it")
        }
        None => error.with_hint(format!("`{help}` lists the options")),
    }
}

/// Refuses further words.
pub(crate) fn no_more(list: impl IntoIterator<Item = OsString>, command: &str) -> Result<()> {
    match list.into_iter().next() {
        None => Ok(()),
        Some(word) => Err(usage_error(format!("unexpected argument `{}`", word.to_string_lossy()))
            .with_hint(format!("`runner help {command}`"))),
    }
}
