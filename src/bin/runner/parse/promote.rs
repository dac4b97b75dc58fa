//! `runner promote --from`, `upgrade` and `rollback` on the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use pico_args::Arguments;
use runner::{DebugOptions, Options, Result, Verbosity, usage_error};

use crate::parse::command::{Command, Moving};
use crate::parse::positional::{no_more, words};

/// What follows `promote --from FILE`. What is built, and how, the file says.
pub(crate) fn from(file: PathBuf, mut parser: Arguments, plain: Vec<OsString>) -> Result<Command> {
    let how = Moving {
        file,
        force: parser.contains("--force"),
        dry_run: parser.contains("--dry-run"),
        quiet: parser.contains(["-q", "--quiet"]),
    };
    no_more(words(parser, "promote", None)?.into_iter().chain(plain), "promote --from")?;
    Ok(Command::PromoteFrom(how))
}

/// What follows the word `rollback`.
pub(crate) fn rollback(mut parser: Arguments, plain: Vec<OsString>) -> Result<Command> {
    let (force, dry_run) = (parser.contains("--force"), parser.contains("--dry-run"));
    let quiet = parser.contains(["-q", "--quiet"]);
    let mut names = words(parser, "rollback", None)?;
    names.extend(plain);
    if names.is_empty() {
        return Err(usage_error("`rollback` needs the name of an installed command")
            .with_hint("`runner list` lists them"));
    }
    Ok(Command::Rollback { names, force, dry_run, quiet })
}

/// What follows the word `upgrade`. What is built, and how, its receipt says; so only these options are left.
pub(crate) fn upgrade(mut parser: Arguments, plain: Vec<OsString>) -> Result<Command> {
    let all = parser.contains("--all");
    let (quiet, verbose) = (parser.contains(["-q", "--quiet"]), parser.contains(["-v", "--verbose"]));
    let debug = DebugOptions { is_dry_run: parser.contains("--dry-run"), ..DebugOptions::default() };
    let options = Options {
        debug,
        force: parser.contains("--force"),
        offline: parser.contains("--offline"),
        verbosity: match (quiet, verbose) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Normal,
        },
        ..Options::default()
    };
    let mut names = words(parser, "upgrade", None)?;
    names.extend(plain);
    if all && !names.is_empty() {
        return Err(usage_error("`--all` and names cannot be used together").with_hint("give one of them"));
    }
    Ok(Command::Upgrade { names, options })
}
